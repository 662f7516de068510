// SPDX-License-Identifier: MIT
// Straight from logits: loss and dloss/dlogits in one call, at a temperature and with an entropy bonus. Log-probabilities
// and entropies are computed on the way; memory comes from the caller, so that nothing is allocated inside a step.
// prints: every logit: the derived gradient agrees to 1e-8
// prints: the ignored row: zeros

#include <aha/aha.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  using namespace aha;
  constexpr std::int64_t tokens = 5, vocabulary = 6;
  // Two answers of 3 and 2 tokens. The second token of the first is not the policy's own (a tool wrote it): -100.
  std::vector<std::int64_t> const cu_seqlens{0, 3, 5};
  std::vector<std::int64_t> const targets{2, -100, 0, 5, 1};
  std::vector<double> const old_logp{-1.6, 0, -2.3, -1.1, -1.9}, ref_logp{-1.8, 0, -2.0, -1.3, -1.7}, adv{1.0, -0.5};
  std::vector<double> logits(tokens * vocabulary);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 1.5 * std::sin(1.7 * static_cast<double>(i));

  auto const objective = token_mean(clip{0.2, 0.28} + 0.04 * kl(k3)) - 0.01 * token_mean(entropy{});
  logit_rows const rows{matrix<double const>(logits.data(), tokens, vocabulary), targets, 0.8};  // temperature 0.8

  token_batch<host, double> batch{packed{cu_seqlens}};
  batch.old_logp = old_logp;
  batch.ref_logp = ref_logp;
  batch.adv = per_sequence(adv);
  batch.totals = totals{4, 2};  // the ignored row is no token of the step

  std::vector<double> dlogits(logits.size());
  std::vector<std::byte> workspace(static_cast<std::size_t>(workspace_bytes(exec::cpu{}, objective, rows)));
  auto const loss_here = [&](logit_gradient<host> const& to) {
    return loss_from_logits(exec::cpu{}, objective, rows, batch, to, workspace);
  };
  loss_result const r = loss_here(matrix<double>(dlogits.data(), tokens, vocabulary));
  std::printf("objective %s\n", to_string(objective).c_str());
  std::printf("workspace %zu bytes for %lld rows\n", workspace.size(), static_cast<long long>(tokens));
  std::printf("loss %.6f, of which the policy %.6f, the entropy bonus %.6f\n", r.loss, r.stats.part_loss[0],
              r.stats.part_loss[1]);

  // The same derivative by moving one logit at a time: it costs two evaluations a logit, and shows that nothing is missing.
  auto const by_difference = [&](std::size_t i) {
    double const x = logits[i], h = 1e-5;
    logits[i] = x + h;
    double const above = loss_here({}).loss;
    logits[i] = x - h;
    double const below = loss_here({}).loss;
    logits[i] = x;
    return (above - below) / (2 * h);
  };
  std::printf("\n  logit      derived    by difference\n");
  for (std::size_t const i : {0U, 2U, 8U, 20U}) {
    std::printf("  [%zu, %zu]  %11.8f  %11.8f\n", i / vocabulary, i % vocabulary, dlogits[i], by_difference(i));
  }
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) worst = std::max(worst, std::abs(by_difference(i) - dlogits[i]));
  bool const ignored = std::all_of(&dlogits[vocabulary], &dlogits[2 * vocabulary], [](double g) { return g == 0; });
  std::printf("every logit: the derived gradient agrees to %s\n", worst < 1e-8 ? "1e-8" : "less than it should");
  std::printf("the ignored row: %s\n", ignored ? "zeros" : "not zero");
  return worst < 1e-8 && ignored ? 0 : 1;
}
