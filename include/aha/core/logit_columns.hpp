// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>
#include <aha/core/error.hpp>

AHA_NAMESPACE_BEGIN

/// Columns that `token_logp` fills, `[T]` or `[B, L]`; an absent one is not computed. T is double for float64 logits and
/// float otherwise. Meaning: `softmax_row`.
template <class T, class Space = host>
struct logp_outputs {
  column<T, Space> logp;
  column<T, Space> lse;
  column<T, Space> entropy;
  column<T, Space> max;
  column<T, Space> log_sum;
};

/// Writes a row's results, of any type that names them so, to the columns that are there, rounded once.
template <class T, class Space, class Row>
AHA_FN inline void put_row(logp_outputs<T, Space> const& out, std::int64_t i, std::int64_t t, Row const& r) {
  auto const put = [&](column<T, Space> const& c, auto x) {
    if (c.present()) c.row(i)[t] = static_cast<T>(x);
  };
  put(out.logp, r.logp);
  put(out.lse, r.lse);
  put(out.entropy, r.entropy);
  put(out.max, r.max);
  put(out.log_sum, r.log_sum);
}

/// Outcome of a row engine.
struct row_status {
  aha::status status;
  std::int64_t rows = 0;  ///< rows that took part: neither masked nor with target -100
};

/// What `token_logp` left for the backward, `[T]` or `[B, L]`. `entropy` is given where, and only where, `dentropy` is.
template <class T, class Space = host>
struct softmax_columns {
  column<T const, Space> max;
  column<T const, Space> log_sum;
  column<T const, Space> entropy;
};

/// The coefficients of each row: the loss's derivatives by its log-prob, its entropy and its log-sum-exp (of a z-loss).
/// At least one is there.
template <class T, class Space = host>
struct logit_coefficients {
  column<T const, Space> dlogp;
  column<T const, Space> dentropy;
  column<T const, Space> dlse;
};

AHA_NAMESPACE_END
