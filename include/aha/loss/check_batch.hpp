// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/region.hpp>
#include <aha/loss/validate.hpp>

AHA_NAMESPACE_BEGIN

/// Columns that observers asked for by name need.
constexpr unsigned reads_of_observers(unsigned observed) {
  unsigned r = 0;
  unsigned const of_ratios = observe::old_kl | observe::ratio | observe::ess | observe::chi_square;
  if ((observed & of_ratios) != 0) r |= reads::logp | reads::old_logp;
  if ((observed & observe::ref_kl) != 0) r |= reads::logp | reads::ref_logp;
  if ((observed & observe::entropy) != 0) r |= reads::entropy;
  return r;
}

/// Which observers report: those asked for by name, and the default ones whose columns are there.
template <class Space, class T>
unsigned active_observers(token_batch<Space, T> const& b, unsigned observed) {
  unsigned on = observed & observe::all;
  if ((observed & observe::defaults) == 0) return on;
  on |= observe::clip | observe::parts;
  if (b.logp.present() && b.old_logp.given()) on |= observe::old_kl | observe::ratio;
  if (b.logp.present() && b.ref_logp.present()) on |= observe::ref_kl;
  if (b.entropy.present()) on |= observe::entropy;
  return on;
}

/// The memory of everything that a batch reads.
template <class Space, class T>
struct input_places {
  place at[17];  ///< nine columns of tokens and eight others; absent ones cover nothing

  explicit input_places(token_batch<Space, T> const& b) {
    int n = 0;
    auto const add = [&](std::string_view name, auto const& view) { at[n++] = place{name, region(view)}; };
    token_batch<Space, T>::columns(
        b, [&](std::string_view name, unsigned, column<T const, Space> const& c) { add(name, c); });
    add("adv", b.adv.values);
    add("weight", b.weight.values);
    add("keep", b.keep.values);
    add("mask", b.mask);
    add("mask", b.layout.mask);
    add("length", b.length);
    add("prompt_tokens", b.prompt_tokens);
    add("layout", b.layout.index);
  }
};

/// Outputs: shapes, rows apart from each other, no memory shared with an input or another output.
template <class Space, class T>
void check_outputs(std::string_view function, batch_check<T, Space>& check, token_batch<Space, T> const& b,
                   outputs<T, Space> const& out) {
  place written[active_inputs + 1];
  int n = 0;
  outputs<T, Space>::each(out, [&](std::string_view name, column<T, Space> const& c) {
    written[n++] = place{name, region(c)};
    if (!c.present()) return;
    check.tokens(name, c);
    if (c.rank == 2 && c.rows > 1 && c.row_stride < c.width) {
      check.fail(name, "rows that do not overlap", text("a row stride of ", c.row_stride));
    }
  });
  if (!check.result().ok()) return;
  check.take(check_apart(function, written, input_places<Space, T>(b).at));
}

/// Everything that `loss` checks before it writes; of a batch in device memory, all that shapes, types and addresses say.
/// `computed` are the columns that the caller computes itself (from logits: logp, entropy and lse); giving them raises, and
/// `rows` of logits say how many tokens there are. Without them, logp may be there where nothing reads it: it is the column
/// whose shape the others have.
template <class Objective, class Space, class T>
status check_batch(std::string_view function, Objective const& objective, token_batch<Space, T> const& b,
                   outputs<T, Space> const& out, unsigned observed, unsigned computed = 0,
                   std::int64_t rows = 0) {
  status s = check_objective(function, objective);
  if (!s.ok()) return s;
  batch_check<T, Space> check(function, b);
  if ((observed & ~(observe::all | observe::defaults)) != 0)
    check.fail("observe", "known observers", "an unknown flag");

  using batch = token_batch<Space, T>;
  std::int64_t entries = entries_of_layout(b.layout);
  if (entries < 0 && computed != 0) entries = rows;
  bool shaped = computed != 0;  // the first column that is there says how many tokens there are
  batch::columns(b, [&](std::string_view name, unsigned flag, column<T const, Space> const& c) {
    bool const there = flag == reads::old_logp ? b.old_logp.given() : c.present();
    if (there && (computed & flag) != 0) check.fail(name, "no column (it is computed from the logits)", "one");
    if (shaped || !c.present()) return;
    entries = c.rank == 2 ? c.rows * c.width : c.width;
    shaped = true;
  });
  if (!check.result().ok()) return check.result();
  objective_needs const n = needs_of_objective(objective);
  unsigned const asked = reads_of_observers(observed);
  auto const presence_of_columns = [&] {
    batch::columns(b, [&](std::string_view name, unsigned flag, column<T const, Space> const& c) {
      bool const there = flag == reads::old_logp ? b.old_logp.given() : c.present();
      if ((computed & flag) == 0) check.presence(name, there, flag, n, asked);
    });
  };
  if (!shaped) presence_of_columns();  // says which column is missing, where an objective reads any
  check.shape(entries);
  if (!check.result().ok()) return check.result();
  if (b.logp.present()) check.tokens("logp", b.logp);
  presence_of_columns();
  check.presence("adv", b.adv.present(), reads::adv, n, 0);
  check.presence("weight", b.weight.present(), reads::weight, n, 0);
  check.presence("keep", b.keep.present(), reads::keep, n, 0);
  if (b.length.present() && !n.length)
    check.fail("length", "no column (nothing divides by a sequence's length)", "one");
  if (b.prompt_tokens.present() != n.prompt_tokens) {
    n.prompt_tokens ? check.fail("prompt_tokens", "a column (prompt_mean divides by it)", "none")
                    : check.fail("prompt_tokens", "no column (nothing divides by a prompt's tokens)", "one");
  }

  batch::columns(b, [&](std::string_view name, unsigned, column<T const, Space> const& c) {
    if (c.present()) check.tokens(name, c);
  });
  if (b.mask.present()) check.tokens("mask", b.mask);
  check.scoped_column("adv", b.adv);
  check.scoped_column("weight", b.weight);
  check.scoped_column("keep", b.keep);
  check.counts("length", b.length);
  check.counts("prompt_tokens", b.prompt_tokens);
  if (!check.result().ok()) return check.result();
  totals::members([&](std::string_view name, double totals::*member, auto const&) {
    if (s.ok()) s = check_total(function, name, b.totals.*member, divides_by(objective, member));
  });
  if (!s.ok()) return s;
  if (!std::isfinite(b.scale)) check.fail("scale", "a finite number", to_text(b.scale));
  check_outputs(function, check, b, out);
  return check.result();
}

AHA_NAMESPACE_END
