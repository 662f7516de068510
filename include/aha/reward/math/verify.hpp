// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/compare_collection.hpp>
#include <aha/reward/math/compare_leaf.hpp>
#include <aha/reward/math/compare_relation.hpp>
#include <aha/reward/math/extract.hpp>
#include <aha/reward/math/print.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// What the verifier says of one response.
struct verdict {
  bool equal = false;
  enum status status = status::no_answer;
  enum reason reason = reason::none;
  std::string explanation;  ///< only where `verify_options::explain` asks for it
  std::uint64_t steps = 0;  ///< taken from the budget
  /// As a reward: 1 or 0 with its status and reason.
  [[nodiscard]] reward::outcome outcome() const { return {equal ? 1.0 : 0.0, status, reason}; }
};

namespace detail {

/// The two answers and the reason in one line.
inline void explain(parsed const& gold, parsed const& answer, verdict& v) {
  v.explanation = "gold: " + to_string(gold) + "; answer: " + to_string(answer) + "; " +
                  (v.equal ? "equal" : "different") + ": " + std::string(describe(v.reason));
}

/// Both answers read: mathematics by its trees, words by their normal form.
inline void compare_parsed(parsed const& gold, parsed const& answer, verify_options const& options, budget& steps,
                           verdict& v) {
  v.status = status::scored;
  auto const name = [](parsed const& p) {
    if (p.is_text() || p.sentence) return true;
    enum kind const k = p.kind();
    return k == kind::word || k == kind::symbol || k == kind::text || k == kind::euler || k == kind::imaginary;
  };
  auto const text = [](parsed const& p) { return p.is_text() || p.kind() == kind::text; };
  bool const words = (text(gold) || text(answer)) && name(gold) && name(answer);
  bool const sentences = gold.sentence && answer.sentence && gold.words == answer.words;
  if (words || sentences) {
    v.equal = gold.words == answer.words;
    v.reason = v.equal ? reason::equal_text : reason::different_text;
  } else if (gold.is_text() || answer.is_text()) {
    v.reason = reason::different_kinds;
  } else {
    comparer compare(options, steps);
    v.equal = compare.answers({&gold.tree, gold.tree.root}, {&answer.tree, answer.tree.root});
    v.reason = compare.why;
  }
  if (steps.exhausted()) v.equal = false, v.status = status::budget, v.reason = reason::out_of_steps;
  if (options.explain) explain(gold, answer, v);
}

/// Reads one candidate: its parts in one tree, as a list where there are several.
inline parsed read_candidate(std::string_view text, extraction const& found, candidate const& c,
                             verify_options const& options, budget& steps) {
  parsed result;
  bool const comma = options.parse.decimal_comma && (c.kind == candidate_kind::number || !options.extract.latex);
  auto const part = [&](std::size_t k) {
    text_span const s = found.parts[c.first + k];
    return text.substr(s.begin, s.end - s.begin);
  };
  if (c.count == 1) {
    read_answer(part(0), options.parse, steps, comma, result);
    return result;
  }
  std::vector<std::int32_t> roots;
  for (std::size_t k = 0; k < c.count && !steps.exhausted(); ++k) {
    std::string const words = normal_text(part(k));
    result.words += (k == 0 ? "" : " ") + words;
    std::int32_t root = read_formula(bare(part(k)), result.tree, options.parse, steps, comma);
    if (root < 0) root = result.tree.leaf(kind::text, result.tree.name(words));
    roots.push_back(root);
  }
  result.tree.root = result.tree.make(kind::list, roots);
  result.status = steps.exhausted() ? status::budget : status::scored;
  result.reason = steps.exhausted() ? reason::out_of_steps : reason::none;
  return result;
}

/// Markers that stand for "no answer" in other graders' outputs.
inline bool is_invalid_marker(std::string_view text) {
  text = bare(text);
  return text.size() >= 2 && text.front() == '[' && text.back() == ']' && normal_text(text).substr(0, 7) == "invalid";
}

}  // namespace detail

/// A reference answer, read once for many responses. Empty ones and markers of invalid answers have the status
/// `gold_invalid`: nothing equals them.
class parsed_gold {
 public:
  explicit parsed_gold(std::string_view gold, verify_options const& options = {}) : bytes_(gold.size()) {
    budget steps = options.parse.limit.of(gold.size());
    if (detail::is_invalid_marker(gold)) {
      answer_.status = status::gold_invalid;
      answer_.reason = reason::unreadable_gold;
      return;
    }
    // A gold that is a worked solution ends in a box or a phrase, as a response does.
    extract_options places = options.extract;
    places.choices.clear();
    places.whole_priority = places.formula_priority = places.number_priority = -1;
    places.answer_priority = places.hash_priority = places.several == several::any ? -1 : places.answer_priority;
    places.latex = true;
    extraction const found = extract(gold, places);
    for (candidate const& c : found.candidates) {
      answer_ = detail::read_candidate(gold, found, c, options, steps);
      if (answer_.readable() && !(c.only_if_read && (answer_.is_text() || answer_.sentence))) break;
      answer_ = parsed{};
    }
    bool const empty_box = !found.candidates.empty() && found.candidates[0].kind == candidate_kind::boxed;
    if (!answer_.readable() && !empty_box && !steps.exhausted())
      detail::read_answer(gold, options.parse, steps, false, answer_);
    if (!answer_.readable() && !steps.exhausted()) {
      answer_.status = status::gold_invalid;
      answer_.reason = answer_.words.empty() ? reason::empty_text : reason::unreadable_gold;
    }
    if (steps.exhausted()) answer_.status = status::budget, answer_.reason = reason::out_of_steps;
    answer_.steps = steps.used();
  }
  /// What was read.
  [[nodiscard]] parsed const& answer() const { return answer_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  parsed answer_;
  std::size_t bytes_ = 0;
};

namespace detail {
inline bool unusable(parsed_gold const& gold, verdict& v) {
  if (gold.answer().readable()) return false;
  v.status = gold.answer().status == status::budget ? status::budget : status::gold_invalid;
  v.reason = gold.answer().reason;
  v.steps = gold.answer().steps;
  return true;
}
inline verdict finished(verdict v, budget const& steps) {
  v.steps = steps.used();
  return v;
}
/// Judges a response by its candidates in order; false where none of them can be read.
inline bool decide(parsed_gold const& gold, std::string_view response, extraction const& found,
                   verify_options const& options, budget& steps, verdict& v) {
  v.reason = reason::no_candidate;
  bool decided = false;
  int group = 0;
  bool const one = options.extract.several == several::last || options.extract.several == several::first;
  for (candidate const& c : found.candidates) {
    if (decided && (one || c.priority != group)) break;
    if (c.denied && !decided) {
      v = {};
      v.reason = reason::no_candidate;
      return true;
    }
    text_span const s = c.where;
    if (is_invalid_marker(response.substr(s.begin, s.end - s.begin))) continue;
    parsed const answer = read_candidate(response, found, c, options, steps);
    if (steps.exhausted()) {
      v.equal = false, v.status = status::budget, v.reason = reason::out_of_steps;
      break;
    }
    // All of a response, or all that follows a phrase, counts as text only where nothing in it reads as mathematics.
    bool const same_sentence = answer.sentence == gold.answer().sentence &&
                               (answer.sentence || (answer.is_text() && gold.answer().is_text())) &&
                               answer.words == gold.answer().words;
    if (!answer.readable() || (c.only_if_read && (answer.is_text() || answer.sentence) && !same_sentence)) continue;
    verdict here;
    compare_parsed(gold.answer(), answer, options, steps, here);
    if (!here.equal && one && c.last_alone && gold.answer().kind() != kind::list && gold.answer().kind() != kind::set &&
        here.status == status::scored) {
      candidate last = c;
      ++last.first, last.count = 1;
      compare_parsed(gold.answer(), read_candidate(response, found, last, options, steps), options, steps, here);
    }
    bool const first = !decided;
    decided = true;
    group = c.priority;
    if (first || (options.extract.several == several::any && here.equal))
      v = std::move(here);
    else if (options.extract.several == several::all_agree && v.equal && !here.equal)
      v = std::move(here), v.reason = reason::answers_disagree;
    if (v.status == status::budget || (options.extract.several == several::any && v.equal)) break;
  }
  return decided;
}
}  // namespace detail

/// `verify_answer` for a gold that is read already.
inline verdict verify_answer(parsed_gold const& gold, std::string_view answer, verify_options const& options = {}) {
  verdict v;
  if (detail::unusable(gold, v)) return v;
  budget steps = options.parse.limit.of(answer.size() + gold.bytes());
  steps.charge(gold.answer().steps);
  parsed other;
  if (!detail::is_invalid_marker(answer)) detail::read_answer(answer, options.parse, steps, false, other);
  if (!other.readable()) {
    v.status = other.status;
    v.reason = other.status == status::budget ? other.reason : reason::no_candidate;
    return detail::finished(std::move(v), steps);
  }
  detail::compare_parsed(gold.answer(), other, options, steps, v);
  return detail::finished(std::move(v), steps);
}

/// `verify` for a gold that is read already.
inline verdict verify(parsed_gold const& gold, std::string_view response, verify_options const& options = {}) {
  verdict v;
  if (detail::unusable(gold, v)) return v;
  budget steps = options.parse.limit.of(response.size() + gold.bytes());
  steps.charge(gold.answer().steps);
  steps.charge(response.size() * 4);  // the extractor's passes
  bool decided =
      detail::decide(gold, response, detail::extractor(response, options.extract).run(true), options, steps, v);
  // Boxes and phrases are the cheap half of the search; formulas and numbers follow only where those say nothing.
  if (!decided && !steps.exhausted())
    detail::decide(gold, response, extract(response, options.extract), options, steps, v);
  return detail::finished(std::move(v), steps);
}
/// Whether a response gives the answer `gold`: finds the answer in it, reads both, compares them as mathematics. Never
/// throws on any text, never takes longer than its budget of steps allows; deterministic, without global state.
inline verdict verify(std::string_view gold, std::string_view response, verify_options const& options = {}) {
  return verify(parsed_gold(gold, options), response, options);
}

/// Whether two answers are equal; nothing is extracted from the second.
inline verdict verify_answer(std::string_view gold, std::string_view answer, verify_options const& options = {}) {
  return verify_answer(parsed_gold(gold, options), answer, options);
}

}  // namespace reward::math
AHA_NAMESPACE_END
