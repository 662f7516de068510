// SPDX-License-Identifier: MIT
// The peers' reward functions: one row a function, from which name, signature, text and batches follow.
#include <aha/reward/compat/nemo_rl.hpp>
#include <aha/reward/compat/open_instruct.hpp>
#include <aha/reward/compat/open_instruct_blocks.hpp>
#include <aha/reward/compat/openrlhf.hpp>
#include <aha/reward/compat/prm800k.hpp>
#include <aha/reward/compat/roll.hpp>
#include <aha/reward/compat/simplerl.hpp>
#include <aha/reward/compat/skyrl.hpp>
#include <aha/reward/compat/slime.hpp>
#include <aha/reward/compat/slime_choice.hpp>
#include <aha/reward/compat/torchforge.hpp>
#include <aha/reward/compat/trl.hpp>
#include <aha/reward/math/math.hpp>

#include "bind.hpp"
#include "compat_call.hpp"

AHA_NAMESPACE_BEGIN
template <>
struct enum_names<reward::compat::verl::gsm8k_method> {
  static constexpr std::string_view values[] = {"strict", "flexible"};
};
AHA_NAMESPACE_END

namespace aha_python {
namespace {

namespace compat = aha::reward::compat;
using aha::reward::characters;
using aha::reward::outcome;
using aha::reward::tokens;
using compat::verl::gsm8k_method;
using std::string_view;

/// Both are answers: what the library's verifier says of them.
compat::verdict answers(string_view gold, string_view answer) {
  return aha::reward::math::verify_answer(gold, answer).equal;
}

/// A response as trl and open-r1 judge it. A gold that nobody can read, or without a number in it, has no verdict, as there.
compat::verdict response(string_view gold, string_view text) {
  auto const v = aha::reward::math::verify(gold, text, aha::reward::math::trl_options());
  bool const read =
      v.status != aha::reward::status::gold_invalid && gold.find_first_of("0123456789") != string_view::npos;
  return read ? compat::verdict(v.equal) : std::nullopt;
}

/// A verdict as the peers' graders take it: unknown is not equal.
auto equal_by(judge const& v) {
  return [&v](string_view gold, string_view answer) { return v(gold, answer).value_or(false); };
}

std::tuple<double, bool, std::optional<std::string>> parts_of(compat::verl::dapo_score const& s) {
  return {s.score, s.correct, s.prediction};
}
std::tuple<double, std::optional<bool>> parts_of(compat::nemo_rl::judged const& j) { return {j.reward, j.correct}; }

auto bounds() {
  compat::cosine_bounds const b;
  return std::make_tuple(option<double>("wrong_short", b.wrong_short), option<double>("wrong_long", b.wrong_long),
                         option<double>("right_long", b.right_long), option<double>("right_short", b.right_short));
}

void bind_trl(py::module_& m) {
  namespace peer = compat::trl;
  peer_module trl(m, "trl", "trl's rewards.");
  trl.def("think_format", "think_format_reward: one think block, then the answer.", peer::think_format, texts("text"));
  trl.def(
      "accuracy_reward",
      "accuracy_reward: the verdict as a reward. verdict: None (our verifier, configured as theirs), a callable\n"
      "(gold, text), or True, False or None a row.",
      [](string_view text, string_view gold, judge const& v) { return peer::accuracy_reward(v(gold, text)); },
      texts("text"), texts("gold"), verdicts(response));
  trl.def(
      "reasoning_accuracy_reward",
      "reasoning_accuracy_reward: 0 where the reasoning does not end, else the verdict on what follows it.",
      [](string_view text, string_view gold, judge const& v, std::string const& delimiter) {
        return peer::reasoning_accuracy_reward(text, gold, v, {string_view(delimiter)});
      },
      texts("text"), texts("gold"), verdicts(response), option<std::string>("delimiter", "</think>"));
  std::apply(
      [&](auto... b) {
        trl.def(
            "cosine_scaled", "get_cosine_scaled_reward: the cosine schedule in tokens, by the verdict.",
            [](string_view text, string_view gold, tokens length, tokens limit, judge const& v, double ws, double wl,
               double rl, double rs) {
              return peer::cosine_scaled(length, limit, v(gold, text), {ws, wl, rl, rs});
            },
            texts("text"), texts("gold"), lengths<tokens>("length"), lengths<tokens>("limit"), verdicts(response),
            b...);
      },
      bounds());
  trl.def(
      "repetition_penalty", "get_repetition_penalty_reward, over the ids of tokens.",
      [](std::vector<std::int64_t> const& list, std::int64_t n, double most) {
        return peer::repetition_penalty(aha::span<std::int64_t const>(list), n, most);
      },
      ids("ids"), option<std::int64_t>("n", 3), option<double>("most", -1.0));
  trl.def("soft_overlong_punishment", "get_soft_overlong_punishment: DAPO's eq. 13, arXiv:2503.14476, in tokens.",
          peer::soft_overlong_punishment, lengths<tokens>("length"), lengths<tokens>("limit"),
          lengths<tokens>("cache"));
}

void bind_open_r1(py::module_& m) {
  namespace peer = compat::open_r1;
  peer_module open_r1(m, "open_r1", "open-r1's rewards.");
  open_r1.def("format_reward", "format_reward: think and answer blocks on lines of their own.", peer::format_reward,
              texts("text"));
  open_r1.def("tag_count_reward", "tag_count_reward: a quarter for each tag that occurs once.", peer::tag_count_reward,
              texts("text"));
  open_r1.def("reasoning_steps_reward", "reasoning_steps_reward: marked steps, three are enough.",
              peer::reasoning_steps_reward, texts("text"));
  open_r1.def(
      "code_format_reward", "get_code_format_reward: think and answer blocks, code in the answer.",
      [](string_view text, std::string const& language) { return peer::code_format_reward(text, language); },
      texts("text"), option<std::string>("language", "python"));
  open_r1.def(
      "accuracy_reward", "accuracy_reward: the verdict as a reward; see trl.accuracy_reward.",
      [](string_view text, string_view gold, judge const& v) { return peer::accuracy_reward(v(gold, text)); },
      texts("text"), texts("gold"), verdicts(response));
  std::apply(
      [&](auto... b) {
        open_r1.def(
            "cosine_scaled",
            "get_cosine_scaled_reward: the cosine schedule in characters, by the verdict; limit None is 1000.",
            [](string_view text, string_view gold, characters length, judge const& v, characters limit, double ws,
               double wl, double rl, double rs) {
              return peer::cosine_scaled(length, limit, v(gold, text), {ws, wl, rl, rs});
            },
            texts("text"), texts("gold"), lengths<characters>("length"), verdicts(response),
            lengths<characters>("limit", 1000), b...);
      },
      bounds());
  open_r1.def("repetition_penalty", "get_repetition_penalty_reward, over words in small letters.",
              peer::repetition_penalty, texts("text"), option<std::int64_t>("n", 3), option<double>("most", -1.0));
  open_r1.def("soft_overlong_punishment", "get_soft_overlong_punishment: DAPO's eq. 13, arXiv:2503.14476, in tokens.",
              peer::soft_overlong_punishment, lengths<tokens>("length"), lengths<tokens>("limit"),
              lengths<tokens>("cache"));
  open_r1.define(
      "len_reward", "len_reward: Kimi's reward for length, arXiv:2501.12599, in characters; the texts are one group.",
      [](compat_call& c, std::size_t rows, bool /*many*/, row_values<string_view> const& text,
         row_values<string_view> const& gold, row_values<judge> const& v) -> py::object {
        int const threads = c.finish();
        std::vector<characters> length(rows, characters(0));
        std::vector<compat::verdict> verdict(rows);
        for_each_row(rows, threads, [&](std::size_t i) {
          length[i] = aha::reward::count_characters(text.at(i));
          verdict[i] = v.at(i)(gold.at(i), text.at(i));
        });
        std::vector<outcome> const found = peer::len_reward(length, verdict);
        outcome_columns columns(found.size());
        for (std::size_t i = 0; i < found.size(); ++i) columns.set(i, found[i]);
        return py::cast(std::move(columns));
      },
      texts("text"), texts("gold"), verdicts(response));
}

void bind_verl_and_its_kin(py::module_& m) {
  peer_module verl(m, "verl", "verl's rewards.");
  verl.def(
      "gsm8k", "gsm8k.compute_score: equality of strings, so \"42.0\" is not 42.",
      [](string_view text, string_view gold, gsm8k_method method, double format_score, double score) {
        return compat::verl::gsm8k(text, gold, method, format_score, score);
      },
      texts("text"), texts("gold"), option("method", gsm8k_method::strict), option<double>("format_score", 0.0),
      option<double>("score", 1.0));
  verl.def(
      "math_dapo", "math_dapo.compute_score as (score, correct, prediction).",
      [](string_view text, string_view gold, bool strict) {
        return parts_of(compat::verl::math_dapo(text, gold, strict));
      },
      texts("text"), texts("gold"), option<bool>("strict_box_verify", false));
  verl.def(
      "strict_box", "math_dapo's is_correct_strict_box as (score, correct, prediction).",
      [](string_view text, string_view gold) { return parts_of(compat::verl::strict_box(text, gold)); }, texts("text"),
      texts("gold"));
  verl.def(
      "minerva_match", "math_dapo's is_correct_minerva as (score, correct, prediction).",
      [](string_view text, string_view gold) { return parts_of(compat::verl::minerva_match(text, gold)); },
      texts("text"), texts("gold"));
  verl.def("math_reward", "math_reward.compute_score: the last box by Hendrycks' normalisation.",
           compat::verl::math_reward, texts("text"), texts("gold"));
  verl.def("overlong_reward", "The dapo manager's overlong reward, in tokens.", compat::verl::overlong_reward,
           lengths<tokens>("length"), lengths<tokens>("limit"), lengths<tokens>("cache"),
           option<double>("factor", 1.0));
  peer_module openrlhf(m, "openrlhf", "OpenRLHF's rewards.");
  openrlhf.def("overlong_penalty", "apply_overlong_penalty, in tokens.", compat::openrlhf::overlong_penalty,
               lengths<tokens>("length"), lengths<tokens>("limit"), lengths<tokens>("cache"),
               option<double>("factor", 1.0));
  peer_module tinyzero(m, "tinyzero", "TinyZero's rewards, without eval.");
  tinyzero.def("countdown", "countdown.compute_score: each number once, within 1e-5 of the target.",
               compat::tinyzero::countdown, texts("text"), numbers<double>("target"), ids("numbers"),
               option<double>("format_score", 0.1), option<double>("score", 1.0));
  tinyzero.def("multiply", "multiply.compute_score: the last answer as a whole number.", compat::tinyzero::multiply,
               texts("text"), numbers<std::int64_t>("product"), option<double>("format_score", 0.1),
               option<double>("score", 1.0));
  tinyzero.def("gsm8k", "gsm8k.compute_score: the first \"####\" of the whole text.", compat::tinyzero::gsm8k,
               texts("text"), texts("gold"), option("method", gsm8k_method::strict),
               option<double>("format_score", 0.0), option<double>("score", 1.0));
  peer_module simplerl(m, "simplerl", "simpleRL-reason's rewards.");
  simplerl.def("knights_and_knaves", "kk.compute_score: who is a knight and who a knave.",
               compat::simplerl::knights_and_knaves, texts("text"), texts("solution"),
               option<double>("format_reward", 1.0));
  peer_module torchforge(m, "torchforge", "torchforge's rewards.");
  torchforge.def("math_reward", "MathReward: a number to a tolerance.", compat::torchforge::math_reward,
                 texts("response"), texts("target"), option<double>("tolerance", 1e-6),
                 option<double>("partial_credit", 0.1));
  torchforge.def("thinking_reward", "ThinkingReward: a think block that closes.", compat::torchforge::thinking_reward,
                 texts("response"), option<double>("partial", 0.2), option<double>("full", 1.0));
}

/// What other rewards said of a response, a list of (reward, correct), or one such list a row.
parameter<std::vector<compat::nemo_rl::judged>> judgements(char const* name) {
  using list = std::vector<compat::nemo_rl::judged>;
  return {name, "", [name](compat_call& c) {
            argument const where = c.at(name);
            constexpr string_view expected = "a list of (reward, correct), or a list of such lists";
            auto const read = [&](py::handle h) {
              list parts;
              for (py::object const& entry : entries_of(h, where, expected)) {
                std::vector<py::object> const pair = entries_of(entry, where, expected);
                if (pair.size() != 2) wrong_value(where, expected, aha::text(pair.size(), " members"));
                compat::verdict correct;
                if (!pair[1].is_none()) correct = flag_of(pair[1], where, false);
                parts.push_back({number_of(pair[0], where, 0.0), correct});
              }
              return parts;
            };
            py::handle const given = c.required(name);
            std::vector<py::object> const entries = entries_of(given, where, expected);
            row_values<list> found;
            for (py::object const& entry : entries) {
              std::vector<py::object> const members = entries_of(entry, where, expected);
              found.many = found.many || (!members.empty() && PyNumber_Check(members.front().ptr()) == 0);
            }
            if (!found.many) found.all.push_back(read(given));
            for (std::size_t i = 0; found.many && i < entries.size(); ++i) found.all.push_back(read(entries[i]));
            return found;
          }};
}
/// Numbers for all rows.
parameter<std::vector<double>> weights() {
  return {"weights", "", [](compat_call& c) {
            argument const where = c.at("weights");
            row_values<std::vector<double>> found;
            found.all.emplace_back();
            for (py::object const& w : entries_of(c.required("weights"), where, "a list of numbers"))
              found.all.front().push_back(number_of(w, where, 0.0));
            return found;
          }};
}

void bind_nemo_rl(py::module_& m) {
  namespace peer = compat::nemo_rl;
  peer_module nemo(m, "nemo_rl",
                   "NeMo-RL's rewards as (reward, correct); correct is None where a reward does not say.");
  nemo.def(
      "format_reward", "format_reward: 1/4 for a think block, 3/4 for an answer block.",
      [](string_view text, std::string const& think, std::string const& answer) {
        return parts_of(peer::format_reward(text, think, answer));
      },
      texts("response"), option<std::string>("think_tag", "think"), option<std::string>("answer_tag", "answer"));
  nemo.def(
      "exact_answer_alphanumeric_reward",
      "exact_answer_alphanumeric_reward: equality of letters and numbers, so -3 is 3.",
      [](string_view gold, string_view text, std::string const& tag) {
        return parts_of(peer::exact_answer_alphanumeric_reward(gold, text, tag));
      },
      texts("gold"), texts("response"), option<std::string>("tag", "answer"));
  nemo.def(
      "bbox_giou_reward", "bbox_giou_reward: generalised intersection over union, arXiv:1902.09630.",
      [](string_view gold, string_view text, double threshold, std::string const& tag) {
        return parts_of(peer::bbox_giou_reward(gold, text, threshold, tag));
      },
      texts("gold"), texts("response"), option<double>("threshold", 10.0), option<std::string>("tag", "answer"));
  nemo.def(
      "geo3k_reward", "geo3k_reward: (1 - w) right + w format. verdict(gold, answer) judges the last box.",
      [](string_view gold, string_view text, judge const& v, double format_score) {
        return parts_of(peer::geo3k_reward(gold, text, v, format_score));
      },
      texts("gold"), texts("response"), verdicts(answers), option<double>("format_score", 0.1));
  nemo.def(
      "math_expression_reward", "math_expression_reward: the verdict on the answer block.",
      [](string_view gold, string_view text, judge const& v, std::string const& tag) {
        return parts_of(peer::math_expression_reward(gold, text, v, tag));
      },
      texts("gold"), texts("response"), verdicts(answers), option<std::string>("tag", "answer"));
  nemo.def(
      "combine",
      "combine_reward_functions: the sum by weights over their sum; parts: a list of (reward, correct), or one a row.",
      [](std::vector<peer::judged> const& parts, std::vector<double> const& by) {
        return parts_of(peer::combine(parts, by));
      },
      judgements("parts"), weights());
}

/// The gold of a multiple choice: a text, the number of a choice, or None; or one a row.
parameter<compat::slime::choice_label> choice_labels() {
  return {"label", "", [](compat_call& c) {
            argument const where = c.at("label");
            return one_or_many<compat::slime::choice_label>(
                c.required("label"), where, "a str, an integer or None, or a list of them",
                [](py::handle h) { return h.is_none() || is_text(h) || is_int(h); },
                [&](py::handle h) {
                  compat::slime::choice_label label;
                  if (is_text(h)) label.text = std::string(c.hold(h, where));
                  if (is_int(h)) label.index = integer_of(h, where, 0);
                  return label;
                });
          }};
}

void bind_graders(py::module_& m) {
  peer_module prm800k(m, "prm800k", "prm800k's grader, arXiv:2305.20050.");
  prm800k.def("normalize", "_normalize: LaTeX as plain text, without units.", compat::prm800k::normalize,
              texts("expression"));
  prm800k.def(
      "grade_by_algebra", "grade_answer_sympy; verdict(gold, given) stands for the algebra system.",
      [](string_view given, string_view gold, judge const& v) {
        return compat::prm800k::grade_by_algebra(given, gold, equal_by(v));
      },
      texts("given"), texts("gold"), verdicts(answers));
  prm800k.def(
      "grade_answer", "grade_answer: equal after normalisation, else grade_by_algebra.",
      [](string_view given, string_view gold, judge const& v) {
        return compat::prm800k::grade_answer(given, gold, equal_by(v));
      },
      texts("given"), texts("gold"), verdicts(answers));
  namespace peer = compat::slime;
  peer_module slime(m, "slime", "slime's rewards.");
  slime.def("extract_answer", "extract_answer: the inside of the last box, or None.", peer::extract_answer,
            texts("text"));
  slime.def(
      "grade_answer_verl", "grade_answer_verl: the last box against the gold.",
      [](string_view text, string_view gold, judge const& v) {
        return peer::grade_answer_verl(text, gold, equal_by(v));
      },
      texts("text"), texts("gold"), verdicts(answers));
  slime.def(
      "deepscaler", "get_deepscaler_rule_based_reward: the box behind the reasoning.",
      [](string_view text, string_view gold, judge const& v) { return peer::deepscaler(text, gold, equal_by(v)); },
      texts("response"), texts("gold"), verdicts(answers));
  slime.def(
      "math_dapo", "math_dapo's compute_score as (score, correct, prediction).",
      [](string_view text, string_view gold, bool strict) { return parts_of(peer::math_dapo(text, gold, strict)); },
      texts("text"), texts("gold"), option<bool>("strict_box_verify", false));
  slime.def(
      "minerva_match", "math_dapo's is_correct_minerva as (score, correct, prediction).",
      [](string_view text, string_view gold) { return parts_of(peer::minerva_match(text, gold)); }, texts("text"),
      texts("gold"));
  slime.def(
      "extract_letter", "_extract_letter_from_response, valid letters as one str; None where it names none.",
      [](string_view text, string_view valid) {
        char const found = peer::extract_letter(text, valid);
        return found == '\0' ? std::nullopt : std::optional(std::string(1, found));
      },
      texts("response"), texts("valid"));
  slime.def(
      "gpqa_reward", "compute_gpqa_reward: the letter that a response names. label: a text, or the number of a choice.",
      [](string_view text, peer::choice_label const& label, std::vector<std::string> const& choices,
         std::optional<std::string> const& valid, std::optional<std::string> const& letter,
         std::optional<std::string> const& answer, std::optional<std::string> const& words) {
        return peer::gpqa_reward(text, label, {choices, valid.value_or(""), letter, answer, words});
      },
      texts("response"), choice_labels(), text_lists("choices", "()"), optional_texts("valid_letters"),
      optional_texts("correct_letter"), optional_texts("correct_answer"), optional_texts("answer_text"));
}

void bind_others(py::module_& m) {
  peer_module roll(m, "roll", "ROLL's rewards; its repetition penalty is open_r1's.");
  roll.def("format_reward", "format_reward_fn: 0 where think and answer blocks fit, else -1.",
           compat::roll::format_reward, texts("text"));
  roll.def("long_block_penalty",
           "long_block_penalty_reward_fn: -1 for a stretch without a blank longer than `most`, None is 100.",
           compat::roll::long_block_penalty, texts("text"), lengths<characters>("most", 100));
  roll.def("after_thinking", "_extract_after_last_end_think.", compat::roll::after_thinking, texts("response"),
           texts("prompt"));
  roll.def(
      "within_boxed", "check_and_extract_within_boxed as (closed, inside).",
      [](string_view text) {
        compat::roll::boxed_text const b = compat::roll::within_boxed(text);
        return std::tuple<bool, string_view>(b.closed, b.inside);
      },
      texts("response"));
  peer_module skyrl(m, "skyrl", "SkyRL's predicates of readability.");
  skyrl.def("mixed_languages", "check_mixed_languages.", compat::skyrl::mixed_languages, texts("text"));
  skyrl.def("garbled", "check_garbled_characters.", compat::skyrl::garbled, texts("text"));
  skyrl.def("repeated_patterns", "has_repeated_patterns.", compat::skyrl::repeated_patterns, texts("text"));
  namespace peer = compat::open_instruct;
  peer_module open_instruct(m, "open_instruct", "open-instruct's verifiers and filters.");
  open_instruct.def("string_f1", "F1Verifier: the best F1 of words over the labels.", peer::string_f1, texts("text"),
                    text_lists("labels"));
  open_instruct.def("puzzle", "PuzzleMatcherVerifier.", peer::puzzle, texts("text"), texts("label"));
  open_instruct.def("flan", "FlanVerifier.", peer::flan, texts("text"), texts("label"));
  open_instruct.def("string_matcher", "StringMatcherVerifier.", peer::string_matcher, texts("text"), texts("label"));
  open_instruct.def("gsm8k", "GSM8KVerifier.", peer::gsm8k, texts("text"), texts("label"));
  open_instruct.def("max_length", "MaxLenVerifier.", peer::max_length, lengths<tokens>("length"),
                    lengths<tokens>("target"), option<double>("span", 32768.0));
  open_instruct.def("up_to_max_length", "UpToMaxLenVerifier.", peer::up_to_max_length, lengths<tokens>("length"),
                    lengths<tokens>("target"), option<double>("span", 32768.0));
  open_instruct.def("validate_choice", "validate_choice.", peer::validate_choice, texts("text"), text_lists("options"));
  open_instruct.def("validate_capital_words", "validate_frequency_capital_words.", peer::validate_capital_words,
                    texts("text"), numbers<std::int64_t>("n"), texts("quantifier"));
  open_instruct.def("is_think", "is_think.", peer::is_think, texts("text"));
  open_instruct.def("is_think_answer", "is_think_answer.", peer::is_think_answer, texts("text"));
  open_instruct.def("chinese_ratio", "get_chinese_character_ratio.", peer::chinese_ratio, texts("text"));
  open_instruct.def(
      "repeated_blocks", "detect_exact_block_repetition: its word for the block, or None.",
      [](string_view text) { return peer::repeated_blocks(text); }, texts("text"));
}

void bind_shared(py::module_& m) {
  peer_module all(m);
  all.def("last_boxed", "The last \\boxed{...} whole, or None.", compat::last_boxed, texts("text"));
  all.def("last_boxed_or_fboxed", "The last \\boxed, else \\fbox, whole, or None.", compat::last_boxed_or_fboxed,
          texts("text"));
  all.def("unboxed", "The inside of a text \\boxed{...}, or None.", compat::unboxed, texts("text"));
  all.def("strip_string", "Hendrycks' normalisation; None where the peers' raises.", compat::strip_string,
          texts("text"));
  all.def("hendrycks_equal", "Equality after strip_string.", compat::hendrycks_equal, texts("a"), texts("b"));
  all.def("mathd_normalize", "mathd_normalize_answer.", compat::mathd_normalize, texts("answer"));
  all.def("normalize_final_answer", "Minerva's normalisation, arXiv:2206.14858 listing 1.",
          compat::normalize_final_answer, texts("answer"), option<bool>("chat_marks", false));
  all.def("normalize_answer", "SQuAD's normalisation, arXiv:1606.05250.", compat::normalize_answer, texts("answer"));
  all.def(
      "f1_score", "F1 of the normalised words as (score, precision, recall).",
      [](string_view prediction, string_view truth, bool yes_no) {
        compat::f1 const f = compat::f1_score(prediction, truth, yes_no);
        return std::tuple<double, double, double>(f.score, f.precision, f.recall);
      },
      texts("prediction"), texts("truth"), option<bool>("yes_no", false));
}

}  // namespace

void bind_compat(py::module_& m) {
  py::module_ compat = m.def_submodule("compat", "Peers' rewards, number for number.");
  bind_shared(compat);
  bind_trl(compat);
  bind_open_r1(compat);
  bind_verl_and_its_kin(compat);
  bind_nemo_rl(compat);
  bind_graders(compat);
  bind_others(compat);
}

}  // namespace aha_python
