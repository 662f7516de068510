// SPDX-License-Identifier: MIT
// Rows of peers' reward functions through the library: a JSON object a line in, one a line out.
//   in   {"peer": .., "function": .., "params": {..}, "inputs": {..}}
//   out  {"value": ..} | {"raises": ..} | {"unclaimed": why}

#include <aha/reward/compat/nemo_rl.hpp>
#include <aha/reward/compat/open_instruct.hpp>
#include <aha/reward/compat/open_instruct_blocks.hpp>
#include <aha/reward/compat/openrlhf.hpp>
#include <aha/reward/compat/roll.hpp>
#include <aha/reward/compat/simplerl.hpp>
#include <aha/reward/compat/skyrl.hpp>
#include <aha/reward/compat/slime_choice.hpp>
#include <aha/reward/compat/torchforge.hpp>
#include <aha/reward/compat/trl.hpp>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "reward_verdict.hpp"

namespace {

using nlohmann::json;
using namespace aha::reward;
namespace compat = aha::reward::compat;
using handler = std::function<json(json const& params, json const& inputs)>;

struct unclaimed {
  std::string why;
};

json of(outcome const& o) {
  if (o.status == status::error) throw std::domain_error(std::string(to_string(o.reason)));
  return o.value == o.value ? json(o.value) : json();
}
json of(compat::nemo_rl::judged const& j) { return {j.reward, j.correct ? json(*j.correct) : json()}; }
template <class Text>
json of(std::optional<Text> const& s) {
  return s ? json(std::string(*s)) : json();
}
json of(compat::verl::dapo_score const& s) {
  return {{"score", s.score}, {"acc", s.correct}, {"pred", of(s.prediction)}};
}
std::string text(json const& j, char const* key) {
  json const& v = j.at(key);
  return v.is_null() ? std::string() : v.is_string() ? v.get<std::string>() : v.dump();
}
double number(json const& params, char const* key, double otherwise) {
  return params.contains(key) ? params.at(key).get<double>() : otherwise;
}
std::int64_t whole(json const& j, char const* key) { return j.at(key).get<std::int64_t>(); }

/// f(text, index) for the texts of a call: `completion` alone, or `completions` as lists of messages.
json each_text(json const& in, std::function<json(std::string const&, std::size_t)> const& f) {
  if (in.contains("completion")) return f(in.at("completion").get<std::string>(), 0);
  json all = json::array();
  for (json const& messages : in.at("completions")) {
    all.push_back(f(messages.at(0).at("content").get<std::string>(), all.size()));
  }
  return all;
}
handler on_text(outcome (*f)(std::string_view)) {
  return [f](json const&, json const& in) {
    return each_text(in, [&](std::string const& t, std::size_t) { return of(f(t)); });
  };
}
std::string gold_of(json const& in, std::size_t i) {
  json const& s = in.at("solution");
  return s.is_array() ? s.at(i).get<std::string>() : s.get<std::string>();
}
/// f(ids) for the token ids of a call: a list of lists, one list, or a length.
json each_ids(json const& in, std::function<json(std::vector<std::int64_t> const&)> const& f) {
  if (in.contains("completion_length"))
    return f(std::vector<std::int64_t>(in.at("completion_length").get<std::size_t>()));
  json const& ids = in.at("completion_ids");
  if (!ids.is_array()) throw unclaimed{"ids described in words"};
  if (ids.empty() || !ids.at(0).is_array()) return f(ids.get<std::vector<std::int64_t>>());
  json all = json::array();
  for (json const& list : ids) all.push_back(f(list.get<std::vector<std::int64_t>>()));
  return all;
}
compat::cosine_bounds bounds(json const& p) {
  return {number(p, "min_value_wrong", -1.0), number(p, "max_value_wrong", -0.5), number(p, "min_value_correct", 0.5),
          number(p, "max_value_correct", 1.0)};
}
std::int64_t size_of(std::vector<std::int64_t> const& ids) { return static_cast<std::int64_t>(ids.size()); }

void of_trl(std::map<std::string, handler>& on) {
  namespace peer = compat::trl;
  on["trl think_format_reward"] = on_text(peer::think_format);
  on["trl accuracy_reward"] = [](json const&, json const& in) {
    return each_text(in, [&](std::string const& t, std::size_t i) {
      return of(peer::accuracy_reward(reward_rows::verified(gold_of(in, i), t)));
    });
  };
  on["trl reasoning_accuracy_reward"] = [](json const&, json const& in) {
    return each_text(in, [&](std::string const& t, std::size_t i) {
      auto const verify = [](std::string_view g, std::string_view a) { return reward_rows::stand_in(g, a); };
      if (!in.contains("reasoning_delimiters") || in.at("reasoning_delimiters").is_null()) {
        return of(peer::reasoning_accuracy_reward(t, gold_of(in, i), verify));
      }
      if (in.at("reasoning_delimiters").size() != 1) throw unclaimed{"several delimiters"};
      std::string const one = in.at("reasoning_delimiters").at(0);
      return of(peer::reasoning_accuracy_reward(t, gold_of(in, i), verify, {one}));
    });
  };
  on["trl get_cosine_scaled_reward"] = [](json const& p, json const& in) {
    return each_text(in, [&](std::string const& t, std::size_t i) {
      tokens const length(in.contains("completion_length")
                              ? whole(in, "completion_length")
                              : static_cast<std::int64_t>(in.at("completion_ids").at(i).size()));
      return of(peer::cosine_scaled(length, tokens(whole(p, "max_len")), reward_rows::stand_in(gold_of(in, i), t),
                                    bounds(p)));
    });
  };
  on["trl get_repetition_penalty_reward"] = [](json const& p, json const& in) {
    return each_ids(in, [&](std::vector<std::int64_t> const& ids) {
      return of(peer::repetition_penalty(aha::span<std::int64_t const>(ids), whole(p, "ngram_size"),
                                         number(p, "max_penalty", -1.0)));
    });
  };
  on["trl get_soft_overlong_punishment"] =
      on["open-r1 get_soft_overlong_punishment"] = [](json const& p, json const& in) {
        return each_ids(in, [&](std::vector<std::int64_t> const& ids) {
          return of(peer::soft_overlong_punishment(tokens(size_of(ids)), tokens(whole(p, "max_completion_len")),
                                                   tokens(whole(p, "soft_punish_cache"))));
        });
      };
}

void of_open_r1(std::map<std::string, handler>& on) {
  namespace peer = compat::open_r1;
  on["open-r1 format_reward"] = on_text(peer::format_reward);
  on["open-r1 tag_count_reward"] = on_text(peer::tag_count_reward);
  on["open-r1 reasoning_steps_reward"] = on_text(peer::reasoning_steps_reward);
  on["open-r1 accuracy_reward"] = [](json const&, json const& in) {
    return each_text(in, [&](std::string const& t, std::size_t i) {
      return of(peer::accuracy_reward(reward_rows::verified(gold_of(in, i), t)));
    });
  };
  on["open-r1 get_code_format_reward"] = [](json const& p, json const& in) {
    return each_text(in, [&](std::string const& t, std::size_t) {
      return of(peer::code_format_reward(t, p.value("language", "python")));
    });
  };
  on["open-r1 get_cosine_scaled_reward"] = [](json const& p, json const& in) {
    return each_text(in, [&](std::string const& t, std::size_t i) {
      characters const length =
          in.contains("content_chars") ? characters(whole(in, "content_chars")) : count_characters(t);
      return of(peer::cosine_scaled(length, characters(p.value("max_len", std::int64_t{1000})),
                                    reward_rows::stand_in(gold_of(in, i), t), bounds(p)));
    });
  };
  on["open-r1 get_repetition_penalty_reward"] = [](json const& p, json const& in) {
    if (p.value("language", "en") != "en") throw unclaimed{"the words of another segmenter"};
    return each_text(in, [&](std::string const& t, std::size_t) {
      return of(peer::repetition_penalty(t, whole(p, "ngram_size"), number(p, "max_penalty", -1.0)));
    });
  };
  on["open-r1 len_reward"] = [](json const&, json const& in) {
    std::vector<characters> lengths;
    std::vector<compat::verdict> verdicts;
    each_text(in, [&](std::string const& t, std::size_t i) {
      lengths.push_back(count_characters(t));
      verdicts.push_back(reward_rows::stand_in(gold_of(in, i), t));
      return json();
    });
    json all = json::array();
    for (outcome const& o : peer::len_reward(lengths, verdicts)) all.push_back(of(o));
    return all;
  };
}

void of_verl_and_its_kin(std::map<std::string, handler>& on) {
  namespace verl = compat::verl;
  on["verl dapo overlong_reward (formula re-typed from the manager)"] = [](json const& p, json const& in) {
    return of(verl::overlong_reward(tokens(whole(in, "valid_response_length")), tokens(whole(p, "max_resp_len")),
                                    tokens(whole(p, "overlong_buffer.len")), number(p, "penalty_factor", 1.0)));
  };
  on["OpenRLHF apply_overlong_penalty (formula re-typed)"] = [](json const& p, json const& in) {
    return of(compat::openrlhf::overlong_penalty(
        tokens(whole(in, "response_length")), tokens(whole(p, "max_new_tokens")),
        tokens(whole(p, "overlong_buffer_len")), number(p, "overlong_penalty_factor", 1.0)));
  };
  on["verl gsm8k.compute_score"] = [](json const& p, json const& in) {
    bool const strict = p.value("method", "strict") == "strict";
    return of(verl::gsm8k(text(in, "solution_str"), text(in, "ground_truth"),
                          strict ? verl::gsm8k_method::strict : verl::gsm8k_method::flexible,
                          number(p, "format_score", 0.0), number(p, "score", 1.0)));
  };
  on["TinyZero gsm8k.compute_score"] = [](json const& p, json const& in) {
    bool const strict = p.value("method", "strict") == "strict";
    return of(compat::tinyzero::gsm8k(text(in, "solution_str"), text(in, "ground_truth"),
                                      strict ? verl::gsm8k_method::strict : verl::gsm8k_method::flexible,
                                      number(p, "format_score", 0.0), number(p, "score", 1.0)));
  };
  on["verl math_dapo.compute_score"] = [](json const& p, json const& in) {
    return of(verl::math_dapo(text(in, "solution_str"), text(in, "ground_truth"), p.value("strict_box_verify", false)));
  };
  on["verl math_reward.compute_score"] = [](json const&, json const& in) {
    return of(verl::math_reward(text(in, "solution_str"), text(in, "ground_truth")));
  };
  on["TinyZero countdown.compute_score"] = [](json const& p, json const& in) {
    json const& truth = in.at("ground_truth");
    return of(compat::tinyzero::countdown(text(in, "solution_str"), truth.at("target").get<double>(),
                                          truth.at("numbers").get<std::vector<std::int64_t>>(),
                                          number(p, "format_score", 0.1), number(p, "score", 1.0)));
  };
  on["TinyZero multiply.compute_score"] = [](json const& p, json const& in) {
    json const& truth = in.at("ground_truth");
    std::int64_t const product = truth.is_string() ? std::stoll(truth.get<std::string>()) : truth.get<std::int64_t>();
    return of(compat::tinyzero::multiply(text(in, "solution_str"), product, number(p, "format_score", 0.1),
                                         number(p, "score", 1.0)));
  };
  on["simpleRL-reason kk.compute_score"] = [](json const&, json const& in) {
    return of(compat::simplerl::knights_and_knaves(text(in, "solution_str"),
                                                   text(in.at("ground_truth"), "solution_text_format")));
  };
  on["torchforge MathReward"] = [](json const& p, json const& in) {
    return of(compat::torchforge::math_reward(text(in, "response"), text(in, "target"), number(p, "tolerance", 1e-6),
                                              number(p, "partial_credit", 0.1)));
  };
  on["torchforge ThinkingReward"] = [](json const& p, json const& in) {
    return of(compat::torchforge::thinking_reward(text(in, "response"), number(p, "partial_reward", 0.2),
                                                  number(p, "full_reward", 1.0)));
  };
  on["prm800k _normalize"] = [](json const&, json const& in) {
    return json(compat::prm800k::normalize(text(in, "expr")));
  };
  on["prm800k grade_answer"] = [](json const&, json const& in) {
    if (in.at("given_answer").is_null()) return json(false);
    return json(
        compat::prm800k::grade_answer(text(in, "given_answer"), text(in, "ground_truth"), reward_rows::equal_answers));
  };
}

compat::nemo_rl::judged nemo(std::string const& function, json const& in) {
  namespace peer = compat::nemo_rl;
  std::string const gold = text(in, "ground_truth");
  std::string const response = text(in, "response");
  std::string const answer = in.value("answer_tag", in.value("tag", "answer"));
  auto const verify = [](std::string_view g, std::string_view a) { return reward_rows::stand_in(g, a, true); };
  if (function == "format_reward") return peer::format_reward(response, in.value("think_tag", "think"), answer);
  if (function == "exact_answer_alphanumeric_reward") {
    return peer::exact_answer_alphanumeric_reward(gold, response, answer);
  }
  if (function == "bbox_giou_reward") {
    return peer::bbox_giou_reward(gold, response, in.value("giou_penalty_thres", 10.0), answer);
  }
  if (function == "geo3k_reward") return peer::geo3k_reward(gold, response, verify, in.value("format_score", 0.1));
  if (function == "math_expression_reward") return peer::math_expression_reward(gold, response, verify, answer);
  throw unclaimed{"no such reward: " + function};
}
void of_nemo(std::map<std::string, handler>& on) {
  for (char const* name : {"format_reward", "exact_answer_alphanumeric_reward", "bbox_giou_reward", "geo3k_reward",
                           "math_expression_reward"}) {
    on["RL " + std::string(name)] = [name](json const&, json const& in) { return of(nemo(name, in)); };
  }
  on["RL combine_reward_functions"] = [](json const& p, json const& in) {
    std::vector<compat::nemo_rl::judged> parts;
    std::vector<double> weights;
    for (json const& f : p.at("functions")) {
      parts.push_back(nemo(f.at(0).get<std::string>(), in));
      weights.push_back(f.at(1).get<double>());
    }
    return of(compat::nemo_rl::combine(parts, weights));
  };
}

void of_slime(std::map<std::string, handler>& on) {
  namespace peer = compat::slime;
  auto const boxed = [](char const* key, std::optional<std::string_view> (*f)(std::string_view)) {
    return [key, f](json const&, json const& in) {
      std::string const t = text(in, key);
      return in.at(key).is_null() ? json() : of(f(t));
    };
  };
  on["slime math_utils.last_boxed_only_string"] = boxed("string", compat::last_boxed_or_fboxed);
  on["slime math_utils.remove_boxed"] = boxed("s", compat::unboxed);
  on["slime math_dapo_utils.remove_boxed"] = [](json const&, json const& in) {
    std::string const t = text(in, "s");
    std::optional<std::string_view> const inside = compat::unboxed(t);
    if (!inside) throw std::domain_error("remove_boxed");
    return of(inside);
  };
  on["slime math_dapo_utils.last_boxed_only_string"] = boxed("string", compat::last_boxed);
  on["slime math_utils.extract_answer"] = boxed("passage", peer::extract_answer);
  on["slime math_utils.extract_boxed_answer"] = boxed("solution", peer::extract_answer);
  on["slime math_utils._strip_string"] = [](json const&, json const& in) {
    std::optional<std::string> const s = compat::strip_string(text(in, "string"));
    if (!s) throw std::domain_error("strip_string");
    return json(*s);
  };
  on["open-instruct StripString"] = [](json const&, json const& in) {
    std::optional<std::string> const s = compat::strip_string(text(in, "input_string"));
    if (!s) throw std::domain_error("strip_string");
    return json(*s);
  };
  on["slime math_utils.mathd_normalize_answer"] = [](json const&, json const& in) {
    return in.at("answer").is_null() ? json() : json(compat::mathd_normalize(text(in, "answer")));
  };
  on["slime math_utils.grade_answer_mathd"] = [](json const&, json const& in) {
    return json(compat::mathd_normalize(text(in, "given_answer")) == compat::mathd_normalize(text(in, "ground_truth")));
  };
  on["slime math_utils.grade_answer_sympy"] = [](json const&, json const& in) {
    return json(compat::prm800k::grade_by_algebra(text(in, "given_answer"), text(in, "ground_truth"),
                                                  reward_rows::equal_answers));
  };
  on["slime math_utils.grade_answer_verl"] = [](json const&, json const& in) {
    return json(
        peer::grade_answer_verl(text(in, "solution_str"), text(in, "ground_truth"), reward_rows::equal_answers));
  };
  on["slime deepscaler.get_deepscaler_rule_based_reward"] = [](json const&, json const& in) {
    return of(peer::deepscaler(text(in, "response"), text(in, "label"), reward_rows::equal_answers));
  };
  on["slime f1.normalize_answer"] = [](json const&, json const& in) {
    return json(compat::normalize_answer(text(in, "s")));
  };
  on["slime f1.f1_score"] = [](json const&, json const& in) {
    if (in.at("prediction").is_null()) return json{0, 0, 0};
    compat::f1 const f = compat::f1_score(text(in, "prediction"), text(in, "ground_truth"), true);
    return json{f.score, f.precision, f.recall};
  };
  on["slime math_dapo_utils.normalize_final_answer"] = [](json const&, json const& in) {
    return json(compat::normalize_final_answer(text(in, "final_answer"), true));
  };
  auto const plain_text = [](json const& in) {
    if (in.contains("pause_tokens_index") && !in.at("pause_tokens_index").is_null()) throw unclaimed{"pause tokens"};
  };
  on["slime math_dapo_utils.is_correct_minerva"] = [](json const&, json const& in) {
    if (in.value("gt_need_extract", false)) throw unclaimed{"gold in a box"};
    auto const s = peer::minerva_match(text(in, "solution_str"), text(in, "gt"));
    return json{s.correct, of(s.prediction)};
  };
  on["slime math_dapo_utils.is_correct_strict_box"] = [plain_text](json const&, json const& in) {
    plain_text(in);
    auto const s = compat::verl::strict_box(text(in, "pred"), text(in, "gt"));
    return json{static_cast<int>(s.score), of(s.prediction)};
  };
  on["slime math_dapo_utils.verify"] = [plain_text](json const&, json const& in) {
    plain_text(in);
    std::string const solution = text(in, "solution_str");
    std::string const answer = text(in, "answer");
    bool const strict = in.value("strict_box_verify", false);
    auto const s = strict ? compat::verl::strict_box(solution, answer) : peer::minerva_match(solution, answer);
    return json{s.correct, of(s.prediction)};
  };
  on["slime math_dapo_utils.compute_score"] = [plain_text](json const&, json const& in) {
    plain_text(in);
    return of(
        peer::math_dapo(text(in, "solution_str"), text(in, "ground_truth"), in.value("strict_box_verify", false)));
  };
  on["slime gpqa._extract_letter_from_response"] = [](json const&, json const& in) {
    std::string valid;
    for (json const& l : in.at("valid_letters")) valid += compat::slime::choice::upper(l.get<std::string>().at(0));
    char const found = peer::extract_letter(text(in, "response"), valid);
    return found == '\0' ? json() : json(std::string(1, found));
  };
  on["slime gpqa.compute_gpqa_reward"] = [](json const&, json const& in) {
    if (in.at("response").is_null()) return json(0.0);
    peer::choice_question q;
    json const metadata = in.contains("metadata") && !in.at("metadata").is_null() ? in.at("metadata") : json::object();
    if (metadata.contains("choices") && !metadata.at("choices").is_null()) {
      for (json const& c : metadata.at("choices")) q.choices.push_back(c.is_string() ? c.get<std::string>() : c.dump());
    }
    if (metadata.contains("valid_letters")) {
      for (json const& l : metadata.at("valid_letters")) q.valid_letters += l.get<std::string>();
    }
    auto const some = [&](char const* key) {
      bool const there = metadata.contains(key) && metadata.at(key).is_string();
      return there ? std::optional(metadata.at(key).get<std::string>()) : std::nullopt;
    };
    q.correct_letter = some("correct_letter");
    q.correct_answer = some("correct_answer");
    q.answer_text = some("answer_text");
    peer::choice_label label;
    if (in.at("label").is_string()) label.text = in.at("label").get<std::string>();
    if (in.at("label").is_number()) label.index = static_cast<std::int64_t>(in.at("label").get<double>());
    return of(peer::gpqa_reward(text(in, "response"), label, q));
  };
}

void of_others(std::map<std::string, handler>& on) {
  namespace roll = compat::roll;
  namespace skyrl = compat::skyrl;
  namespace open_instruct = compat::open_instruct;
  on["ROLL format_reward_fn"] = [](json const&, json const& in) { return of(roll::format_reward(text(in, "text"))); };
  on["ROLL long_block_penalty_reward_fn"] = [](json const& p, json const& in) {
    return of(roll::long_block_penalty(text(in, "text"), characters(p.value("max_length", std::int64_t{100}))));
  };
  on["ROLL get_repetition_penalty_reward"] = [](json const& p, json const& in) {
    return of(compat::open_r1::repetition_penalty(text(in, in.contains("text") ? "text" : "response"),
                                                  whole(p, "ngram_size"), number(p, "max_penalty", -0.1)));
  };
  on["ROLL _extract_after_last_end_think"] = [](json const&, json const& in) {
    std::string const response = text(in, "response");
    return json(std::string(roll::after_thinking(response, text(in, "prompt"))));
  };
  on["ROLL check_and_extract_within_boxed"] = [](json const&, json const& in) {
    std::string const response = text(in, "response");
    roll::boxed_text const b = roll::within_boxed(response);
    return json{b.closed, std::string(b.inside)};
  };
  on["SkyRL check_mixed_languages"] = [](json const&, json const& in) {
    return json(skyrl::mixed_languages(text(in, "text")));
  };
  on["SkyRL check_garbled_characters"] = [](json const&, json const& in) {
    return json(skyrl::garbled(text(in, "text")));
  };
  on["SkyRL has_repeated_patterns"] = [](json const&, json const& in) {
    return json(skyrl::repeated_patterns(text(in, "text")));
  };
  on["open-instruct F1Verifier"] = [](json const&, json const& in) {
    json const& l = in.contains("labels") ? in.at("labels") : in.at("label");
    auto const labels =
        l.is_array() ? l.get<std::vector<std::string>>() : std::vector<std::string>{l.get<std::string>()};
    return of(open_instruct::string_f1(text(in, "prediction"), labels));
  };
  auto const labelled = [](outcome (*f)(std::string_view, std::string_view)) {
    return [f](json const&, json const& in) { return of(f(text(in, "prediction"), text(in, "label"))); };
  };
  on["open-instruct GSM8KVerifier"] = labelled(open_instruct::gsm8k);
  on["open-instruct PuzzleMatcherVerifier"] = labelled(open_instruct::puzzle);
  on["open-instruct FlanVerifier"] = labelled(open_instruct::flan);
  on["open-instruct StringMatcherVerifier"] = labelled(open_instruct::string_matcher);
  on["open-instruct ValidateChoice"] = [](json const&, json const& in) {
    return json(open_instruct::validate_choice(text(in, "text"), in.at("options").get<std::vector<std::string>>()));
  };
  on["open-instruct ValidateFrequencyCapitalWords"] = [](json const&, json const& in) {
    return json(open_instruct::validate_capital_words(text(in, "text"), whole(in, "n"), text(in, "quantifier")));
  };
  on["open-instruct get_chinese_character_ratio"] = [](json const&, json const& in) {
    return json(open_instruct::chinese_ratio(text(in, "text")));
  };
  on["open-instruct detect_exact_block_repetition"] = [](json const&, json const& in) {
    std::string const t = text(in, "text");
    std::optional<std::string> const found = open_instruct::repeated_blocks(t);
    return json{found.has_value(), of(found)};
  };
  on["open-instruct is_think"] = [](json const&, json const& in) {
    return json(open_instruct::is_think(text(in, "content")));
  };
  on["open-instruct is_think_answer"] = [](json const&, json const& in) {
    return json(open_instruct::is_think_answer(text(in, "content")));
  };
}

json answer(std::map<std::string, handler> const& on, json const& row) {
  std::string const peer = row.at("peer").get<std::string>();
  std::string const key = peer.substr(peer.find('+') + 1) + " " + row.at("function").get<std::string>();
  auto const found = on.find(key);
  if (found == on.end()) return {{"unclaimed", "no such function here"}};
  json const params = row.contains("params") && row.at("params").is_object() ? row.at("params") : json::object();
  try {
    return {{"value", found->second(params, row.at("inputs"))}};
  } catch (unclaimed const& u) {
    return {{"unclaimed", u.why}};
  } catch (reward_rows::needs_verifier const&) {
    return {{"unclaimed", "needs the verifier of mathematics"}};
  } catch (json::exception const& e) {
    return {{"unclaimed", std::string("inputs of another form: ") + e.what()}};
  } catch (std::exception const& e) {
    return {{"raises", e.what()}};
  }
}

}  // namespace

int main() {
  std::map<std::string, handler> on;
  of_trl(on);
  of_open_r1(on);
  of_verl_and_its_kin(on);
  of_nemo(on);
  of_slime(on);
  of_others(on);
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty())
      std::cout << answer(on, json::parse(line)).dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  }
}
