// SPDX-License-Identifier: MIT
#include "xtensor_oracle.hpp"

#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

namespace oracle {
namespace {

using array = xt::xtensor<double, 2>;

array tokens_of(problem const& p, std::vector<double> const& v, array const& m) {
  std::array<std::size_t, 2> const full{static_cast<std::size_t>(p.rows), static_cast<std::size_t>(p.width)};
  std::array<std::size_t, 2> const rows{full[0], 1};
  if (v.empty()) return xt::ones<double>(full);
  if (v.size() == full[0] * full[1]) {
    array const a = xt::adapt(v, full);
    return xt::where(m > 0.5, a, 0.0);
  }
  array const a = xt::adapt(v, rows);
  return xt::where(m > 0.5, xt::broadcast(a, full), 0.0);
}
array row_sum(array const& x) { return xt::sum(x, {1}, xt::keep_dims | xt::evaluation_strategy::immediate); }
/// Derivative of a clamp: 1 inside and on the bounds.
array inside(array const& x, double low, double high) { return xt::where(x >= low && x <= high, 1.0, 0.0); }

/// min(r A, clamp(r) A) with the sign of a loss, and its derivative by the ratio's log, as torch has it: an exact tie
/// takes half of each.
void surrogate(array const& r, array const& active, array const& adv, double low, double high, array& value,
               array& slope) {
  array const a = r * adv;
  array const b = xt::clip(r, low, high) * adv;
  array const da = a * active;
  array const db = a * active * inside(r, low, high);
  value = -xt::minimum(a, b);
  slope = -xt::where(a < b, da, xt::where(b < a, db, 0.5 * (da + db)));
}

}  // namespace

answer solve(problem const& p) {
  std::array<std::size_t, 2> const full{static_cast<std::size_t>(p.rows), static_cast<std::size_t>(p.width)};
  array const m = xt::adapt(p.mask, full);
  array const logp = tokens_of(p, p.logp, m);
  array const x = logp - tokens_of(p, p.old_logp, m);
  array const adv = tokens_of(p, p.adv, m);
  array const weight = tokens_of(p, p.weight, m);
  array const keep = tokens_of(p, p.keep, m);
  array const n = xt::maximum(row_sum(m), 1.0);
  array const S = row_sum(x) / n;

  array const token_ratio = xt::exp(xt::clip(x, -p.bound, p.bound));
  array const token_active = inside(x, -p.bound, p.bound);
  array const S_active = inside(S, -p.bound, p.bound);
  array const spread = xt::ones<double>(full);
  array const sequence_ratio = spread * xt::exp(xt::clip(S, -p.bound, p.bound));
  array const sequence_active = spread * S_active;

  // value, derivative by the token's own log-probability, derivative by its sequence's S
  array l = xt::zeros<double>(full);
  array own = xt::zeros<double>(full);
  array by_S = xt::zeros<double>(full);
  if (p.clip != 0) {
    array value;
    array slope;
    if (p.sequence_clip) {
      surrogate(sequence_ratio, sequence_active, adv, 1 - p.eps_low, 1 + p.eps_high, value, slope);
      by_S += p.clip * weight * slope;
    } else {
      surrogate(token_ratio, token_active, adv, 1 - p.eps_low, 1 + p.eps_high, value, slope);
      own += p.clip * weight * slope;
    }
    l += p.clip * weight * value;
  }
  if (p.kl != kl_form::none) {
    array const raw = tokens_of(p, p.ref_logp, m) - logp;
    array const d = xt::clip(raw, -p.bound, p.bound);
    array const pass = inside(raw, -p.bound, p.bound);
    array const k3 = xt::expm1(d) - d;
    array const k3_slope = -xt::expm1(d) * pass;  // by logp: d falls as logp rises
    array const f = p.weight_on_kl ? array(p.kl_coefficient * weight) : array(p.kl_coefficient * spread);
    switch (p.kl) {
      case kl_form::k1:
        l += f * (-d);
        own += f * pass;
        break;
      case kl_form::k2:
        l += f * (0.5 * d * d);
        own += f * (-d * pass);
        break;
      case kl_form::k3:
        l += f * k3;
        own += f * k3_slope;
        break;
      case kl_form::k3_grad_k2:
        l += f * k3;
        own += f * (-d * pass);
        break;
      case kl_form::k3_ratio:
        l += f * k3 * token_ratio;
        own += f * (k3_slope * token_ratio + k3 * token_ratio * token_active);
        break;
      default:
        l += f * k3 * sequence_ratio;
        own += f * k3_slope * sequence_ratio;
        by_S += f * k3 * sequence_ratio * sequence_active;
        break;
    }
  }

  array w = m * keep * p.scale;
  switch (p.main) {
    case reduction::token_mean: w = w / p.tokens; break;
    case reduction::sequence_mean: w = w / n / p.sequences; break;
    case reduction::sequence_sum: w = w / p.sequences; break;
    case reduction::constant_length: w = w / p.constant / p.sequences; break;
    default: break;
  }
  array const we = m * (p.scale * p.entropy_coefficient / p.entropy_tokens);
  array const entropy = tokens_of(p, p.entropy, m);
  array const token_loss = w * l + we * entropy;
  array const dlogp = w * own + m / n * row_sum(w * by_S);

  answer r;
  r.loss = xt::sum(token_loss)();
  r.magnitude = xt::sum(xt::abs(w * l) + xt::abs(we * entropy))();
  r.dlogp.assign(dlogp.begin(), dlogp.end());
  r.dentropy.assign(we.begin(), we.end());
  r.token_loss.assign(token_loss.begin(), token_loss.end());
  return r;
}

}  // namespace oracle
