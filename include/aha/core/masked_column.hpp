// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>
#include <aha/core/error.hpp>

AHA_NAMESPACE_BEGIN

/// A column that is there, and a mask, where there is one, of the same shape. `name` and `mask_name` are the arguments'.
template <class T, class Space>
status check_masked_shape(std::string_view function, std::string_view name, column<T, Space> const& values,
                          mask_view<Space> const& mask, std::string_view mask_name = "mask") {
  auto const shape = [](auto const& v) {
    return v.rank == 2 ? text("[", v.rows, ", ", v.width, "]") : text("[", v.width, "]");
  };
  if (!values.present()) return bad_argument(function, name, "a column", "none");
  bool const fits =
      mask.rank == values.rank && mask.width == values.width && (mask.rank != 2 || mask.rows == values.rows);
  if (mask.present() && !fits) {
    return bad_argument(function, mask_name, text(shape(values), " like ", name), shape(mask));
  }
  return {};
}

AHA_NAMESPACE_END
