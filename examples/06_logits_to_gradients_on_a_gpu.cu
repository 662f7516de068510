// SPDX-License-Identifier: MIT
// From a model's logits to their gradient on a CUDA stream: each logit is read once, its gradient written once, in place.
//
//   nvcc -std=c++17 -arch=native -I include -I cuda examples/06_logits_to_gradients_on_a_gpu.cu -o logits && ./logits
#include <aha/cuda/loss_from_logits.cuh>
#include <cstdio>
#include <vector>

using namespace aha;

/// A few numbers in device memory: what a trainer's tensors are.
template <class T>
static span<T, device> on_device(std::vector<T> const& from, std::size_t n = 0) {
  T* p = nullptr;
  if (n < from.size()) n = from.size();
  if (cudaMalloc(&p, n * sizeof(T)) != cudaSuccess) std::exit(1);
  cudaMemcpy(p, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice);
  return {p, static_cast<std::int64_t>(n)};
}

int main() {
  std::int64_t const tokens = 5, vocabulary = 32000;  // two answers, one behind the other
  std::vector<bfloat16> model;
  for (std::int64_t i = 0; i < tokens * vocabulary; ++i) {
    model.push_back(to_bfloat16(static_cast<float>(i * 2654435761 % 1000) / 250.0F));
  }
  auto const logits = on_device(model);
  auto const targets = on_device<std::int64_t>({17, 4, 31999, 256, 9});
  auto const cu_seqlens = on_device<std::int32_t>({0, 3, 5});
  auto const old_logp = on_device<float>({-10.2F, -11.0F, -9.8F, -10.5F, -10.1F});
  auto const adv = on_device<float>({1.0F, -1.0F});

  auto const objective = sequence_mean(clip{0.2, 0.28}) - 0.001 * token_mean(entropy{});
  token_batch batch{packed{cu_seqlens}};
  batch.old_logp = span<float const, device>(old_logp);
  batch.adv = per_sequence(span<float const, device>(adv));
  batch.totals = totals(5, 2);  // of the whole optimiser step, over all ranks and micro-batches

  bfloat16* const data = logits.data_handle();
  logit_rows<device> const rows(matrix<bfloat16 const, device>(data, tokens, vocabulary), targets);
  logit_gradient<device> gradient(matrix<bfloat16, device>(data, tokens, vocabulary));
  gradient.inplace = true;  // the gradient overwrites the logits

  cudaStream_t stream;
  cudaStreamCreate(&stream);
  exec::cuda const here{stream};
  auto const workspace =
      on_device<std::byte>({}, static_cast<std::size_t>(workspace_bytes(here, objective, rows, batch)));
  auto const record = on_device<loss_record>({}, 1);
  loss_from_logits(here, objective, rows, batch, gradient, record.data_handle(),
                   workspace);  // enqueues, returns at once

  loss_record r;
  cudaMemcpyAsync(&r, record.data_handle(), sizeof r, cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  std::printf("loss %.6f\n", r.loss);
  r.stats.for_each([](char const* name, double x) { std::printf("%-12s %.6f\n", name, x); });
  return r.loss == r.loss ? 0 : 1;
}
