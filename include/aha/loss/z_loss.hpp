// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/term.hpp>

AHA_NAMESPACE_BEGIN

/// Log-sum-exp penalty:  l = lse^2,  lse = log sum_v e^(x_v / tau)
/// Keeps logits from drifting (PaLM, arXiv:2204.02311 section 5, with coefficient 1e-4). From logits lse is computed (at
/// the logits' temperature) and its gradient flows to them; from log-probabilities it is an active input column and the
/// output `dlse` is d loss / d lse, which the host chains. Reads lse. Nats.
struct z_loss : term {
  static constexpr std::string_view name = "z_loss";
  static constexpr std::string_view formula = "lse^2";
  static constexpr std::string_view paper = "2204.02311";
  static constexpr unsigned needs = reads::lse;

  template <class V>
  AHA_FN V operator()(token<V> const& t) const {
    return t.lse * t.lse;
  }
  template <class F>
  static constexpr void params(F&&) {}
};

AHA_NAMESPACE_END
