// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/group.hpp>
#include <aha/advantage/whitening.hpp>

AHA_NAMESPACE_BEGIN
namespace advantage {

/// What the last step of `multi_reward` takes its statistics over.
enum class last_step : std::uint8_t {
  none,       ///< there is no last step: the weighted sum itself
  sequences,  ///< every sequence once
  tokens,     ///< every sequence as often as it has tokens: long answers weigh more
};

/// Several rewards, normalised one by one and then added, so that different combinations of rewards keep different
/// advantages (a normalised sum makes (1, 0) and (0, 1) one):
///   z_k = method(reward_k within its group),   S = sum_k weight_k z_k,   A = last(S over the batch)
/// GDPO, arXiv:2601.05242. The peers differ in eps, ddof, baseline and the last step; `gdpo_trl`, `gdpo_verl` and
/// `gdpo_nemo` are their choices of these numbers.
template <class Group = group<>, class Last = whitening<>>
struct multi_reward {
  Group method{};
  Last last{};
  enum last_step over = last_step::sequences;

  constexpr multi_reward() = default;
  constexpr explicit multi_reward(Group m, Last l = {}, enum last_step o = last_step::sequences)
      : method(m), last(l), over(o) {}

  template <class F>
  static constexpr void params(F&& f) {
    f("over", &multi_reward::over, named, "what the last step's statistics are over");
  }
};

/// TRL's `multi_objective_aggregation="normalize_then_sum"`: eps 1e-4 on both steps, sample deviations, per sequence.
inline constexpr multi_reward gdpo_trl{group{mean{}, standard_deviation{1e-4, 1}},
                                       whitening<>{standard_deviation{1e-4, 1}}, last_step::sequences};
/// verl's `gdpo`: eps 1e-6, a group of one keeps its reward (verl divides it by 1 + eps), then `masked_whiten` over tokens.
inline constexpr multi_reward gdpo_verl{
    group{mean{}, standard_deviation{1e-6, 1}, singleton::keep_reward},
    whitening<>{standard_deviation{1e-8, 1, eps_at::variance}, true, singleton::keep_reward}, last_step::tokens};
/// NeMo-RL's GDPO with its leave-one-out baseline: divided by the siblings' deviation where that is positive, per sequence
/// without eps.
inline constexpr multi_reward gdpo_nemo{group{leave_one_out{}, leave_one_out_deviation{1e-6, 1}},
                                        whitening<>{standard_deviation{0.0, 1}}, last_step::sequences};

/// The one predicate of what is legal.
template <class Group, class Last>
constexpr bool is_legal(multi_reward<Group, Last> const& m) {
  return is_legal(m.method) && is_legal(m.last) && has_legal_members(m);
}
/// The same as an error that names the entry point that the method was given to.
template <class Group, class Last>
status validate(multi_reward<Group, Last> const& m, std::string_view function) {
  if (status bad = validate(m.method, function); !bad.ok()) return bad;
  if (status bad = validate(m.last, function); !bad.ok()) return bad;
  return check_members(function, m);
}

}  // namespace advantage
template <>
struct enum_names<advantage::last_step> {
  static constexpr std::string_view values[] = {"none", "sequences", "tokens"};
};
AHA_NAMESPACE_END
