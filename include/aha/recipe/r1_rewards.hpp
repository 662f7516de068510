// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compose.hpp>

AHA_NAMESPACE_BEGIN
namespace recipe {

// DeepSeek-R1's last stage of reinforcement learning, arXiv:2501.12948 v2, section 3.2.2 and eqs. 8 to 10:
//
//   rule      = accuracy + format                        of equal weight, as in R1-Zero
//   reasoning = rule                                      rows with a verifiable answer: mathematics, code, logic
//   general   = reward model + format                     all other rows
//   final     = reasoning + general + language            a row is of one kind; language consistency for both
//
// A row of one kind has no reward of the other kind, so the sum of reasoning and general is a choice: the column that is
// not its kind's is never looked at and may be missing.

/// rule = accuracy + format, eq. 8's R1-Zero reward. Arguments: expressions of rewards, static or dynamic.
template <class Accuracy, class Format>
constexpr auto r1_rule(Accuracy const& accuracy, Format const& format) {
  return accuracy + format;
}

/// general = reward model + format, eq. 10.
template <class Model, class Format>
constexpr auto r1_general(Model const& model, Format const& format) {
  return model + format;
}

/// The reward model's column of general rows: harmlessness where a row asks for it (`is_harmless` not 0), else helpfulness.
/// Harmlessness is judged on the whole response, reasoning included; helpfulness on the answer alone, so that the reasoning
/// is not optimised to please: see `r1_judged_text`.
template <class Flag, class Helpful, class Harmless>
constexpr auto r1_model(Flag const& is_harmless, Helpful const& helpful, Harmless const& harmless) {
  return reward::where(is_harmless, harmless, helpful);
}

/// final = (reasoning or general, by `is_reasoning` not 0) + language. `language` is R1's language consistency; where a
/// response has no words to judge it abstains and counts as 0.
template <class Flag, class Accuracy, class Format, class Model, class Language>
constexpr auto r1_final(Flag const& is_reasoning, Accuracy const& accuracy, Format const& format, Model const& model,
                        Language const& language) {
  return reward::where(is_reasoning, r1_rule(accuracy, format), r1_general(model, format)) +
         reward::if_missing(language, 0.0);
}

/// What a reward model of general rows is shown.
enum class r1_judge : std::uint8_t {
  helpful,   ///< the answer alone
  harmless,  ///< the whole response
};

/// The text that a reward model is shown: the whole response, or what follows the reasoning's end tag. A response whose
/// reasoning never ends has no answer: an empty text at its end. Linear, a view of the response, any bytes.
inline std::string_view r1_judged_text(r1_judge judge, std::string_view response,
                                       std::string_view end_of_reasoning = "</think>") {
  if (judge == r1_judge::harmless) return response;
  std::size_t const last = response.rfind(end_of_reasoning);
  if (last == std::string_view::npos) return response.substr(response.size());
  return response.substr(last + end_of_reasoning.size());
}

}  // namespace recipe
template <>
struct enum_names<recipe::r1_judge> {
  static constexpr std::string_view values[] = {"helpful", "harmless"};
};
AHA_NAMESPACE_END
