// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/multi_reward.hpp>
#include <aha/cpu/advantages.hpp>
#include <aha/cpu/whiten.hpp>

AHA_NAMESPACE_BEGIN

/// What `multi_reward_advantages` saw: the rewards of every component, and the weighted sums that the last step is over.
struct multi_reward_stats {
  std::vector<advantage_stats> components;
  column_stats sum;
  aha::status status;
};

/// Checks everything that `multi_reward_advantages` is given, before the first write.
template <class Method>
status check_multi_reward(Method const& method, std::vector<span<double const>> const& rewards,
                          std::vector<double> const& weights, groups<host> const& by, span<double> adv,
                          index_view<host> const& lengths) {
  char const* const me = "multi_reward_advantages";
  if (status bad = validate(method, me); !bad.ok()) return bad;
  if (rewards.empty()) return bad_argument(me, "rewards", "at least one component", "none");
  if (!weights.empty() && weights.size() != rewards.size()) {
    return bad_argument(me, "weights", text(rewards.size(), ", one a component"), text(weights.size()));
  }
  for (double const w : weights) {
    if (!(std::abs(w) <= largest_member)) return bad_argument(me, "weights", "finite numbers", to_text(w));
  }
  std::int64_t const n = adv.size();
  if (status bad = check_groups(me, by, n); !bad.ok()) return bad;
  bool const tokens = method.over == advantage::last_step::tokens;
  if (tokens != lengths.present()) {
    return bad_argument(me, "lengths", tokens ? "tokens of every row (the last step is over tokens)" : "none",
                        tokens ? "none" : "some");
  }
  if (tokens && lengths.rank != 1) return bad_argument(me, "lengths", "a list", "a matrix");
  if (tokens && lengths.size() != n) return bad_argument(me, "lengths", text(n, " entries"), text(lengths.size()));
  for (std::int64_t i = 0; tokens && i < n; ++i) {
    if (lengths[i] < 0) return bad_argument(me, "lengths", "numbers >= 0", text(lengths[i], " at entry ", i));
  }
  place const written[] = {place{"adv", region(column<double, host>(adv))}};
  place const index[] = {place{by.index_name(), region(by.index())}, place{"lengths", region(lengths)}};
  if (status bad = check_apart(me, written, index); !bad.ok()) return bad;
  for (std::size_t k = 0; k < rewards.size(); ++k) {
    std::string const name = text("rewards[", k, "]");
    if (rewards[k].size() != n) return bad_argument(me, name, text(n, " entries"), text(rewards[k].size()));
    masked_column<double> const c{column<double const, host>(rewards[k]), {}};
    if (status bad = check_masked_column(me, name.c_str(), c); !bad.ok()) return bad;
    place const read[] = {place{name, region(c.values)}};
    if (status bad = check_apart(me, written, read); !bad.ok()) return bad;
  }
  return {};
}

/// Advantages of N rows from several rewards each: see `advantage::multi_reward`.
///
///   multi_reward_advantages(exec::cpu{}, advantage::gdpo_trl, {correct, format}, {1.0, 0.5}, groups<>::by_id(ids), adv);
///
/// rewards: one column [N] of doubles a component; weights: one a component, or empty for 1; adv [N]: apart from all.
/// A NaN reward is missing: it is in no statistic of its component and adds nothing to its row (TRL's nansum; to renormalise
/// or to drop the row instead, resolve it by the algebra of rewards first). A row with no reward at all has advantage 0
/// and is not in the last step. lengths [N]: tokens of every row, for a last step over tokens and only then; a row without
/// tokens is not in that step. Fewer than two rows (tokens) in it follow `last.singleton`.
/// Bitwise: threads change no bit; over tokens the last bit may depend on the order of rows. Scratch: three columns.
template <class Exec, class Group, class Last>
multi_reward_stats multi_reward_advantages(Exec const& exec, advantage::multi_reward<Group, Last> const& method,
                                           std::vector<span<double const>> const& rewards,
                                           std::vector<double> const& weights, groups<host> const& by, span<double> adv,
                                           index_view<host> lengths = {}) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  if (status const bad = check_multi_reward(method, rewards, weights, by, adv, lengths); !bad.ok()) {
    return fail<multi_reward_stats>(bad);
  }
  multi_reward_stats stats;
  auto const n = static_cast<std::size_t>(adv.size());
  std::vector<double> part(n);
  std::vector<double> sum(n, 0.0);
  std::vector<std::uint8_t> counts(n, 0);
  for (std::size_t k = 0; k < rewards.size(); ++k) {
    stats.components.push_back(advantages(exec, method.method, rewards[k], by, span<double>(part)));
    double const w = weights.empty() ? 1.0 : weights[k];
    for (std::size_t i = 0; i < n; ++i) {
      double const r = rewards[k][static_cast<std::int64_t>(i)];
      if (!(r == r)) continue;
      sum[i] += w * part[i];
      counts[i] = 1;
    }
  }
  std::optional<moments> of_tokens;
  if (method.over == advantage::last_step::tokens) {
    of_tokens.emplace();
    for (std::size_t i = 0; i < n; ++i) {
      std::int64_t const length = lengths[static_cast<std::int64_t>(i)];
      if (length == 0) counts[i] = 0;
      if (counts[i] != 0) of_tokens->merge(moments{length, sum[i], 0.0});
    }
  }
  if (method.over == advantage::last_step::none) {
    stats.sum = measure(exec, sum, counts);
    for (std::size_t i = 0; i < n; ++i) adv[static_cast<std::int64_t>(i)] = sum[i];
  } else {
    stats.sum = whiten(exec, method.last, sum, adv, counts, of_tokens);
  }
  return stats;
}

AHA_NAMESPACE_END
