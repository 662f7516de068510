// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/term.hpp>

AHA_NAMESPACE_BEGIN

/// Entropy of the token's distribution:  l = H = -sum_v p_v log p_v, in nats. Give it a negative coefficient for a bonus.
/// From logits H is computed (at the logits' temperature) and its gradient flows to the logits; from log-probabilities
/// it is an active input column and the output `dentropy` is d loss / d H, which the host chains. Reads entropy.
struct entropy : term {
  static constexpr std::string_view name = "entropy";
  static constexpr std::string_view formula = "H";
  static constexpr std::string_view paper = "";
  static constexpr unsigned needs = reads::entropy;

  template <class V>
  AHA_FN V operator()(token<V> const& t) const {
    return t.entropy;
  }
  template <class F>
  static constexpr void params(F&&) {}
};

AHA_NAMESPACE_END
