// SPDX-License-Identifier: MIT
// Your own loss: its value for one token, once. The gradient is derived, SIMD lanes and masks are the engine's.
// prints: loss -0.067836
// prints: largest difference from finite differences below 1e-8

#include <aha/aha.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

/// A ratio that saturates smoothly instead of being clipped:  l = -tanh-like gate (2 sigmoid(k (r - 1)) - 1) A / k.
struct smooth_ratio : aha::term {
  static constexpr std::string_view name = "smooth_ratio";
  static constexpr unsigned needs = aha::reads::logp | aha::reads::old_logp | aha::reads::adv;
  double k = 2;

  template <class V>
  V operator()(aha::token<V> const& t) const {
    using P = aha::passive_t<V>;
    V const r = aha::math::exp(aha::log_ratio(t, aha::log_ratio_bounds{}));
    V const gate = aha::math::sigmoid((r - aha::lane<P>(1)) * aha::lane<P>(k)) * aha::lane<P>(2) - aha::lane<P>(1);
    return -(gate * (t.adv / aha::lane<P>(k)));
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("k", &smooth_ratio::k, aha::positive, "steepness of the gate");
  }
};

int main() {
  using namespace aha;
  std::vector<std::int64_t> const cu_seqlens{0, 3, 5};
  std::vector<double> logp{-0.9, -0.2, -1.1, -0.7, -2.0};
  std::vector<double> const old_logp{-0.9, -0.6, -1.3, -0.7, -1.9};
  std::vector<double> const ref_logp{-1.0, -0.5, -1.2, -0.8, -1.8};
  std::vector<double> const adv{1.0, -1.0};

  auto const mine = sequence_mean(smooth_ratio{} + 0.01 * kl(k3));  // composes with everything that is there

  token_batch<host, double> batch{packed{cu_seqlens}};
  batch.logp = logp;
  batch.old_logp = old_logp;
  batch.ref_logp = ref_logp;
  batch.adv = per_sequence(adv);
  batch.totals = totals{5, 2};

  std::vector<double> dlogp(logp.size());
  std::printf("loss %.6f\n", loss(exec::cpu{}, mine, batch, outputs{dlogp}).loss);

  double worst = 0;
  for (std::size_t t = 0; t < logp.size(); ++t) {
    double const x = logp[t];
    logp[t] = x + 1e-6;
    double const above = loss(exec::cpu{}, mine, batch).loss;
    logp[t] = x - 1e-6;
    double const below = loss(exec::cpu{}, mine, batch).loss;
    logp[t] = x;
    worst = std::max(worst, std::abs((above - below) / 2e-6 - dlogp[t]));
  }
  std::printf("largest difference from finite differences %s\n", worst < 1e-8 ? "below 1e-8" : "too large");
}
