// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_rows.hpp>
#include <aha/loss/token_batch.hpp>

#include <vector>

/// One problem as plain memory, and the library's views of it however a host keeps it: whoever fills `views` from its own
/// arrays must get the bits that raw pointers get.
namespace host_arrays {

inline constexpr std::int64_t B = 3;
inline constexpr std::int64_t L = 5;
inline constexpr std::int64_t T = 12;
inline constexpr std::int64_t V = 7;
inline constexpr std::int64_t N = 6;

/// What goes in, row-major: `[B, L]` columns and mask, `[T]` columns, `[B, L, V]` logits, `[N]` rewards.
struct inputs {
  std::vector<float> logp, old_logp, ref_logp, adv, packed_logp, packed_old_logp, logits, reward;
  std::vector<std::uint8_t> mask;
  std::vector<std::int32_t> cu_seqlens{0, 4, 4, 12};
  std::vector<std::int64_t> targets, ids{5, -2, 5, -2, 5, 5};
  inputs();
};

/// What comes out, row-major.
struct results {
  std::vector<float> dlogp = std::vector<float>(B * L, -1), packed_dlogp = std::vector<float>(T, -1),
                     dlogits = std::vector<float>(B * L * V, -1), adv = std::vector<float>(N, -1);
  double loss = 0;
  double packed_loss = 0;
};

struct views {
  aha::column<float const> logp, old_logp, ref_logp;      // [B, L]
  aha::scoped<aha::column<float const>> adv;              // [B]
  aha::mask_view<> mask;                                  // [B, L]
  aha::outputs<float> out;                                // dlogp [B, L]
  aha::packed<> layout;                                   // [B + 1]
  aha::column<float const> packed_logp, packed_old_logp;  // [T]
  aha::outputs<float> packed_out;                         // dlogp [T]
  aha::logit_rows<> rows;                                 // [B, L, V] or [B * L, V], with targets
  aha::logit_gradient<> dlogits;                          // the same
  aha::span<float const> reward;                          // [N]
  aha::index_view<> ids;                                  // [N]
  aha::span<float> advantage;                             // [N]
};

/// Evaluates everything through the views; `loss` and `packed_loss` come back, arrays are written where the views say.
results evaluate(views const& v);
/// The oracle: the same from raw pointers.
results from_raw_pointers(inputs const& in);

}  // namespace host_arrays
