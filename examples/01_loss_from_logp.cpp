// SPDX-License-Identifier: MIT
// A GRPO loss and its gradient from log-probabilities: two prompts, two answers each, packed one behind the other.
// Build: g++ -std=c++17 -O2 -I include examples/01_loss_from_logp.cpp -pthread   (xsimd on the include path)
// prints: tokens 9, sequences 4
// prints: loss -0.364037
// prints: gradient of the first token -0.110688
// prints: clipped high 0.111111 of the tokens

#include <aha/aha.hpp>
#include <cstdio>
#include <vector>

int main() {
  using namespace aha;
  // Four answers of 3, 2, 1 and 3 tokens; the host's model gave their log-probabilities, the sampler the old ones.
  std::vector<std::int64_t> const cu_seqlens{0, 3, 5, 6, 9};
  std::vector<float> const logp{-0.9F, -0.2F, -1.1F, -0.7F, -2.0F, -0.4F, -1.5F, -0.3F, -0.6F};
  std::vector<float> const old_logp{-0.9F, -0.6F, -1.1F, -0.7F, -1.9F, -0.4F, -1.4F, -0.3F, -0.6F};
  std::vector<float> const ref_logp{-1.0F, -0.5F, -1.2F, -0.8F, -1.8F, -0.5F, -1.5F, -0.2F, -0.7F};
  std::vector<float> const adv{1.0F, -1.0F, -1.0F, 1.0F};

  auto const grpo = token_mean(clip{0.2, 0.28} + 0.04 * kl(k3));

  token_batch batch{packed{cu_seqlens}};
  batch.logp = logp;
  batch.old_logp = old_logp;
  batch.ref_logp = ref_logp;
  batch.adv = per_sequence(adv);
  auto const counted = count_totals(batch.layout);  // with several ranks or micro-batches: their sums
  batch.totals = totals{counted.tokens, counted.sequences};

  std::vector<float> dlogp(logp.size());
  loss_result const r = loss(exec::cpu{}, grpo, batch, outputs{dlogp});

  std::printf("objective %s\n", to_string(grpo).c_str());
  std::printf("tokens %lld, sequences %lld\n", static_cast<long long>(r.stats.tokens),
              static_cast<long long>(r.stats.sequences));
  std::printf("loss %.6f\n", r.loss);
  std::printf("gradient of the first token %.6f\n", static_cast<double>(dlogp[0]));
  std::printf("clipped high %.6f of the tokens\n",
              static_cast<double>(r.stats.clip_high) / static_cast<double>(r.stats.tokens));
}
