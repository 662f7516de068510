// SPDX-License-Identifier: MIT
// A torch C++ extension with the default flags of torch.utils.cpp_extension: torch's tensors as DLPack, torch's own threads.
#include <ATen/DLConvertor.h>
#include <ATen/Parallel.h>
#include <torch/extension.h>

#include <aha/cpu/loss.hpp>
#include <aha/interop/dlpack.hpp>
#include <aha/loss/clip.hpp>
#include <aha/loss/kl.hpp>
#include <memory>

namespace {

/// Looks at a tensor for the time of a call. The structure is torch's: the functions of aha::dlpack take it as it is.
struct borrowed {
  DLManagedTensor* managed;
  explicit borrowed(at::Tensor const& x) : managed(at::toDLPack(x)) {}
  borrowed(borrowed const&) = delete;
  ~borrowed() { managed->deleter(managed); }
  DLTensor const& operator*() const { return managed->dl_tensor; }
};

/// Loss by sequence mean over [T] columns; fills `dlogp`.
double evaluate(at::Tensor const& logp, at::Tensor const& old_logp, at::Tensor const& ref_logp, at::Tensor const& adv,
                at::Tensor const& cu_seqlens, at::Tensor const& dlogp) {
  using namespace aha;
  borrowed const l(logp), o(old_logp), r(ref_logp), a(adv), c(cu_seqlens), d(dlogp);
  auto const objective = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
  token_batch batch{packed{dlpack::index_of(*c, "cu_seqlens")}};
  batch.logp = dlpack::column_of<float const>(*l, "logp");
  batch.old_logp = dlpack::column_of<float const>(*o, "old_logp");
  batch.ref_logp = dlpack::column_of<float const>(*r, "ref_logp");
  batch.adv = per_sequence(dlpack::column_of<float const>(*a, "adv"));
  batch.totals = totals{logp.numel(), adv.numel()};
  auto const threads_of_torch = [](std::int64_t count, loop_body body) {
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) body(i);
    });
  };
  return loss(exec::on(threads_of_torch), objective, batch, outputs{dlpack::column_of<float>(*d, "dlogp")}).loss;
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("evaluate", &evaluate); }
