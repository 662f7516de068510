// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/groups.hpp>

AHA_NAMESPACE_BEGIN

/// Groups of n rows: one id a row, or offsets that start at 0, never fall and end at n.
inline status check_groups(std::string_view function, groups<host> const& by, std::int64_t n) {
  index_view<host> const& index = by.index();
  if (by.type() == groups<host>::kind::none || !index.present()) {
    return bad_argument(function, "groups", "ids or offsets", "neither");
  }
  if (index.rank != 1) return bad_argument(function, by.index_name(), "a list", "a matrix");
  if (by.type() == groups<host>::kind::ids) {
    if (index.size() != n) return bad_argument(function, "ids", text(n, " entries"), text(index.size()));
    return {};
  }
  std::int64_t const last = index.size() - 1;
  if (last < 0) return bad_argument(function, "offsets", "at least 1 entry", "0");
  if (index[0] != 0) return bad_argument(function, "offsets", "0 at entry 0", text(index[0]));
  for (std::int64_t g = 0; g < last; ++g) {
    if (index[g + 1] < index[g]) {
      return bad_argument(function, "offsets", text("at least ", index[g], " at entry ", g + 1), text(index[g + 1]));
    }
  }
  if (index[last] != n) return bad_argument(function, "offsets", text(n, " at entry ", last), text(index[last]));
  return {};
}

AHA_NAMESPACE_END
