// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/group.hpp>
#include <aha/advantage/stats.hpp>
#include <aha/core/check_groups.hpp>
#include <aha/core/region.hpp>
#include <aha/cpu/whiten.hpp>
#include <optional>

AHA_NAMESPACE_BEGIN

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
