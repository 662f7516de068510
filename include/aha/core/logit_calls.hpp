// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_checks.hpp>
#include <aha/core/logit_columns.hpp>
#include <aha/core/softmax_partial.hpp>

AHA_NAMESPACE_BEGIN

// What the entry points over rows of logits refuse, for every engine: all but the target ids.

/// Shapes of the outputs, and that they share no memory with an input or each other.
template <class T, class Space, std::size_t Inputs>
status check_logp_outputs(std::string_view function, logit_layout const& l, logp_outputs<T, Space> const& out,
                          place const (&inputs)[Inputs], std::string_view beside = "logits") {
  struct output {
    char const* name;
    column<T, Space> values;
  };
  output const all[] = {output{"logp", out.logp}, output{"lse", out.lse}, output{"entropy", out.entropy},
                        output{"max", out.max}, output{"log_sum", out.log_sum}};
  for (output const& o : all) {
    if (status s = check_writable(function, o.name, l, o.values, beside); !s.ok()) return s;
  }
  return check_apart(function,
                     {{"logp", region(out.logp)},
                      {"lse", region(out.lse)},
                      {"entropy", region(out.entropy)},
                      {"max", region(out.max)},
                      {"log_sum", region(out.log_sum)}},
                     inputs);
}

/// What `token_logp` refuses.
template <class T, class Space>
status check_token_logp(std::string_view function, logit_rows<Space> const& rows, mask_view<Space> const& mask,
                        logp_outputs<T, Space> const& out) {
  if (status s = check_rows<T>(function, rows, mask); !s.ok()) return s;
  if (status s = check_whole(function, rows); !s.ok()) return s;
  return check_logp_outputs(
      function, rows, out,
      {{"logits", region(rows, rows.data)}, {"targets", region(rows.targets)}, {"mask", region(mask)}});
}

/// A gradient's place: shape and dtype of the logits, rows apart; with `inplace`, the logits' own memory.
template <class Space>
status check_gradient(std::string_view function, logit_rows<Space> const& rows, logit_gradient<Space> const& dlogits) {
  if (status s = check_layout(function, "dlogits", dlogits, dlogits.data, rows.is_shard()); !s.ok()) return s;
  if (dlogits.type != rows.type) {
    return bad_argument(function, "dlogits", text(name_of(rows.type), " as the logits"), name_of(dlogits.type));
  }
  if (dlogits.rank != rows.rank || dlogits.outer != rows.outer || dlogits.rows != rows.rows ||
      dlogits.vocabulary != rows.vocabulary) {
    return bad_argument(function, "dlogits", text("shape ", logits_shape(rows), " as the logits"),
                        text("shape ", logits_shape(dlogits)));
  }
  if (dlogits.inplace) {
    bool const same = dlogits.data == rows.data && (rows.rows < 2 || dlogits.row_stride == rows.row_stride) &&
                      (rows.outer < 2 || dlogits.outer_stride == rows.outer_stride);
    if (!same) {
      return bad_argument(function, "dlogits", "the logits' address and strides (inplace)",
                          dlogits.data == rows.data ? "other strides" : "another address");
    }
  }
  return check_rows_apart(function, "dlogits", dlogits);
}
/// The logits' memory as far as `dlogits` has to lie apart from it.
template <class Space>
region logits_region(logit_rows<Space> const& rows, logit_gradient<Space> const& dlogits) {
  return dlogits.inplace ? region() : region(rows, rows.data);
}

/// What `logits_gradient` refuses but for the target ids, which lie in the space of the engine.
template <class T, class Space>
status check_logits_gradient(std::string_view function, logit_rows<Space> const& rows, mask_view<Space> const& mask,
                             softmax_columns<T, Space> const& softmax, logit_coefficients<T, Space> const& by,
                             logit_gradient<Space> const& dlogits) {
  if (status s = check_rows<T>(function, rows, mask); !s.ok()) return s;
  if (!by.dlogp.present() && !by.dentropy.present() && !by.dlse.present()) {
    return bad_argument(function, "dlogp", "a column, or dentropy, or dlse", "none of them");
  }
  if (softmax.entropy.present() && !by.dentropy.present()) {
    return bad_argument(function, "entropy", "nothing where no dentropy is given", "a column");
  }
  struct entry {
    char const* name;
    column<T const, Space> values;
    bool required;
  };
  entry const all[] = {entry{"max", softmax.max, true},
                       entry{"log_sum", softmax.log_sum, true},
                       entry{"entropy", softmax.entropy, by.dentropy.present()},
                       entry{"dlogp", by.dlogp, false},
                       entry{"dentropy", by.dentropy, false},
                       entry{"dlse", by.dlse, false}};
  for (entry const& c : all) {
    if (status s = check_beside(function, c.name, rows, c.values, c.required); !s.ok()) return s;
  }
  if (status s = check_gradient(function, rows, dlogits); !s.ok()) return s;
  return check_apart(function, {{"dlogits", region(dlogits, dlogits.data)}},
                     {{"logits", logits_region(rows, dlogits)},
                      {"targets", region(rows.targets)},
                      {"mask", region(mask)},
                      {"max", region(softmax.max)},
                      {"log_sum", region(softmax.log_sum)},
                      {"entropy", region(softmax.entropy)},
                      {"dlogp", region(by.dlogp)},
                      {"dentropy", region(by.dentropy)},
                      {"dlse", region(by.dlse)}});
}

/// Shape of partials as rows without logits, for checks and loops.
struct partial_rows : logit_layout {
  template <class T, class Space>
  explicit partial_rows(column<T, Space> const& c)
      : logit_layout(dtype::float64, c.rank == 0 ? 0 : c.rank + 1, c.rank == 2 ? c.rows : 1, c.width, 4,
                     4 * c.row_stride, 4) {}
};

/// Partials that are there and have an ordinary temperature.
inline status check_partials(std::string_view function, partial_rows const& l, void const* data, double temperature) {
  if (!l.present()) return bad_argument(function, "partials", "[T] or [B, L] of softmax_partial", "nothing");
  if (status s = check_layout(function, "partials", l, data); !s.ok()) return s;
  return check_temperature(function, temperature);
}

/// What `softmax_partials` refuses but for the target ids.
template <class Space>
status check_softmax_partials(logit_rows<Space> const& rows, mask_view<Space> const& mask,
                              column<softmax_partial, Space> const& out) {
  constexpr char const* function = "softmax_partials";
  status s = check_rows<void>(function, rows, mask);
  if (s.ok()) s = check_beside(function, "partials", rows, out, true);
  if (s.ok()) s = check_writable(function, "partials", rows, out);
  if (!s.ok()) return s;
  place const written[] = {place{"partials", region(out)}};
  place const read[] = {place{"logits", region(rows, rows.data)}, place{"targets", region(rows.targets)},
                        place{"mask", region(mask)}};
  return check_apart(function, written, read);
}

/// What `merge_partials` refuses.
template <class Space>
status check_merge_partials(span<column<softmax_partial const, Space> const, host> shards, double temperature,
                            column<softmax_partial, Space> const& out) {
  constexpr char const* function = "merge_partials";
  partial_rows const l(out);
  status s = check_partials(function, l, out.data, temperature);
  if (s.ok() && shards.size() < 1) s = bad_argument(function, "shards", "at least one", "none");
  if (s.ok()) s = check_writable(function, "partials", l, out, "partials");
  for (std::int64_t k = 0; s.ok() && k < shards.size(); ++k) {
    s = check_beside(function, "shards", l, shards[k], true, "partials");
    if (!s.ok()) break;
    place const written[] = {place{"partials", region(out)}};
    place const read[] = {place{"shards", region(shards[k])}};
    s = check_apart(function, written, read);
  }
  return s;
}

AHA_NAMESPACE_END
