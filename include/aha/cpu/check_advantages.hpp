// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/group.hpp>
#include <aha/advantage/stats.hpp>
#include <aha/core/groups.hpp>
#include <aha/core/region.hpp>
#include <aha/cpu/whiten.hpp>
#include <optional>

AHA_NAMESPACE_BEGIN

/// Groups of n rows: one id a row, or offsets that start at 0, never fall and end at n.
inline status check_groups(char const* function, groups<host> const& by, std::int64_t n) {
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

/// Checks everything that `advantages` is given, before the first write.
template <class Method, class T>
status check_advantages(Method const& method, span<T const> reward, groups<host> const& by, span<T> adv,
                        mask_view<host> const& valid, std::optional<moments> const& batch) {
  char const* const me = "advantages";
  std::int64_t const n = reward.size();
  if (status bad = validate(method, me); !bad.ok()) return bad;
  if (batch) {
    advantage::spread_of const source = method.scale.source;
    if (source != advantage::spread_of::batch && source != advantage::spread_of::batch_centred) {
      return bad_argument(me, "batch", "no moments (the scale does not look at the batch)", "some");
    }
    if (status bad = check_moments(me, "batch", *batch); !bad.ok()) return bad;
  }
  if (status bad = check_groups(me, by, n); !bad.ok()) return bad;
  if (valid.present()) {
    if (valid.rank != 1) return bad_argument(me, "valid", "a list", "a matrix");
    if (valid.width != n) return bad_argument(me, "valid", text(n, " entries"), text(valid.width));
  }
  if (adv.size() != n) return bad_argument(me, "adv", text(n, " entries"), text(adv.size()));
  place const written[] = {place{"adv", region(column<T, host>(adv))}};
  place const read[] = {place{"reward", region(column<T const, host>(reward))},
                        place{by.index_name(), region(by.index())}, place{"valid", region(valid)}};
  if (status bad = check_apart(me, written, read); !bad.ok()) return bad;
  return check_masked_column(me, "reward", masked_column<T>{reward, valid}, "valid");
}

AHA_NAMESPACE_END
