// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/region.hpp>
#include <initializer_list>

AHA_NAMESPACE_BEGIN

/// Temperatures whose reciprocal is an ordinary float32 as well.
inline constexpr double smallest_temperature = 1e-30;
inline constexpr double largest_temperature = 1e30;

/// `[T, V]` or `[B, L, V]` in words.
inline std::string logits_shape(logit_layout const& l) {
  if (!l.present()) return "none";
  return l.rank == 2 ? text("[", l.rows, ", ", l.vocabulary, "]")
                     : text("[", l.outer, ", ", l.rows, ", ", l.vocabulary, "]");
}
/// Shape that a column beside these logits has: `[T]` or `[B, L]`.
inline std::string column_shape_beside(logit_layout const& l) {
  return l.rank == 2 ? text("[", l.rows, "]") : text("[", l.outer, ", ", l.rows, "]");
}
/// Shape of a column, index or mask view in words.
template <class View>
std::string view_shape(View const& c) {
  if (c.rank == 0) return "none";
  return c.rank == 1 ? text("[", c.width, "]") : text("[", c.rows, ", ", c.width, "]");
}

/// One entry a row of logits: `[T]` beside `[T, V]`, `[B, L]` beside `[B, L, V]`.
template <class View>
bool fits(logit_layout const& l, View const& c) {
  if (l.rank == 2) return c.rank == 1 && c.width == l.rows;
  return c.rank == 2 && c.rows == l.outer && c.width == l.rows;
}

/// A view that is absent, or present with one entry a row of logits (or of partials, `beside` says).
template <class View>
status check_beside(std::string_view function, std::string_view argument, logit_layout const& l, View const& c,
                    bool required = false, std::string_view beside = "logits") {
  if (c.rank == 0 && !required) return {};
  if (!fits(l, c)) {
    return bad_argument(function, argument,
                        text("shape ", column_shape_beside(l), " beside ", beside, " ", logits_shape(l)),
                        c.rank == 0 ? std::string("nothing") : text("shape ", view_shape(c)));
  }
  if (c.data == nullptr && l.size() > 0) return bad_argument(function, argument, "data", "a null pointer");
  return {};
}

/// Shape and strides of logits or of their gradient. A shard of the vocabulary may be empty.
inline status check_layout(std::string_view function, std::string_view argument, logit_layout const& l,
                           void const* data, bool shard = false) {
  if (!l.present()) return bad_argument(function, argument, "[T, V] or [B, L, V]", "nothing");
  if (l.outer < 0 || l.rows < 0) return bad_argument(function, argument, "extents >= 0", logits_shape(l));
  if (l.vocabulary < (shard ? 0 : 1))
    return bad_argument(function, argument, "at least one logit a row", logits_shape(l));
  if (l.row_stride < 0 || l.outer_stride < 0) {
    return bad_argument(function, argument, "strides >= 0", text("strides ", l.outer_stride, ", ", l.row_stride));
  }
  if (data == nullptr && l.size() > 0 && l.vocabulary > 0) {
    return bad_argument(function, argument, "data", "a null pointer");
  }
  return {};
}

/// Rows of a writable view must not share elements.
inline status check_rows_apart(std::string_view function, std::string_view argument, logit_layout const& l) {
  // The dimension with the smaller step lies inside one step of the other.
  bool const inner = l.outer < 2 || (l.rows > 1 && l.row_stride <= l.outer_stride);
  std::int64_t const n = inner ? l.rows : l.outer;
  std::int64_t const step = inner ? l.row_stride : l.outer_stride;
  std::int64_t const far = inner ? l.outer_stride : l.row_stride;
  std::int64_t const reach = n > 1 ? (n - 1) * step + l.vocabulary : l.vocabulary;
  bool const apart = (n < 2 || step >= l.vocabulary) && ((inner ? l.outer : l.rows) < 2 || far >= reach);
  if (l.size() < 2 || apart) return {};
  return bad_argument(function, argument, "rows that do not overlap each other",
                      text("shape ", logits_shape(l), " with strides ", l.outer_stride, ", ", l.row_stride));
}

/// Whole rows, or a part of a vocabulary that contains it.
template <class Space>
status check_shard(std::string_view function, logit_rows<Space> const& rows) {
  if (rows.vocab_offset < 0) return bad_argument(function, "vocab_offset", "an id >= 0", to_text(rows.vocab_offset));
  if (rows.ids() < 1 || rows.vocab_offset > rows.ids() || rows.vocabulary > rows.ids() - rows.vocab_offset) {
    return bad_argument(function, "vocab_size",
                        text("at least ", rows.vocab_offset + (rows.vocabulary > 0 ? rows.vocabulary : 1), " (logits ",
                             logits_shape(rows), " from id ", rows.vocab_offset, " on)"),
                        to_text(rows.ids()));
  }
  return {};
}

/// Functions that need a whole row at once.
template <class Space>
status check_whole(std::string_view function, logit_rows<Space> const& rows) {
  if (!rows.is_shard()) return {};
  return bad_argument(
      function, "logits", "whole rows (shards go through softmax_partials)",
      text("the ids [", rows.vocab_offset, ", ", rows.vocab_offset + rows.vocabulary, ") of ", rows.ids()));
}

inline status check_temperature(std::string_view function, double temperature) {
  if (temperature >= smallest_temperature && temperature <= largest_temperature) return {};
  return bad_argument(function, "temperature", "a positive number (1e-30 to 1e30)", to_text(temperature));
}

/// Everything about `logit_rows` and a mask but the ids themselves. `T` is the type of the per-row columns; void where
/// there are none.
template <class T, class Space>
status check_rows(std::string_view function, logit_rows<Space> const& rows, mask_view<Space> const& mask) {
  if (status s = check_layout(function, "logits", rows, rows.data, rows.is_shard()); !s.ok()) return s;
  bool const wide = rows.type == dtype::float64;
  if (!std::is_void_v<T> && wide != std::is_same_v<T, double>) {
    return bad_argument(function, "logits",
                        wide ? "float32, bfloat16 or float16 beside float32 columns" : "float64 beside float64 columns",
                        name_of(rows.type));
  }
  if (status s = check_shard(function, rows); !s.ok()) return s;
  if (status s = check_temperature(function, rows.temperature); !s.ok()) return s;
  if (status s = check_beside(function, "targets", rows, rows.targets, true); !s.ok()) return s;
  return check_beside(function, "mask", rows, mask);
}

/// True where row t of block i takes part: not masked, and its target is not `ignore_index`. The mask is asked first: a
/// masked position may hold anything.
template <class Space>
bool takes_part(logit_rows<Space> const& rows, mask_view<Space> const& mask, std::int64_t i, std::int64_t t) {
  return (!mask.present() || mask.at(i, t)) && rows.targets.at(i, t) != logit_rows<Space>::ignore_index;
}

/// The target of row t of block i lies in [0, V) of the whole vocabulary. Reads host memory.
inline status check_target(std::string_view function, logit_rows<host> const& rows, std::int64_t i, std::int64_t t) {
  std::int64_t const id = rows.targets.at(i, t);
  if (id >= 0 && id < rows.ids()) return {};
  return bad_argument(function, "targets", text("ids in [0, ", rows.ids(), ") or -100"),
                      rows.rank == 2 ? text(id, " at position ", t) : text(id, " at position [", i, ", ", t, "]"));
}

/// Every target that takes part lies in [0, V). `count` is set to their number.
inline status check_targets(std::string_view function, logit_rows<host> const& rows, mask_view<host> const& mask,
                            std::int64_t& count) {
  count = 0;
  for (std::int64_t i = 0; i < rows.outer; ++i) {
    for (std::int64_t t = 0; t < rows.rows; ++t) {
      if (!takes_part(rows, mask, i, t)) continue;
      ++count;
      if (status s = check_target(function, rows, i, t); !s.ok()) return s;
    }
  }
  return {};
}

/// Writable views: rows of their own.
template <class T, class Space>
status check_writable(std::string_view function, std::string_view argument, logit_layout const& l,
                      column<T, Space> const& c, std::string_view beside = "logits") {
  if (status s = check_beside(function, argument, l, c, false, beside); !s.ok()) return s;
  if (c.rank == 2 && c.rows > 1 && c.row_stride < c.width) {
    return bad_argument(function, argument, "rows that do not overlap", text("a row stride of ", c.row_stride));
  }
  return {};
}

AHA_NAMESPACE_END
