// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/gradient_loop.hpp>
#include <aha/cpu/token_logp.hpp>

AHA_NAMESPACE_BEGIN

/// What `token_logp` left for the backward, `[T]` or `[B, L]`. `entropy` is given where, and only where, `dentropy` is.
template <class T, class Space = host>
struct softmax_columns {
  column<T const, Space> max;
  column<T const, Space> log_sum;
  column<T const, Space> entropy;
};

/// The two coefficients of each row: the loss's derivatives by its log-prob and by its entropy. One may be absent.
template <class T, class Space = host>
struct logit_coefficients {
  column<T const, Space> dlogp;
  column<T const, Space> dentropy;
};

/// A gradient's place: shape and dtype of the logits, rows apart.
inline status check_gradient(std::string_view function, logit_rows<host> const& rows,
                             logit_gradient<host> const& dlogits) {
  if (status s = check_layout(function, "dlogits", dlogits, dlogits.data); !s.ok()) return s;
  if (dlogits.type != rows.type) {
    return bad_argument(function, "dlogits", text(name_of(rows.type), " as the logits"), name_of(dlogits.type));
  }
  if (dlogits.rank != rows.rank || dlogits.outer != rows.outer || dlogits.rows != rows.rows ||
      dlogits.vocabulary != rows.vocabulary) {
    return bad_argument(function, "dlogits", text("shape ", logits_shape(rows), " as the logits"),
                        text("shape ", logits_shape(dlogits)));
  }
  return check_rows_apart(function, "dlogits", dlogits);
}

/// What `logits_gradient` refuses, before it writes anything. Counts the rows that take part.
template <class T>
status validate_logits_gradient(logit_rows<host> const& rows, mask_view<host> const& mask,
                                softmax_columns<T> const& softmax, logit_coefficients<T> const& by,
                                logit_gradient<host> const& dlogits, std::int64_t& count) {
  constexpr char const* function = "logits_gradient";
  if (status s = check_rows<T>(function, rows, mask); !s.ok()) return s;
  if (!by.dlogp.present() && !by.dentropy.present()) {
    return bad_argument(function, "dlogp", "a column, or dentropy", "neither");
  }
  if (softmax.entropy.present() && !by.dentropy.present()) {
    return bad_argument(function, "entropy", "nothing where no dentropy is given", "a column");
  }
  struct entry {
    char const* name;
    column<T const> values;
    bool required;
  };
  for (entry const& c : {entry{"max", softmax.max, true}, entry{"log_sum", softmax.log_sum, true},
                         entry{"entropy", softmax.entropy, by.dentropy.present()}, entry{"dlogp", by.dlogp, false},
                         entry{"dentropy", by.dentropy, false}}) {
    if (status s = check_beside(function, c.name, rows, c.values, c.required); !s.ok()) return s;
  }
  if (status s = check_gradient(function, rows, dlogits); !s.ok()) return s;
  status s = check_apart(function, {{"dlogits", region(dlogits, dlogits.data)}},
                         {{"logits", region(rows, rows.data)},
                          {"targets", region(rows.targets)},
                          {"mask", region(mask)},
                          {"max", region(softmax.max)},
                          {"log_sum", region(softmax.log_sum)},
                          {"entropy", region(softmax.entropy)},
                          {"dlogp", region(by.dlogp)},
                          {"dentropy", region(by.dentropy)}});
  return s.ok() ? check_targets(function, rows, mask, count) : s;
}

/// `logits_gradient` after its checks: used by entry points that have validated already.
template <class Exec, class T>
void gradient_rows(Exec const& exec, logit_rows<host> const& rows, mask_view<host> const& mask,
                   softmax_columns<T> const& softmax, logit_coefficients<T> const& by,
                   logit_gradient<host> const& dlogits) {
  dispatch_dtype(rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    if constexpr (std::is_same_v<computed_t<Stored>, T>) {
      using V = typename Exec::template lane<T>;
      auto const at = [](column<T const> const& c, std::int64_t i, std::int64_t t) {
        return c.present() ? static_cast<double>(c.row(i)[t]) : 0.0;
      };
      for_each_row(exec, rows, [&](std::int64_t i, std::int64_t t) {
        Stored* const to = dlogits.template row<Stored>(i, t);
        gradient_terms g;
        if (takes_part(rows, mask, i, t)) {
          g.dlogp = at(by.dlogp, i, t);
          g.dentropy = at(by.dentropy, i, t);
        }
        if (g.dlogp == 0.0 && g.dentropy == 0.0) {
          std::memset(static_cast<void*>(to), 0, static_cast<std::size_t>(rows.vocabulary) * sizeof(Stored));
          return;
        }
        g.max = at(softmax.max, i, t);
        g.log_sum = at(softmax.log_sum, i, t);
        Stored const* const row = rows.template row<Stored>(i, t);
        std::int64_t const id = rows.targets.at(i, t);
        if (g.dentropy == 0.0) {
          gradient_of_row<false, V>(row, rows.vocabulary, id, rows.temperature, g, to);
        } else {
          g.entropy = at(softmax.entropy, i, t);
          gradient_of_row<true, V>(row, rows.vocabulary, id, rows.temperature, g, to);
        }
      });
    }
  });
}

/// Gradient with respect to logits from two coefficients a row, in one read and one write of each row:
///   dlogits_v = a (delta_vt - p_v)/tau - b p_v (log p_v + H)/tau,   a = dlogp, b = dentropy, p from max and log_sum
/// Shapes: logits and dlogits `[T, V]` or `[B, L, V]` of one dtype, everything else `[T]` or `[B, L]`.
/// Formed in float32 (float64 for float64) and rounded once; 1 - p_t is formed without cancellation. p = 0 gives 0.
/// Rows that are masked, whose target is -100 or whose coefficients are both 0 are not read: they get zeros, whatever
/// their logits, softmax columns (or, where masked, coefficients) hold. `dlogits` must not share memory with an input.
/// Errors: `aha::logits_gradient: <argument>: expected ..., got ...`. Allocates nothing.
template <class Exec, class T>
row_status logits_gradient(Exec const& exec, logit_rows<host> const& rows, mask_view<host> const& mask,
                           softmax_columns<T> const& softmax, logit_coefficients<T> const& by,
                           logit_gradient<host> const& dlogits) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  row_status result;
  if (status s = validate_logits_gradient(rows, mask, softmax, by, dlogits, result.rows); !s.ok()) {
    return fail<row_status>(s);
  }
  gradient_rows(exec, rows, mask, softmax, by, dlogits);
  return result;
}

AHA_NAMESPACE_END
