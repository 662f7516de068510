// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/logit_rows.hpp>

AHA_NAMESPACE_BEGIN

/// The bytes that a view covers: runs of `width` bytes, `stride` apart, from `begin` to `end`. Engines refuse outputs
/// that share bytes with an input or with each other before they write anything.
struct region {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::uintptr_t stride = 0;  ///< 0: one run
  std::uintptr_t width = 0;

  constexpr region() = default;
  region(void const* data, std::int64_t rows, std::int64_t columns, std::int64_t row_stride, std::int64_t bytes) {
    if (data == nullptr || rows <= 0 || columns <= 0) return;
    auto const size = static_cast<std::uintptr_t>(bytes);
    begin = reinterpret_cast<std::uintptr_t>(data);
    if (row_stride < 0) {  // the same rows counted from the lowest
      row_stride = -row_stride;
      begin -= static_cast<std::uintptr_t>(rows - 1) * static_cast<std::uintptr_t>(row_stride) * size;
    }
    width = static_cast<std::uintptr_t>(columns) * size;
    stride = rows > 1 ? static_cast<std::uintptr_t>(row_stride) * size : 0;
    end = begin + static_cast<std::uintptr_t>(rows - 1) * stride + width;
  }
  template <class T, class Space>
  explicit region(column<T, Space> const& c) : region(c.data, c.rows, c.width, c.row_stride, sizeof(T)) {}
  template <class Space>
  explicit region(index_view<Space> const& c) : region(c.data, c.rows, c.width, c.row_stride, c.wide ? 8 : 4) {}
  template <class Space>
  explicit region(mask_view<Space> const& c) : region(c.data, c.rows, c.width, c.row_stride, entry_bytes(c)) {}
  region(logit_layout const& l, void const* data) : region(data, 1, l.reach(), 0, element_bytes(l.type)) {
    if (l.size() == 0) return;
    // A common step of all rows exists where blocks are whole rows apart; otherwise the view counts as one run.
    bool const regular = l.row_stride > 0 && (l.outer == 1 || l.outer_stride % l.row_stride == 0);
    if (regular && l.size() > 1) {
      stride = static_cast<std::uintptr_t>(l.row_stride * element_bytes(l.type));
      width = static_cast<std::uintptr_t>(l.vocabulary * element_bytes(l.type));
    }
  }

 private:
  template <class Space>
  static std::int64_t entry_bytes(mask_view<Space> const& m) {
    using kind = typename mask_view<Space>::kind;
    return m.type == kind::byte ? 1 : (m.type == kind::f32 ? 4 : 8);
  }
};

/// True where both may share a byte. Exact for views of one stride (column windows of one array), otherwise by range.
inline bool overlap(region const& a, region const& b) {
  if (a.begin >= b.end || b.begin >= a.end || a.width == 0 || b.width == 0) return false;
  std::uintptr_t const step = a.stride != 0 ? a.stride : b.stride;
  if (step == 0 || (a.stride != 0 && b.stride != 0 && a.stride != b.stride)) return true;
  if (a.width > step || b.width > step) return true;
  // Unsigned differences wrap, which is harmless for a power of two only: subtract the smaller from the larger.
  std::uintptr_t const apart =
      b.begin >= a.begin ? (b.begin - a.begin) % step : (step - (a.begin - b.begin) % step) % step;
  return apart < a.width || step - apart < b.width;
}

/// An argument's name and the memory that it covers; none by default.
struct place {
  std::string_view name;
  region bytes;
};

/// No output shares memory with an input or with another output.
template <std::size_t Outputs, std::size_t Inputs>
status check_apart(std::string_view function, place const (&outputs)[Outputs], place const (&inputs)[Inputs]) {
  for (place const& out : outputs) {
    for (place const& in : inputs) {
      if (overlap(out.bytes, in.bytes)) {
        return bad_argument(function, out.name, text("memory apart from ", in.name), "overlapping memory");
      }
    }
    for (place const& other : outputs) {
      if (&other == &out) break;
      if (overlap(out.bytes, other.bytes)) {
        return bad_argument(function, out.name, text("memory apart from ", other.name), "overlapping memory");
      }
    }
  }
  return {};
}

AHA_NAMESPACE_END
