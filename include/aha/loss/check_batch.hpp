// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/validate.hpp>
#include <cstdint>

AHA_NAMESPACE_BEGIN

/// Columns that observers asked for by name need.
constexpr unsigned reads_of_observers(unsigned observed) {
  unsigned r = 0;
  if ((observed & (observe::old_kl | observe::ratio | observe::ess | observe::chi_square)) != 0) r |= reads::old_logp;
  if ((observed & observe::ref_kl) != 0) r |= reads::ref_logp;
  if ((observed & observe::entropy) != 0) r |= reads::entropy;
  return r;
}

/// First and one past the last byte of what a view covers.
struct byte_range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  [[nodiscard]] bool meets(byte_range const& o) const { return begin < o.end && o.begin < end; }
};
inline byte_range bytes_of(void const* data, int rank, std::int64_t rows, std::int64_t width, std::int64_t row_stride,
                           std::int64_t element) {
  if (rank == 0 || rows == 0 || width == 0) return {};
  auto const base = reinterpret_cast<std::uintptr_t>(data);
  std::int64_t const last = (rows - 1) * row_stride;
  std::int64_t const low = last < 0 ? last : 0;
  std::int64_t const high = (last > 0 ? last : 0) + width;
  return {base + static_cast<std::uintptr_t>(low * element), base + static_cast<std::uintptr_t>(high * element)};
}
template <class T>
byte_range bytes_of(column<T, host> const& c) {
  return bytes_of(c.data, c.rank, c.rows, c.width, c.row_stride, static_cast<std::int64_t>(sizeof(T)));
}
inline byte_range bytes_of(mask_view<host> const& m) {
  using kind = mask_view<host>::kind;
  std::int64_t const size = m.type == kind::byte ? 1 : (m.type == kind::f32 ? 4 : 8);
  return bytes_of(m.data, m.rank, m.rows, m.width, m.row_stride, size);
}

/// Outputs: shapes, rows apart from each other, no memory shared with an input or another output.
template <class T>
void check_outputs(batch_check<T>& check, token_batch<host, T> const& b, outputs<T, host> const& out) {
  struct named_range {
    std::string_view name;
    byte_range bytes;
  };
  named_range const inputs[] = {
      {"logp", bytes_of(b.logp)},         {"old_logp", bytes_of(static_cast<column<T const, host> const&>(b.old_logp))},
      {"ref_logp", bytes_of(b.ref_logp)}, {"entropy", bytes_of(b.entropy)},
      {"adv", bytes_of(b.adv.values)},    {"weight", bytes_of(b.weight.values)},
      {"keep", bytes_of(b.keep.values)},  {"mask", bytes_of(b.mask.present() ? b.mask : b.layout.mask)}};
  struct named_output {
    std::string_view name;
    column<T, host> const* view;
  };
  named_output const outs[] = {{"dlogp", &out.dlogp}, {"dentropy", &out.dentropy}, {"token_loss", &out.token_loss}};
  for (int k = 0; k < 3; ++k) {
    column<T, host> const& c = *outs[k].view;
    if (!c.present()) continue;
    check.tokens(outs[k].name, c);
    if (c.rank == 2 && c.rows > 1 && c.row_stride < c.width) {
      check.fail(outs[k].name, "rows that do not overlap", text("a row stride of ", c.row_stride));
    }
    byte_range const mine = bytes_of(c);
    for (named_range const& in : inputs) {
      if (mine.meets(in.bytes)) check.fail(outs[k].name, text("memory apart from ", in.name), "overlapping memory");
    }
    for (int j = 0; j < k; ++j) {
      if (outs[j].view->present() && mine.meets(bytes_of(*outs[j].view))) {
        check.fail(outs[k].name, text("memory apart from ", outs[j].name), "overlapping memory");
      }
    }
  }
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
  check_outputs(check, b, out);
  return check.result();
}

AHA_NAMESPACE_END
