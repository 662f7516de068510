// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>
#include <aha/core/error.hpp>
#include <cstdint>
#include <string_view>

AHA_NAMESPACE_BEGIN

/// An array of another library as it describes itself: extents and strides of up to three dimensions, in elements.
template <class T>
struct strided_array {
  static constexpr int max_rank = 3;
  T* data = nullptr;
  int rank = 0;
  std::int64_t extent[max_rank] = {};
  std::int64_t stride[max_rank] = {};

  std::int64_t size() const {
    std::int64_t n = 1;
    for (int k = 0; k < rank; ++k) n *= extent[k];
    return n;
  }
  /// Stride of dimension k; of one that is never stepped over, where libraries write anything, what a dense row has.
  std::int64_t step(int k) const {
    if (size() > 0 && extent[k] > 1) return stride[k];
    std::int64_t dense = 1;
    for (int inner = rank - 1; inner > k; --inner) dense *= extent[inner];
    return dense;
  }
};

/// View of a rank that is known to the compiler.
template <class T, int Rank>
struct view_of_rank;
template <class T>
struct view_of_rank<T, 1> {
  using type = span<T>;
  static type of(strided_array<T> const& a) { return {a.data, a.extent[0]}; }
};
template <class T>
struct view_of_rank<T, 2> {
  using type = matrix<T>;
  static type of(strided_array<T> const& a) { return {a.data, a.extent[0], a.extent[1], a.step(0)}; }
};
template <class T>
struct view_of_rank<T, 3> {
  using type = cube<T>;
  static type of(strided_array<T> const& a) {
    return {a.data, a.extent[0], a.extent[1], a.extent[2], a.step(0), a.step(1)};
  }
};

/// A rank within [low, high], unit stride in the last dimension, entries at addresses that their type may have.
template <class T>
status check_strided(std::string_view function, std::string_view argument, strided_array<T> const& a, int low,
                     int high) {
  if (a.rank < low || a.rank > high) {
    return bad_argument(
        function, argument,
        low == high ? text(low, low == 1 ? " dimension" : " dimensions") : text(low, " or ", high, " dimensions"),
        to_text(a.rank));
  }
  if (a.step(a.rank - 1) != 1) {
    return bad_argument(function, argument, "unit stride inside a row (of a column-major matrix pass the transpose)",
                        text("stride ", a.step(a.rank - 1)));
  }
  if (reinterpret_cast<std::uintptr_t>(a.data) % alignof(T) != 0) {
    return bad_argument(function, argument, "aligned entries", "an unaligned address");
  }
  return {};
}

/// The array as a view of the library: span `[N]`, matrix `[R, C]` or cube `[A, R, C]`, of the same shape.
/// What cannot be one throws, or is reported in `why` (`report`) and gives an empty view.
template <int Rank, class T>
typename view_of_rank<T, Rank>::type make_view(std::string_view function, std::string_view argument,
                                               strided_array<T> const& a, status* why) {
  status const s = check_strided(function, argument, a, Rank, Rank);
  report(s, why);
  return s.ok() ? view_of_rank<T, Rank>::of(a) : typename view_of_rank<T, Rank>::type();
}

AHA_NAMESPACE_END
