// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/boxed.hpp>
#include <aha/reward/math/candidate.hpp>
#include <aha/reward/math/formula_spans.hpp>
#include <aha/reward/math/neighbours.hpp>
#include <aha/reward/math/options.hpp>
#include <aha/reward/math/phrases.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN
namespace reward::math {

namespace detail {

/// Finds candidates. Every search runs once over the window; lists are bounded, so the time is linear.
class extractor {
 public:
  extractor(std::string_view text, extract_options const& options) : text_(text), options_(options) {}

  /// All candidates; with `marked_only` those of boxes and phrases alone, unless another kind comes before them.
  extraction run(bool marked_only = false) {
    window();
    if (!options_.choices.empty()) {
      choices();
      return std::move(found_);
    }
    box_scan boxes;
    if (options_.latex) {
      boxes = scan_boxes(text_, window_);
      window_.end = std::min(window_.end, cut_off_box(text_, window_, boxes));  // the rest of a box that was cut off
    }
    if (options_.latex && options_.boxed_priority >= 0)
      groups(boxed_spans(text_, window_, std::move(boxes)), candidate_kind::boxed, options_.boxed_priority, 40);
    // A box that only "I hope it is correct" could beat.
    bool const boxed_first =
        marked_only && !found_.candidates.empty() && options_.boxed_priority < options_.hash_priority &&
        options_.boxed_priority < options_.final_answer_priority && options_.boxed_priority < options_.answer_priority;
    bool const hope = text_.find("I hope it is correct") != std::string_view::npos;
    if (!boxed_first || hope) marked();
    int best = 1'000'000;
    for (candidate const& c : found_.candidates) best = std::min(best, c.priority);
    auto const before = [best](int priority) { return priority >= 0 && priority < best; };
    bool const skip = marked_only && !before(options_.whole_priority) && !before(options_.formula_priority) &&
                      !before(options_.number_priority);
    if (!skip) unmarked();
    bool const forward = options_.several == several::first;
    std::stable_sort(found_.candidates.begin(), found_.candidates.end(), [&](candidate const& a, candidate const& b) {
      if (a.priority != b.priority) return a.priority < b.priority;
      if (forward) return a.where.begin < b.where.begin;
      return a.where.end != b.where.end ? a.where.end > b.where.end : a.where.begin > b.where.begin;
    });
    return std::move(found_);
  }

 private:
  std::string_view text_;
  extract_options const& options_;
  extraction found_;
  text_span window_;
  static constexpr std::size_t most =
      64;  ///< candidates of one kind: the last ones (the first ones under `several::first`)

  void push(candidate_kind kind, int priority, text_span where, bool only_if_read = false) {
    candidate c;
    c.kind = kind, c.priority = priority, c.where = where, c.first = found_.parts.size(), c.only_if_read = only_if_read;
    found_.parts.push_back(where);
    found_.candidates.push_back(c);
  }
  // Control tokens of a chat end a response; behind them is an echo of a prompt.
  void window() {
    window_ = {0, text_.size()};
    if (text_.find('<') == std::string_view::npos) return;
    constexpr std::size_t npos = std::string_view::npos;
    for (std::size_t at = text_.find("<|"); at != npos; at = text_.find("<|", at + 2)) {
      bool const ends = starts_at(text_, at, "<|im_") || starts_at(text_, at, "<|endoftext") ||
                        starts_at(text_, at, "<|eot_id") || starts_at(text_, at, "<|end");
      if (ends && !trimmed(text_.substr(0, at)).empty()) {
        window_.end = at;
        break;
      }
    }
    std::string_view seen = text_.substr(0, window_.end);
    if (options_.after_think) {
      std::size_t const at = seen.rfind("</think>");
      if (at != npos) window_.begin = at + 8;
      // Reasoning that has not ended holds no answer.
      std::size_t const open = seen.rfind("<think>");
      if (open != npos && open >= window_.begin) window_.end = std::max(window_.begin, open);
      seen = text_.substr(0, window_.end);
    }
    if (options_.answer_tag) {
      std::size_t const open = seen.rfind("<answer>");
      if (open != npos && open >= window_.begin) {
        window_.begin = open + 8;
        std::size_t const close = seen.find("</answer>", window_.begin);
        if (close != npos) window_.end = close;
      }
    }
  }
  std::vector<text_span> inline_formulas() const {
    std::vector<text_span> spans = formula_spans(text_.substr(window_.begin, window_.end - window_.begin));
    std::size_t kept = 0;
    for (text_span s : spans) {
      s.begin += window_.begin, s.end += window_.begin;
      char const before = s.begin > 0 ? text_[s.begin - 1] : ' ';
      bool const display = before == '[' || (before == '$' && s.begin > 1 && text_[s.begin - 2] == '$');
      // A formula inside of a line does not go over its end.
      if (!display && text_.substr(s.begin, s.end - s.begin).find('\n') != std::string_view::npos) continue;
      spans[kept++] = s;
    }
    spans.resize(kept);
    return spans;
  }
  // The whole text, formulas, numbers.
  void unmarked() {
    std::vector<text_span> formulas = inline_formulas();
    if (options_.latex && options_.expression && options_.whole_priority >= 0)
      push(candidate_kind::whole, options_.whole_priority, window_, true);
    if (options_.latex && options_.formula_priority >= 0)
      groups(formulas, candidate_kind::formula, options_.formula_priority, 24);
    if (options_.expression && options_.number_priority >= 0) {
      if (!options_.latex) formulas.clear();
      numbers(formulas);
    }
    if (options_.latex && options_.expression && options_.whole_priority >= 0)
      push(candidate_kind::whole, 1'000'000, window_, false);
  }
  // Neighbours that the text joins become one candidate.
  void groups(std::vector<text_span> const& spans, candidate_kind kind, int priority, std::size_t gap) {
    std::size_t count = 0;
    bool const forward = options_.several == several::first;
    std::vector<candidate> made;
    std::vector<text_span> const& all = spans;
    if (forward) {
      for (std::size_t k = 0; k < all.size() && count < most; ++count) {
        std::size_t last = k;
        while (last + 1 < all.size() && joined(text_, all[last].end, all[last + 1].begin, gap)) ++last;
        add_group(all, k, last, kind, priority);
        k = last + 1;
      }
      return;
    }
    for (std::size_t k = all.size(); k > 0 && count < most; ++count) {
      std::size_t first = k - 1;
      while (first > 0 && joined(text_, all[first - 1].end, all[first].begin, gap)) --first;
      add_group(all, first, k - 1, kind, priority);
      k = first;
    }
  }
  void add_group(std::vector<text_span> const& spans, std::size_t first, std::size_t last, candidate_kind kind,
                 int priority) {
    candidate c;
    c.kind = kind, c.priority = priority, c.where = {spans[first].begin, spans[last].end};
    c.first = found_.parts.size(), c.count = last - first + 1;
    for (std::size_t k = first; k <= last; ++k) found_.parts.push_back(spans[k]);
    c.last_alone = c.count == 2 && joined_by_and(text_.substr(spans[first].end, spans[last].begin - spans[first].end));
    found_.candidates.push_back(c);
  }
  // Phrases and marks: what follows, narrowed to a box, a formula or a number where the words around it do not read.
  void marked() {
    std::vector<phrase_match> found = phrase_matches(text_, window_);
    std::size_t const skip = options_.several == several::first || found.size() <= most ? 0 : found.size() - most;
    for (std::size_t k = skip; k < found.size() && k < skip + most; ++k) {
      phrase_match& m = found[k];
      announce(text_, window_.end, m);
      bool const hash = m.what == phrase::hash, hope = m.hope;
      int const priority = hash                             ? options_.hash_priority
                           : hope                           ? options_.hope_priority
                           : m.what == phrase::final_answer ? options_.final_answer_priority
                                                            : options_.answer_priority;
      if (priority < 0) continue;
      candidate_kind const kind = hash                             ? candidate_kind::hash
                                  : hope                           ? candidate_kind::hope
                                  : m.what == phrase::final_answer ? candidate_kind::final_answer
                                                                   : candidate_kind::answer;
      narrowed(m.where, kind, priority);
    }
  }
  void narrowed(text_span where, candidate_kind kind, int priority) {
    std::string_view const inside = text_.substr(where.begin, where.end - where.begin);
    if (starts_at(inside, 0, "not ")) {  // "the answer is not 4"
      push(kind, priority, where);
      found_.candidates.back().denied = true;
      return;
    }
    if (options_.latex) {
      bool const boxed = options_.boxed_priority >= 0 && options_.boxed_priority <= priority;
      std::vector<text_span> const boxes = boxed ? boxed_spans(text_, where) : std::vector<text_span>{};
      if (!boxes.empty()) {
        std::size_t first = boxes.size() - 1;
        while (first > 0 && joined(text_, boxes[first - 1].end, boxes[first].begin, 40)) --first;
        return add_group(boxes, first, boxes.size() - 1, kind, priority);
      }
      if (options_.expression) push(kind, priority, where, true);
    }
    std::vector<text_span> formulas = options_.latex ? formula_spans(inside) : std::vector<text_span>{};
    for (text_span& s : formulas) s.begin += where.begin, s.end += where.begin;
    text_span number{};
    // "The answer is 18 dollars, not 20": a number right behind the phrase is the answer, with those that it joins.
    if (options_.expression && !inside.empty() &&
        (is_digit(inside[0]) || ((inside[0] == '$' || inside[0] == '-') && inside.size() > 1 && is_digit(inside[1])))) {
      std::vector<text_span> all = plain_numbers(inside);
      for (text_span& s : all) s.begin += where.begin, s.end += where.begin;
      bool const formula = !formulas.empty() && formulas[0].begin <= where.begin + 1;
      if (!all.empty() && !formula) {
        std::size_t last = 0;
        while (last + 1 < all.size() && joined(text_, all[last].end, all[last + 1].begin, 12)) ++last;
        all[last].end = with_percent(text_, all[last].end, where.end);
        return add_group(all, 0, last, kind, priority);
      }
    }
    bool const has_number = options_.expression && last_number(where, formulas, number);
    if (has_number && (formulas.empty() || number.begin > formulas.back().end)) {
      // "any of 1, 2, 3" is a list of three answers, not the last of them.
      std::vector<text_span> all = plain_numbers(inside);
      for (text_span& s : all) s.begin += where.begin, s.end += where.begin;
      if (all.empty() || all.back().begin > number.begin) return push(kind, priority, number);
      all.back() = number;
      std::size_t first = all.size() - 1;
      while (first > 0 && joined(text_, all[first - 1].end, all[first].begin, 12)) --first;
      return add_group(all, first, all.size() - 1, kind, priority);
    }
    if (!formulas.empty()) {
      std::size_t first = formulas.size() - 1;
      while (first > 0 && joined(text_, formulas[first - 1].end, formulas[first].begin, 24)) --first;
      return add_group(formulas, first, formulas.size() - 1, kind, priority);
    }
    if (options_.latex && options_.expression) push(kind, priority, where);
  }
  // The last number of a range that is in none of the formulas, with its percent sign.
  bool last_number(text_span where, std::vector<text_span> const& formulas, text_span& number) const {
    std::vector<text_span> const all = plain_numbers(text_.substr(where.begin, where.end - where.begin));
    std::size_t f = formulas.size();
    for (std::size_t k = all.size(); k-- > 0;) {
      text_span s{all[k].begin + where.begin, all[k].end + where.begin};
      while (f > 0 && formulas[f - 1].begin > s.begin) --f;
      if (f > 0 && s.begin < formulas[f - 1].end) continue;
      s.end = with_percent(text_, s.end, where.end);
      number = s;
      return true;
    }
    return false;
  }
  void numbers(std::vector<text_span> const& formulas) {
    text_span number{};
    // The later of the last formula and the last number is the answer: the same priority, ordered by place.
    int const priority = options_.latex && options_.formula_priority >= 0
                             ? std::min(options_.number_priority, options_.formula_priority)
                             : options_.number_priority;
    if (last_number(window_, formulas, number)) push(candidate_kind::number, priority, number);
  }
  // Multiple choice: behind a phrase, at the beginning, or the last word that is a choice.
  void choices() {
    std::vector<phrase_match> found = phrase_matches(text_, window_);
    text_span place{};
    for (std::size_t k = found.size(); k-- > 0 && k + most > found.size();) {
      announce(text_, window_.end, found[k]);
      if (choice_in(found[k].where, true, place)) return push(candidate_kind::choice, 0, place);
    }
    if (choice_in({window_.begin, std::min(window_.end, window_.begin + 16)}, true, place))
      return push(candidate_kind::choice, 1, place);
    if (choice_in(window_, false, place)) push(candidate_kind::choice, 2, place);
  }
  bool choice_in(text_span where, bool first, text_span& place) const {
    bool any = false;
    for (std::size_t k = where.begin; k < where.end;) {
      if (!is_letter(text_[k]) && !is_digit(text_[k])) {
        ++k;
        continue;
      }
      std::size_t end = k;
      while (end < where.end && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
      std::string_view const word = text_.substr(k, end - k);
      for (std::string const& choice : options_.choices)
        if (word == choice) place = {k, end}, any = true;
      if (first) return any;  // the first word decides
      k = end;
    }
    return any;
  }
};

}  // namespace detail

/// The places of a response that may be its answer, best first; linear in its length. An empty list: no answer.
inline extraction extract(std::string_view response, extract_options const& options = {}) {
  return detail::extractor(response, options).run();
}

}  // namespace reward::math
AHA_NAMESPACE_END
