// SPDX-License-Identifier: MIT
#pragma once

// The loss from log-probabilities in float64 on the host: one loop over sequences, tokens, parts and leaves, without an
// engine. Terms are the library's (tests/parity holds them against formulas of their own); weights, statistics and their
// adjoint are written out here.

#include <aha/core/dual.hpp>
#include <aha/loss/dynamic.hpp>
#include <aha/loss/observe.hpp>
#include <aha/loss/totals.hpp>
#include <cmath>
#include <vector>

namespace oracle {

/// A batch as lists of tokens of sequences, whatever its layout on the device.
struct batch {
  std::vector<std::vector<int>> token;  ///< [sequence][token of it]: entry of the columns
  std::vector<double> logp, old_logp, ref_logp, entropy, lse, value, old_value, returns, given, adv, weight;
  std::vector<int> mask, keep;
  std::vector<double> length, prompt_tokens;  ///< empty: the mask count, none
  aha::totals totals;
  double scale = 1;
};
struct result {
  double loss = 0;
  std::vector<double> part;
  std::vector<double> d[aha::active_inputs];
  std::vector<double> token_loss;
  aha::loss_stats stats;
};

/// x as an active input: with derivative 1 in a direction, or none (direction -1, or a lane without derivatives).
template <class V>
V active(double x, int direction) {
  if constexpr (std::is_same_v<V, double>) {
    return x;
  } else {
    return direction < 0 ? V(x) : V::seeded(x, direction);
  }
}

template <class D>
void fill(aha::token<D>& t, batch const& b, int e, double S, bool differentiates_S, aha::active_input by) {
  auto const seed = [&](double x, aha::active_input k) { return active<D>(x, by == k ? 0 : -1); };
  std::size_t const i = static_cast<std::size_t>(e);
  t.logp = seed(b.logp[i], aha::active_input::logp);
  t.entropy = seed(b.entropy[i], aha::active_input::entropy);
  t.lse = seed(b.lse[i], aha::active_input::lse);
  t.S = active<D>(S, differentiates_S ? 1 : -1);
  t.old_logp = b.old_logp[i];
  t.ref_logp = b.ref_logp[i];
  t.adv = b.adv[i];
}
template <class D>
void fill(aha::value_token<D>& t, batch const& b, int e, double, bool, aha::active_input) {
  std::size_t const i = static_cast<std::size_t>(e);
  t.value = active<D>(b.value[i], 0);
  t.old_value = b.old_value[i];
  t.returns = b.returns[i];
}
template <class D>
void fill(aha::given_token<D>& t, batch const& b, int e, double, bool, aha::active_input) {
  t.given = active<D>(b.given[static_cast<std::size_t>(e)], 0);
}

inline double inverse(double x) { return x > 0 ? 1 / x : 0; }

inline result evaluate(aha::dynamic_objective const& o, batch const& b, std::size_t entries) {
  using namespace aha;
  using D = dual<double, 2>;
  result r;
  for (auto& x : r.d) x.assign(entries, 0);
  r.token_loss.assign(entries, 0);
  r.part.assign(o.parts.size(), 0);
  for (std::size_t i = 0; i < b.token.size(); ++i) {
    std::vector<int> in;
    for (int const e : b.token[i]) {
      if (b.mask[static_cast<std::size_t>(e)] != 0) in.push_back(e);
    }
    double const n = b.length.empty() ? static_cast<double>(in.size()) : b.length[i];
    long double sum = 0;
    for (int const e : in) {
      auto const k = static_cast<std::size_t>(e);
      sum += static_cast<long double>(b.logp[k]) - static_cast<long double>(b.old_logp[k]);
    }
    double const S = static_cast<double>(sum) * inverse(n);
    double through_S = 0;
    std::vector<double> weights;
    std::size_t p = 0;
    for (dynamic_part const& part : o.parts) {
      double w = part.coefficient * b.scale;
      double const own = part.aggregate.total;
      auto const total = [&](double of_batch) { return inverse(own == own ? own : of_batch); };
      switch (part.aggregate.kind) {
        case aggregation::token_mean: w *= total(b.totals.tokens); break;
        case aggregation::sequence_mean: w *= total(b.totals.sequences) * inverse(n); break;
        case aggregation::sequence_sum: w *= total(b.totals.sequences); break;
        case aggregation::constant_length: w *= total(b.totals.sequences) / part.aggregate.length; break;
        case aggregation::token_sum: break;
        case aggregation::prompt_mean: w *= total(b.totals.prompts) * inverse(b.prompt_tokens[i]); break;
        case aggregation::positive_mean: w *= total(b.totals.positives); break;
      }
      weights.push_back(w);
      part.for_each_leaf([&](auto const& l) {
        using Term = std::decay_t<decltype(l.term)>;
        constexpr bool by_S = !std::is_same_v<typename Term::statistic, no_statistic> && Term::differentiates_statistic;
        active_input const by = active_input_of(needs_of(l.term));
        for (int const e : in) {
          auto const k = static_cast<std::size_t>(e);
          if (l.keep && b.keep[k] == 0) continue;
          typename Term::template record<D> t;
          fill(t, b, e, S, by_S, by);
          D const x = l.term(t);
          double const c = w * l.coefficient * std::pow(b.weight[k], l.weight);
          r.part[p] += c * x.value;
          r.token_loss[k] += c * x.value;
          r.d[static_cast<int>(by)][k] += c * x.d[0];
          through_S += c * x.d[1];
        }
      });
      ++p;
    }
    for (int const e : in) {
      auto const k = static_cast<std::size_t>(e);
      r.d[0][k] += through_S * inverse(n);
      double const d = b.logp[k] - b.old_logp[k];
      double const f = b.ref_logp[k] - b.logp[k];
      auto const kl = [](kl_sums& s, double x) { s.merge({-x, x * x / 2, std::expm1(x) - x, 1}); };
      kl(r.stats.old_kl, d);
      kl(r.stats.ref_kl, f);
      r.stats.ratio_sum += std::exp(d);
      r.stats.ratio_square_sum += std::exp(2 * d);
      r.stats.log_ratio_min = std::min(r.stats.log_ratio_min, d);
      r.stats.log_ratio_max = std::max(r.stats.log_ratio_max, d);
      r.stats.entropy_sum += b.entropy[k];
      clip_side<double> any{false, false, false, false};
      p = 0;
      for (dynamic_part const& part : o.parts) {
        if (weights[p++] == 0) continue;  // what does not count is not observed
        part.for_each_leaf([&](auto const& l) {
          using Term = std::decay_t<decltype(l.term)>;
          if constexpr (has_clip_side<Term, double>::value) {
            typename Term::template record<double> t;
            fill(t, b, e, S, false, active_input_of(needs_of(l.term)));
            clip_side<double> const side = l.term.clipped(t);
            any.low = any.low || side.low;
            any.high = any.high || side.high;
            any.dual = any.dual || side.dual;
            any.value = any.value || side.value;
          }
        });
      }
      r.stats.clip_low += any.low ? 1 : 0;
      r.stats.clip_high += any.high ? 1 : 0;
      r.stats.clip_dual += any.dual ? 1 : 0;
      r.stats.clip_value += any.value ? 1 : 0;
    }
    r.stats.tokens += static_cast<std::int64_t>(in.size());
    r.stats.sequences += in.empty() ? 0 : 1;
  }
  for (double const x : r.part) r.loss += x;
  return r;
}

}  // namespace oracle
