// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_calls.hpp>
#include <aha/loss/check_batch.hpp>
#include <cstddef>

AHA_NAMESPACE_BEGIN

/// Which per-row columns a call computes beside log-probabilities: what a contributing term reads, or an observer asked
/// for by name; and which gradients the objective has by them.
struct logits_columns {
  bool gradient = false;
  bool entropy = false;
  bool dentropy = false;
  bool lse = false;
  bool dlse = false;

  template <class Objective>
  logits_columns(Objective const& objective, unsigned observed, bool with_gradient) : gradient(with_gradient) {
    unsigned const active = needs_of_objective(objective).active;
    unsigned const read = active | reads_of_observers(observed);
    entropy = (read & reads::entropy) != 0;
    lse = (read & reads::lse) != 0;
    dentropy = gradient && (active & reads::entropy) != 0;
    dlse = gradient && (active & reads::lse) != 0;
  }
};

/// `[1, T, V]` beside a packed layout is `[T, V]`: hosts keep a batch dimension of one around packed tokens.
template <class Rows, class Space, class T>
Rows without_batch_of_one(Rows rows, token_batch<Space, T> const& b) {
  if (b.layout.is_packed() && rows.rank == 3 && rows.outer == 1) rows.rank = 2;
  return rows;
}
template <class Space, class T>
logit_rows<Space> flattened(logit_rows<Space> rows, token_batch<Space, T> const& b) {
  bool const one = rows.rank == 3;
  rows = without_batch_of_one(rows, b);
  if (one && rows.rank == 2 && rows.targets.rank == 2 && rows.targets.rows == 1) rows.targets.rank = 1;
  return rows;
}

/// Columns that `loss_from_logits` computes itself, and whose gradients it hands on to the logits.
inline constexpr unsigned computed_from_logits = reads::logp | reads::entropy | reads::lse;

/// What `loss_from_logits` refuses of rows, batch, outputs and gradient; target ids, offsets and the workspace, which
/// lie in the space of the engine or are its own, aside.
template <class Objective, class Space, class T>
status check_loss_from_logits(Objective const& objective, logit_rows<Space> const& rows, token_batch<Space, T> const& b,
                              logit_gradient<Space> const& dlogits, unsigned observed, outputs<T, Space> const& out) {
  constexpr char const* function = "loss_from_logits";
  if (status s = check_rows<T>(function, rows, {}); !s.ok()) return s;
  if (status s = check_whole(function, rows); !s.ok()) return s;
  if (status s = check_batch(function, objective, b, out, observed, computed_from_logits, rows.size()); !s.ok()) return s;
  status s;
  outputs<T, Space>::gradients(out, [&](active_input by, std::string_view name, column<T, Space> const& c) {
    if (c.present() && (computed_from_logits & reads_of(by)) != 0) {
      s = bad_argument(function, name, "no buffer (it goes on into dlogits)", "one");
    }
  });
  if (!s.ok()) return s;
  // Where offsets lie on a device, only their number is known here.
  bool shaped = rows.rank == 2;
  if (!b.layout.is_packed()) {
    shaped = rows.rank == 2 ? rows.rows == b.layout.sequences * b.layout.width
                            : rows.outer == b.layout.sequences && rows.rows == b.layout.width;
  } else if constexpr (std::is_same_v<Space, host>) {
    shaped = shaped && rows.rows == b.layout.entries();
  }
  if (!shaped) {
    std::string tokens = "T";
    if constexpr (std::is_same_v<Space, host>) tokens = to_text(b.layout.entries());
    return bad_argument(function, "logits",
                        b.layout.is_packed() ? text("[", tokens, ", V] (the tokens of cu_seqlens)")
                                             : text("[", b.layout.sequences, ", ", b.layout.width, ", V] (the layout)"),
                        logits_shape(rows));
  }
  return dlogits.present() ? check_gradient(function, rows, dlogits) : s;
}

/// No output shares memory with an input or another output, the workspace included.
template <class Space, class T>
status check_logits_memory(std::string_view function, logit_rows<Space> const& rows, token_batch<Space, T> const& b,
                           logit_gradient<Space> const& dlogits, span<std::byte, Space> workspace,
                           outputs<T, Space> const& out) {
  place const written[] = {place{"workspace", region(column<std::byte, Space>(workspace))},
                           place{"dlogits", region(dlogits, dlogits.data)}, place{"dvalue", region(out.dvalue)},
                           place{"dgiven", region(out.dgiven)}, place{"token_loss", region(out.token_loss)}};
  place const read[] = {place{"logits", logits_region(rows, dlogits)}, place{"targets", region(rows.targets)}};
  if (status s = check_apart(function, written, read); !s.ok()) return s;
  // In place the logits are no input of dlogits, but still of everything else.
  place const others[] = {written[0], written[2], written[3], written[4]};
  place const logits[] = {place{"logits", region(rows, rows.data)}};
  if (status s = check_apart(function, others, logits); !s.ok()) return s;
  return check_apart(function, written, input_places<Space, T>(b).at);
}

AHA_NAMESPACE_END
