// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/term.hpp>

AHA_NAMESPACE_BEGIN

/// Clipped value loss:  l = max((v - R)^2, (clamp(v, v_old - eps, v_old + eps) - R)^2) / 2
/// PPO's critic as every trainer has it (verl, OpenRLHF, TRL; the paper, arXiv:1707.06347 eq. 9, has no clip). The larger
/// of the two is taken: a step beyond eps earns nothing, a step back is not limited. Reads value, old_value, returns, in
/// units of return. eps >= 0; infinite means no clip. Gradient to `value` alone, in the output `dvalue`.
/// Ties as in torch: at v = v_old +- eps the token counts as unclipped; where both squares are equal for another reason
/// each gives half.
/// Deviation: without a factor of its own; slime leaves the 1/2 out.
struct value_loss : term {
  static constexpr std::string_view name = "value_loss";
  static constexpr std::string_view formula = "max((v - R)^2, (clamp(v, v_old - eps, v_old + eps) - R)^2) / 2";
  static constexpr std::string_view paper = "1707.06347";
  static constexpr unsigned needs = reads::value | reads::old_value | reads::returns;
  static constexpr unsigned sides = clips::value;
  template <class V>
  using record = value_token<V>;
  double eps = 0.2;

  constexpr value_loss() = default;
  constexpr explicit value_loss(double e) : eps(e) {}

  template <class V>
  AHA_FN V operator()(value_token<V> const& t) const {
    using P = passive_t<V>;
    V const raw = t.value - t.returns;
    V const limited = limited_error(t);
    return math::max(raw * raw, limited * limited) * lane<P>(0.5);
  }
  /// Value: the limited prediction's error is the larger one; the token has no gradient.
  template <class V>
  AHA_FN clip_side<V> clipped(value_token<V> const& t) const {
    V const raw = t.value - t.returns;
    V const limited = limited_error(t);
    mask_t<V> const none = math::abs(raw) < lane<passive_t<V>>(0);
    return {none, none, none, limited * limited > raw * raw};
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("eps", &value_loss::eps, non_negative, "how far the prediction may move from old_value, in units of return");
  }

 private:
  /// The prediction within eps of old_value, minus the return.
  template <class V>
  AHA_FN V limited_error(value_token<V> const& t) const {
    using P = passive_t<V>;
    P const far = lane<P>(eps);
    V const step = t.value - t.old_value;
    // Selected, not clamped: a NaN in value or old_value makes `step` NaN, and that has to show.
    P const zero = lane<P>(0);
    V const edge =
        math::select(step > zero, V(t.old_value + far), math::select(step < zero, V(t.old_value - far), step));
    return math::select(step <= far && step >= -far, t.value, edge) - t.returns;
  }
};

AHA_NAMESPACE_END
