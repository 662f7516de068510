// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/from_logits.hpp>
#include <cstddef>

AHA_NAMESPACE_BEGIN

/// Memory that `loss_from_logits` lays its columns out in must begin at a multiple of this.
inline constexpr std::int64_t workspace_alignment = 8;

/// The per-row columns of one `loss_from_logits`: up to eight of T, and one byte a row for the effective mask.
template <class T>
struct logits_workspace {
  column<T> logp, entropy, lse, max, log_sum, dlogp, dentropy, dlse;
  std::uint8_t* mask = nullptr;
  std::int64_t bytes = 0;

  /// Lays the columns out from `base`, each shaped beside the logits. With a null base only `bytes` is meaningful.
  logits_workspace(logit_layout const& l, std::byte* base, logits_columns const& wanted) {
    auto const take = [&](bool there) {
      if (!there) return column<T>();
      T* const at = base == nullptr ? nullptr : reinterpret_cast<T*>(base + bytes);
      bytes += l.size() * static_cast<std::int64_t>(sizeof(T));
      return l.rank == 2 ? column<T>(span<T>(at, l.rows)) : column<T>(matrix<T>(at, l.outer, l.rows));
    };
    logp = take(true);
    entropy = take(wanted.entropy);
    lse = take(wanted.lse);
    max = take(wanted.gradient);
    log_sum = take(wanted.gradient);
    dlogp = take(wanted.gradient);
    dentropy = take(wanted.dentropy);
    dlse = take(wanted.dlse);
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
