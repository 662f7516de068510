// SPDX-License-Identifier: MIT
// What a shared object with kernels computes: the loss of two sequences and its gradient, from one function named by the
// build (GUEST). test_two_versions.py loads several of them into one process.
#include <aha/cuda/loss.cuh>
#include <aha/loss/clip.hpp>
#include <aha/loss/kl.hpp>
#include <vector>

namespace {

template <class T>
struct on_device {
  T* data = nullptr;
  std::int64_t n = 0;
  explicit on_device(std::vector<T> const& from) : n(static_cast<std::int64_t>(from.size())) {
    if (cudaMalloc(&data, from.size() * sizeof(T)) != cudaSuccess) std::abort();
    if (cudaMemcpy(data, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice) != cudaSuccess) std::abort();
  }
  on_device(on_device const&) = delete;
  on_device& operator=(on_device const&) = delete;
  ~on_device() { cudaFree(data); }
  [[nodiscard]] aha::span<T const, aha::device> in() const { return {data, n}; }
  [[nodiscard]] aha::span<T, aha::device> out() const { return {data, n}; }
};

}  // namespace

/// Fills `dlogp` [5] and gives the loss.
extern "C" double GUEST(float* dlogp) {
  using namespace aha;
  on_device<std::int64_t> const cu({0, 3, 5});
  on_device<float> const logp({-0.9F, -0.2F, -1.1F, -0.7F, -2.0F}), old_logp({-0.9F, -0.6F, -1.1F, -0.7F, -1.9F}),
      ref_logp({-1.0F, -0.5F, -1.2F, -0.8F, -1.8F}), adv({1.0F, -1.0F}), gradient(std::vector<float>(5));
  on_device<loss_record> const record(std::vector<loss_record>(1));
  auto const objective = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
  token_batch<device> batch(packed<device>(cu.in()));
  batch.logp = logp.in();
  batch.old_logp = old_logp.in();
  batch.ref_logp = ref_logp.in();
  batch.adv = per_sequence(adv.in());
  batch.totals = totals(5, 2);
  on_device<std::byte> const space(
      std::vector<std::byte>(static_cast<std::size_t>(workspace_bytes(exec::cuda{}, objective, batch))));
  outputs<float, device> out;
  out.dlogp = gradient.out();
  loss(exec::cuda{}, objective, batch, out, record.data, space.out());
  loss_record result;
  if (cudaMemcpy(&result, record.data, sizeof result, cudaMemcpyDeviceToHost) != cudaSuccess) std::abort();
  if (cudaMemcpy(dlogp, gradient.data, 5 * sizeof(float), cudaMemcpyDeviceToHost) != cudaSuccess) std::abort();
  return result.loss;
}
