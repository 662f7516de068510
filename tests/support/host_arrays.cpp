// SPDX-License-Identifier: MIT
#include "host_arrays.hpp"

#include "engines.hpp"

#include <aha/cpu/advantages.hpp>
#include <aha/cpu/logits_gradient.hpp>
#include <aha/loss/parse.hpp>
#include <random>

namespace host_arrays {

using namespace aha;

inputs::inputs() {
  std::mt19937 random(71);
  std::normal_distribution<float> normal;
  auto const fill = [&](std::vector<float>& to, std::int64_t n, float centre, float spread) {
    for (std::int64_t k = 0; k < n; ++k) to.push_back(centre + spread * normal(random));
  };
  fill(logp, B * L, -1.0F, 0.2F);
  fill(old_logp, B * L, -1.0F, 0.2F);
  fill(ref_logp, B * L, -1.0F, 0.2F);
  fill(adv, B, 0.3F, 1.0F);
  fill(packed_logp, T, -1.0F, 0.2F);
  fill(packed_old_logp, T, -1.0F, 0.2F);
  fill(logits, B * L * V, 0.0F, 2.0F);
  fill(reward, N, 0.5F, 1.0F);
  for (std::int64_t k = 0; k < B * L; ++k) {
    mask.push_back(k % 4 != 3 ? 1 : 0);
    targets.push_back(k == 8 ? -100 : static_cast<std::int64_t>(random() % V));
  }
}

results evaluate(views const& v) {
  results r;
  token_batch<> batch{padded<>(B, L)};
  batch.logp = v.logp;
  batch.old_logp = v.old_logp;
  batch.ref_logp = v.ref_logp;
  batch.adv = v.adv;
  batch.mask = v.mask;
  batch.totals = totals(11, 3);
  r.loss = loss(exec::cpu{1}, parse("token_mean(clip() + 0.1 * kl())"), batch, v.out, observe::none).loss;

  token_batch<> flat{v.layout};
  flat.logp = v.packed_logp;
  flat.old_logp = v.packed_old_logp;
  flat.adv = v.adv;
  flat.totals = totals(12, 2);
  r.packed_loss = loss(exec::cpu{1}, parse("sequence_mean(clip())"), flat, v.packed_out, observe::none).loss;

  bool const flat_rows = v.rows.rank == 2;
  auto const column_beside = [&](std::vector<float>& x) {
    return flat_rows ? column<float>(span<float>(x)) : column<float>(matrix<float>(x.data(), B, L));
  };
  std::vector<float> max(B * L), log_sum(B * L), ones(B * L, 1.0F);
  logp_outputs<float> forward;
  forward.max = column_beside(max);
  forward.log_sum = column_beside(log_sum);
  token_logp(exec::cpu{1}, v.rows, {}, forward);
  softmax_columns<float> softmax;
  softmax.max = column_beside(max);
  softmax.log_sum = column_beside(log_sum);
  logit_coefficients<float> by;
  by.dlogp = column_beside(ones);
  logits_gradient(exec::cpu{1}, v.rows, {}, softmax, by, v.dlogits);

  advantages(exec::cpu{1}, advantage::grpo, v.reward, groups<>::by_id(v.ids), v.advantage);
  return r;
}

results from_raw_pointers(inputs const& in) {
  results want;
  views v;
  v.logp = matrix(in.logp.data(), B, L);
  v.old_logp = matrix(in.old_logp.data(), B, L);
  v.ref_logp = matrix(in.ref_logp.data(), B, L);
  v.adv = per_sequence(span(in.adv.data(), B));
  v.mask = matrix(in.mask.data(), B, L);
  v.out = outputs{matrix(want.dlogp.data(), B, L)};
  v.layout = packed{span(in.cu_seqlens.data(), B + 1)};
  v.packed_logp = span(in.packed_logp.data(), T);
  v.packed_old_logp = span(in.packed_old_logp.data(), T);
  v.packed_out = outputs{span(want.packed_dlogp.data(), T)};
  v.rows = logit_rows{cube(in.logits.data(), B, L, V), matrix(in.targets.data(), B, L), 0.9};
  v.dlogits = logit_gradient{cube(want.dlogits.data(), B, L, V)};
  v.reward = span(in.reward.data(), N);
  v.ids = span(in.ids.data(), N);
  v.advantage = span(want.adv.data(), N);
  results const losses = evaluate(v);
  want.loss = losses.loss;
  want.packed_loss = losses.packed_loss;
  return want;
}

}  // namespace host_arrays
