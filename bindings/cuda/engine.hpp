// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <aha/advantage/dynamic.hpp>
#include <aha/core/groups.hpp>
#include <aha/core/logit_columns.hpp>
#include <aha/core/logit_rows.hpp>
#include <aha/core/softmax_partial.hpp>
#include <aha/cuda/record.cuh>
#include <aha/loss/dynamic.hpp>
#include <aha/loss/token_batch.hpp>
#include <optional>
#include <vector>

#include "../whitening_method.hpp"

/// The CUDA engine as the glue calls it: kernels are compiled by nvcc in kernels_*.cu, a group of them a file, and the rest
/// of the module by the host's compiler. Calls throw what the entry points of `aha::` throw.
namespace aha_python::engine {

template <class T>
using device_batch = aha::token_batch<aha::device, T>;
using workspace = aha::span<std::byte, aha::device>;

template <class T>
std::int64_t loss_bytes(aha::dynamic_objective const& objective, device_batch<T> const& batch, unsigned observed);
template <class T>
void loss(cudaStream_t stream, aha::dynamic_objective const& objective, device_batch<T> const& batch,
          aha::outputs<T, aha::device> const& out, aha::loss_record* record, workspace w, unsigned observed);

std::int64_t loss_from_logits_bytes(aha::dynamic_objective const& objective, aha::logit_rows<aha::device> const& rows,
                                    device_batch<float> const& batch, unsigned observed);
void loss_from_logits(cudaStream_t stream, aha::dynamic_objective const& objective,
                      aha::logit_rows<aha::device> const& rows, device_batch<float> const& batch,
                      aha::logit_gradient<aha::device> const& dlogits, aha::loss_record* record, workspace w,
                      unsigned observed, aha::outputs<float, aha::device> const& out);

/// to = the loss of a record that a call before on this stream leaves, a double where it is `wide`, else a float.
void store_loss(cudaStream_t stream, aha::loss_record const* record, void* to, bool wide);

void token_logp(cudaStream_t stream, aha::logit_rows<aha::device> const& rows, aha::mask_view<aha::device> const& mask,
                aha::logp_outputs<float, aha::device> const& out, std::int64_t* bad_targets);
void logits_gradient(cudaStream_t stream, aha::logit_rows<aha::device> const& rows,
                     aha::mask_view<aha::device> const& mask, aha::softmax_columns<float, aha::device> const& softmax,
                     aha::logit_coefficients<float, aha::device> const& by,
                     aha::logit_gradient<aha::device> const& dlogits);

using partials = aha::column<aha::softmax_partial, aha::device>;
using given_partials = aha::column<aha::softmax_partial const, aha::device>;
void softmax_partials(cudaStream_t stream, aha::logit_rows<aha::device> const& rows,
                      aha::mask_view<aha::device> const& mask, bool entropy, partials const& out);
void merge_partials(cudaStream_t stream, std::vector<given_partials> const& shards, double temperature,
                    partials const& out);
template <class T>
void token_logp_from_partials(cudaStream_t stream, given_partials const& from, double temperature,
                              aha::logp_outputs<T, aha::device> const& out);

void scale_gradient(cudaStream_t stream, aha::logit_rows<aha::device> const& from, void const* factor,
                    aha::logit_gradient<aha::device> const& to);

using device_mask = aha::mask_view<aha::device>;
using device_groups = aha::groups<aha::device>;
using given_moments = std::optional<aha::moments>;
std::int64_t advantages_bytes(aha::advantage::dynamic_group const& method, device_groups const& by, bool batch);
template <class T>
void advantages(cudaStream_t stream, aha::advantage::dynamic_group const& method,
                aha::span<T const, aha::device> reward, device_groups const& by, aha::span<T, aha::device> adv,
                aha::advantage_record* record, workspace w, device_mask const& valid, given_moments const& batch);

std::int64_t column_bytes();
template <class T>
void measure(cudaStream_t stream, aha::column<T const, aha::device> const& x, aha::column_record* record, workspace w,
             device_mask const& mask);
template <class T>
void whiten(cudaStream_t stream, whitening_method const& method, aha::column<T const, aha::device> const& x,
            aha::column<T, aha::device> const& out, aha::column_record* record, workspace w, device_mask const& mask,
            given_moments const& moments);
template <class T>
void to_tokens(cudaStream_t stream, aha::column<T const, aha::device> const& values,
               aha::layout<aha::device> const& layout, aha::column<T, aha::device> const& out, device_mask const& mask);

}  // namespace aha_python::engine
