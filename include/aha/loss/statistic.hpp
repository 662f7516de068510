// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/type_list.hpp>
#include <aha/loss/token.hpp>

AHA_NAMESPACE_BEGIN

// A sequence statistic is S_i = a_i sum_t m_t g(x_t) over the mask, a_i = 1 or 1/n_i. It is an input of terms and is
// differentiated exactly: the engine adds (sum_u w_u dl_u/dS) a_i m_t g'(x_t) to every token's gradient.

/// What terms without a statistic name.
struct no_statistic {};

/// Mean over the mask of log pi - log pi_old: the log of GSPO's sequence ratio (arXiv:2507.18071, eq. 7). n_i is the mask
/// count, or the given `length` where a sequence is split over ranks.
struct mean_log_ratio {
  static constexpr unsigned needs = reads::logp | reads::old_logp;
  static constexpr bool mean = true;
  template <class V>
  AHA_FN static V map(token<V> const& t) {
    return t.logp - t.old_logp;
  }
};

/// Every statistic; a leaf's slot is its position here.
using statistics = type_list<mean_log_ratio>;

AHA_NAMESPACE_END
