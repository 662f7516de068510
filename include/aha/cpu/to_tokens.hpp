// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/measure.hpp>
#include <aha/loss/check_to_tokens.hpp>

AHA_NAMESPACE_BEGIN

/// One value a sequence, written at each of its tokens, 0 where masked or outside: for hosts that want advantages as a
/// token column (whitening over tokens, terms of their own). `loss` itself takes `per_sequence(adv)` and needs none.
///
///   to_tokens(exec::cpu{}, adv, packed{cu_seqlens}, out, mask);
///
/// values [B]; out [T] (packed) or [B, L] (padded) of the same type; mask like out, beside or instead of the one that the
/// layout has. Every entry of out is written. Values are copied bit for bit, NaN too.
template <class Exec, class Values, class Out>
status to_tokens(Exec const& exec, Values const& values, layout<host> const& l, Out&& out, mask_view<host> mask = {}) {
  using T = column_scalar_t<Values const>;
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  static_assert(is_column_scalar<T> && std::is_same_v<std::remove_pointer_t<decltype(column(out).data)>, T>,
                "aha: to_tokens takes host values of float or double and a writable output of the same type");
  column<T const, host> const from = column(values);
  column<T, host> const to = column(out);
  if (status const bad = check_to_tokens(from, l, to, mask); !bad.ok()) {
    struct failed {
      aha::status status;
    };
    return fail<failed>(bad).status;
  }

  mask_view<host> m = mask.present() ? mask : l.mask;
  if (!l.is_packed() && m.rank == 1) m.row_stride = l.width;
  std::int64_t const stride = to.rank == 2 ? to.row_stride : l.width;
  constexpr std::int64_t sequences_a_piece = 64;
  run_parallel(exec, (l.sequences + sequences_a_piece - 1) / sequences_a_piece, [&](std::int64_t p) {
    std::int64_t const last = std::min(l.sequences, (p + 1) * sequences_a_piece);
    for (std::int64_t i = p * sequences_a_piece; i < last; ++i) {
      T const value = from.data[i];
      T* const row = to.data + l.row(i) * stride;
      std::int64_t const begin = l.begin(i);
      std::int64_t const end = l.end(i);
      for (std::int64_t t = begin; t < end; ++t) row[t] = !m.present() || m.at(l.row(i), t) ? value : T(0);
      if (!l.is_packed()) std::fill(row + end, row + l.width, T(0));
    }
  });
  return {};
}

AHA_NAMESPACE_END
