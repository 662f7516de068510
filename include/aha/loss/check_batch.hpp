// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/region.hpp>
#include <aha/loss/validate.hpp>

AHA_NAMESPACE_BEGIN

/// Columns that observers asked for by name need.
constexpr unsigned reads_of_observers(unsigned observed) {
  unsigned r = 0;
  if ((observed & (observe::old_kl | observe::ratio | observe::ess | observe::chi_square)) != 0) r |= reads::old_logp;
  if ((observed & observe::ref_kl) != 0) r |= reads::ref_logp;
  if ((observed & observe::entropy) != 0) r |= reads::entropy;
  return r;
}

/// Outputs: shapes, rows apart from each other, no memory shared with an input or another output.
template <class T>
void check_outputs(std::string_view function, batch_check<T>& check, token_batch<host, T> const& b,
                   outputs<T, host> const& out) {
  auto const shape = [&](std::string_view name, column<T, host> const& c) {
    if (!c.present()) return;
    check.tokens(name, c);
    if (c.rank == 2 && c.rows > 1 && c.row_stride < c.width) {
      check.fail(name, "rows that do not overlap", text("a row stride of ", c.row_stride));
    }
  };
  shape("dlogp", out.dlogp);
  shape("dentropy", out.dentropy);
  shape("token_loss", out.token_loss);
  if (!check.result().ok()) return;
  // Named arrays: nvcc's front end garbles nested brace lists in a template.
  place const written[] = {place{"dlogp", region(out.dlogp)}, place{"dentropy", region(out.dentropy)},
                           place{"token_loss", region(out.token_loss)}};
  place const read[] = {place{"logp", region(b.logp)},
                        place{"old_logp", region(static_cast<column<T const, host> const&>(b.old_logp))},
                        place{"ref_logp", region(b.ref_logp)},
                        place{"entropy", region(b.entropy)},
                        place{"adv", region(b.adv.values)},
                        place{"weight", region(b.weight.values)},
                        place{"keep", region(b.keep.values)},
                        place{"mask", region(b.mask.present() ? b.mask : b.layout.mask)},
                        place{"length", region(b.length)},
                        place{"layout", region(b.layout.index)}};
  check.take(check_apart(function, written, read));
}

/// Everything that `loss` checks before it writes. `computed` names columns that the caller computes itself (from
/// logits: logp and entropy); giving them raises.
template <class Objective, class T>
status check_batch(std::string_view function, Objective const& objective, token_batch<host, T> const& b,
                   outputs<T, host> const& out, unsigned observed, unsigned computed = 0) {
  status s = check_objective(function, objective);
  if (!s.ok()) return s;
  batch_check<T> check(function, b);
  if ((observed & ~(observe::all | observe::defaults)) != 0)
    check.fail("observe", "known observers", "an unknown flag");

  bool const from_logits = (computed & reads::logp) != 0;
  if (from_logits && b.logp.present()) check.fail("logp", "no column (it is computed from the logits)", "one");
  if (from_logits && b.entropy.present()) check.fail("entropy", "no column (it is computed from the logits)", "one");
  if (!from_logits && !b.logp.present()) check.fail("logp", "a column", "none");
  if (!check.result().ok()) return check.result();
  std::int64_t const given = b.logp.rank == 2 ? b.logp.rows * b.logp.width : b.logp.width;
  check.shape(from_logits ? b.layout.entries() : given);
  if (!check.result().ok()) return check.result();
  if (!from_logits) check.tokens("logp", b.logp);

  objective_needs const n = needs_of_objective(objective);
  unsigned const asked = reads_of_observers(observed);
  check.presence("old_logp", b.old_logp.given(), reads::old_logp, n, asked);
  check.presence("ref_logp", b.ref_logp.present(), reads::ref_logp, n, asked);
  if (!from_logits) check.presence("entropy", b.entropy.present(), reads::entropy, n, asked);
  check.presence("adv", b.adv.present(), reads::adv, n, 0);
  check.presence("weight", b.weight.present(), reads::weight, n, 0);
  check.presence("keep", b.keep.present(), reads::keep, n, 0);
  if (b.length.present() && !n.length)
    check.fail("length", "no column (nothing divides by a sequence's length)", "one");

  if (b.old_logp.present()) check.tokens("old_logp", b.old_logp);
  if (b.ref_logp.present()) check.tokens("ref_logp", b.ref_logp);
  if (b.entropy.present()) check.tokens("entropy", b.entropy);
  if (b.mask.present()) check.tokens("mask", b.mask);
  check.scoped_column("adv", b.adv);
  check.scoped_column("weight", b.weight);
  check.scoped_column("keep", b.keep);
  if (b.length.present()) {
    check.sequences("length", b.length);
    for (std::int64_t i = 0; check.result().ok() && i < b.layout.sequences; ++i) {
      if (b.length[i] < 0) check.fail("length", "numbers >= 0", text(b.length[i], " at position ", i));
    }
  }
  if (!check.result().ok()) return check.result();
  s = check_total(function, "totals.tokens", b.totals.tokens, n.tokens);
  if (s.ok()) s = check_total(function, "totals.sequences", b.totals.sequences, n.sequences);
  if (!s.ok()) return s;
  if (!std::isfinite(b.scale)) check.fail("scale", "a finite number", to_text(b.scale));
  check_outputs(function, check, b, out);
  return check.result();
}

AHA_NAMESPACE_END
