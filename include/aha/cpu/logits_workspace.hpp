// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_rows.hpp>
#include <aha/loss/check_batch.hpp>
#include <cstddef>

AHA_NAMESPACE_BEGIN

/// Memory that `loss_from_logits` lays its columns out in must begin at a multiple of this.
inline constexpr std::int64_t workspace_alignment = 8;

/// True where entropy has to be computed: a term that contributes reads it, or an observer asked for by name.
template <class Objective>
bool wants_entropy(Objective const& objective, unsigned observed) {
  return ((needs_of_objective(objective).active | reads_of_observers(observed)) & reads::entropy) != 0;
}
/// True where the objective has a gradient by entropy.
template <class Objective>
bool wants_dentropy(Objective const& objective) {
  return (needs_of_objective(objective).active & reads::entropy) != 0;
}

/// The per-row columns of one `loss_from_logits`: up to six of T, and one byte a row for the effective mask.
template <class T>
struct logits_workspace {
  column<T> logp, entropy, max, log_sum, dlogp, dentropy;
  std::uint8_t* mask = nullptr;
  std::int64_t bytes = 0;

  /// Lays the columns out from `base`, each shaped beside the logits. With a null base only `bytes` is meaningful.
  logits_workspace(logit_layout const& l, std::byte* base, bool with_entropy, bool with_gradient, bool with_dentropy) {
    auto const take = [&](bool wanted) {
      if (!wanted) return column<T>();
      T* const at = base == nullptr ? nullptr : reinterpret_cast<T*>(base + bytes);
      bytes += l.size() * static_cast<std::int64_t>(sizeof(T));
      return l.rank == 2 ? column<T>(span<T>(at, l.rows)) : column<T>(matrix<T>(at, l.outer, l.rows));
    };
    logp = take(true);
    entropy = take(with_entropy);
    max = take(with_gradient);
    log_sum = take(with_gradient);
    dlogp = take(with_gradient);
    dentropy = take(with_gradient && with_dentropy);
    if (base != nullptr) mask = reinterpret_cast<std::uint8_t*>(base + bytes);
    bytes += l.size();
  }
  /// The effective mask, shaped beside the logits.
  mask_view<host> mask_of(logit_layout const& l) const {
    std::uint8_t const* const at = mask;
    return l.rank == 2 ? mask_view<host>(span<std::uint8_t const>(at, l.rows))
                       : mask_view<host>(matrix<std::uint8_t const>(at, l.outer, l.rows));
  }
};

AHA_NAMESPACE_END
