// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// The most parts that one objective may have: partial sums live in fixed places, nothing is allocated.
inline constexpr int max_parts = 16;

/// What is measured in the same pass. An observer asked for by name needs its columns; the default ones report on the
/// columns that are there.
namespace observe {
enum flag : unsigned {
  none = 0,
  clip = 1U << 0U,        ///< tokens clipped low and dual (adv < 0), high (adv > 0) or in value, `keep` aside
  old_kl = 1U << 1U,      ///< KL(old || pi) by k1, k2, k3 of logp - old_logp
  ref_kl = 1U << 2U,      ///< KL(pi || ref) by k1, k2, k3 of ref_logp - logp
  ratio = 1U << 3U,       ///< min, mean, max of the raw ratio pi / old, before any bound (infinite where it overflows)
  entropy = 1U << 4U,     ///< mean entropy
  parts = 1U << 5U,       ///< the loss of each part
  ess = 1U << 6U,         ///< effective sample size of the raw ratios, as a fraction of the tokens
  chi_square = 1U << 7U,  ///< chi-square divergence: mean squared ratio minus 1
  defaults = 1U << 31U    ///< clip, old_kl, ref_kl, ratio, entropy, parts: what the columns allow
};
inline constexpr unsigned default_set = clip | old_kl | ref_kl | ratio | entropy | parts;
inline constexpr unsigned all = default_set | ess | chi_square;
}  // namespace observe

/// Sums of the three KL estimators over `count` tokens.
struct kl_sums {
  double k1 = 0;
  double k2 = 0;
  double k3 = 0;
  std::int64_t count = 0;
  void merge(kl_sums const& o) {
    k1 += o.k1;
    k2 += o.k2;
    k3 += o.k3;
    count += o.count;
  }
};

/// What a call observed: sums and counts over unmasked tokens, mergeable over micro-batches and ranks. `observed` has
/// the `observe::flag` of each record that was filled.
struct loss_stats {
  unsigned observed = 0;
  std::int64_t tokens = 0;
  std::int64_t sequences = 0;  ///< sequences with at least one unmasked token
  std::int64_t clip_low = 0;
  std::int64_t clip_high = 0;
  std::int64_t clip_dual = 0;
  std::int64_t clip_value = 0;
  kl_sums old_kl;
  kl_sums ref_kl;
  double log_ratio_min = std::numeric_limits<double>::infinity();
  double log_ratio_max = -std::numeric_limits<double>::infinity();
  double ratio_sum = 0;
  double ratio_square_sum = 0;
  std::int64_t ratio_count = 0;
  double entropy_sum = 0;
  std::int64_t entropy_count = 0;
  int parts = 0;
  std::array<double, max_parts> part_loss{};

  void merge(loss_stats const& o) {
    observed |= o.observed;
    tokens += o.tokens;
    sequences += o.sequences;
    clip_low += o.clip_low;
    clip_high += o.clip_high;
    clip_dual += o.clip_dual;
    clip_value += o.clip_value;
    old_kl.merge(o.old_kl);
    ref_kl.merge(o.ref_kl);
    log_ratio_min = std::min(log_ratio_min, o.log_ratio_min);
    log_ratio_max = std::max(log_ratio_max, o.log_ratio_max);
    ratio_sum += o.ratio_sum;
    ratio_square_sum += o.ratio_square_sum;
    ratio_count += o.ratio_count;
    entropy_sum += o.entropy_sum;
    entropy_count += o.entropy_count;
    parts = std::max(parts, o.parts);
    for (int p = 0; p < parts; ++p) part_loss[static_cast<std::size_t>(p)] += o.part_loss[static_cast<std::size_t>(p)];
  }

  /// Calls f(name, number) for every number of a record, constant or not: what is stored and sent. A record is also
  /// trivially copyable, so that a host's own engine of communication may move its bytes.
  template <class Stats, class F>
  static constexpr void numbers(Stats& s, F&& f) {
    f("observed", s.observed);
    f("tokens", s.tokens);
    f("sequences", s.sequences);
    f("clip_low", s.clip_low);
    f("clip_high", s.clip_high);
    f("clip_dual", s.clip_dual);
    f("clip_value", s.clip_value);
    auto const kl = [&](auto& k) {
      f("k1", k.k1);
      f("k2", k.k2);
      f("k3", k.k3);
      f("count", k.count);
    };
    kl(s.old_kl);
    kl(s.ref_kl);
    f("log_ratio_min", s.log_ratio_min);
    f("log_ratio_max", s.log_ratio_max);
    f("ratio_sum", s.ratio_sum);
    f("ratio_square_sum", s.ratio_square_sum);
    f("ratio_count", s.ratio_count);
    f("entropy_sum", s.entropy_sum);
    f("entropy_count", s.entropy_count);
    f("parts", s.parts);
    for (auto& x : s.part_loss) f("part_loss", x);
  }

  /// Calls f(key, value) for everything that was observed, as fractions and means; the keys of Python's `to_dict`.
  /// A mean over no token is 0.
  template <class F>
  void for_each(F&& f) const {
    auto const mean = [](double sum, std::int64_t n) { return n > 0 ? sum / static_cast<double>(n) : 0.0; };
    auto const kl = [&](kl_sums const& k, char const* n1, char const* n2, char const* n3) {
      f(n1, mean(k.k1, k.count));
      f(n2, mean(k.k2, k.count));
      f(n3, mean(k.k3, k.count));
    };
    f("tokens", static_cast<double>(tokens));
    f("sequences", static_cast<double>(sequences));
    if ((observed & observe::clip) != 0) {
      f("clip/low", mean(static_cast<double>(clip_low), tokens));
      f("clip/high", mean(static_cast<double>(clip_high), tokens));
      f("clip/region", mean(static_cast<double>(clip_low + clip_high), tokens));
      f("clip/dual", mean(static_cast<double>(clip_dual), tokens));
      f("clip/value", mean(static_cast<double>(clip_value), tokens));
    }
    if ((observed & observe::old_kl) != 0) kl(old_kl, "old_kl/k1", "old_kl/k2", "old_kl/k3");
    if ((observed & observe::ref_kl) != 0) kl(ref_kl, "ref_kl/k1", "ref_kl/k2", "ref_kl/k3");
    if ((observed & observe::ratio) != 0) {
      f("ratio/min", ratio_count > 0 ? std::exp(log_ratio_min) : 0.0);
      f("ratio/mean", mean(ratio_sum, ratio_count));
      f("ratio/max", ratio_count > 0 ? std::exp(log_ratio_max) : 0.0);
    }
    if ((observed & observe::entropy) != 0) f("entropy", mean(entropy_sum, entropy_count));
    if ((observed & observe::ess) != 0) {
      f("ess", ratio_square_sum > 0 ? mean(ratio_sum * ratio_sum / ratio_square_sum, ratio_count) : 0.0);
    }
    if ((observed & observe::chi_square) != 0) {
      f("chi_square", ratio_count > 0 ? mean(ratio_square_sum, ratio_count) - 1 : 0.0);
    }
    if ((observed & observe::parts) != 0) {
      static constexpr char const* names[max_parts] = {"loss/0",  "loss/1",  "loss/2",  "loss/3", "loss/4",  "loss/5",
                                                       "loss/6",  "loss/7",  "loss/8",  "loss/9", "loss/10", "loss/11",
                                                       "loss/12", "loss/13", "loss/14", "loss/15"};
      for (int p = 0; p < parts; ++p) f(names[p], part_loss[static_cast<std::size_t>(p)]);
    }
  }
};
static_assert(std::is_trivially_copyable_v<loss_stats>, "aha: statistics are sent as bytes");

/// How many numbers `Stats::numbers` walks.
template <class Stats>
constexpr std::size_t count_numbers() {
  std::size_t n = 0;
  Stats const none{};
  Stats::numbers(none, [&](auto const&...) { ++n; });
  return n;
}
static_assert(count_numbers<loss_stats>() * sizeof(double) == sizeof(loss_stats), "aha: numbers() leaves a member out");

AHA_NAMESPACE_END
