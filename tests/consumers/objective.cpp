// SPDX-License-Identifier: MIT
// What every consumer computes: the loss of two sequences and its gradient, from one function named by the build.
#include <aha/cpu/loss.hpp>
#include <aha/loss/clip.hpp>
#include <aha/loss/kl.hpp>
#include <aha/version.hpp>
#include <vector>
#if defined(_OPENMP)
#include <aha/core/openmp.hpp>
#endif

#ifndef CONSUMER
#define CONSUMER evaluate
#endif

/// Fills `dlogp` [5]; gives the loss, or NaN where the OpenMP executor gives another one.
extern "C" double CONSUMER(float* dlogp) {
  using namespace aha;
  std::vector<std::int64_t> const cu_seqlens{0, 3, 5};
  std::vector<float> const logp{-0.9F, -0.2F, -1.1F, -0.7F, -2.0F}, old_logp{-0.9F, -0.6F, -1.1F, -0.7F, -1.9F};
  std::vector<float> const ref_logp{-1.0F, -0.5F, -1.2F, -0.8F, -1.8F}, adv{1.0F, -1.0F};
  auto const objective = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
  token_batch batch{packed{cu_seqlens}};
  batch.logp = logp;
  batch.old_logp = old_logp;
  batch.ref_logp = ref_logp;
  batch.adv = per_sequence(adv);
  batch.totals = totals{5, 2};
  double const value = loss(exec::cpu{2}, objective, batch, outputs{span(dlogp, 5)}).loss;
#if defined(_OPENMP)
  if (loss(exec::on(openmp_executor{2}), objective, batch).loss != value) return 0.0 / 0.0;
#endif
  return value;
}
/// The version that this unit was compiled with, as MAJOR * 100 + MINOR.
#define AHA_CONSUMER_JOIN(name) name##_version
#define AHA_CONSUMER_VERSION(name) AHA_CONSUMER_JOIN(name)
extern "C" int AHA_CONSUMER_VERSION(CONSUMER)() { return AHA_VERSION_MAJOR * 100 + AHA_VERSION_MINOR; }
