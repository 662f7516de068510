// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/executor.hpp>
#include <aha/core/moments.hpp>

AHA_NAMESPACE_BEGIN

/// Into how many pieces a set is cut at most, whatever the number of threads.
inline constexpr std::int64_t most_pieces = 32;

/// Moments of a set in `pieces` <= `most_pieces` pieces: `for_each(p, add)` calls `add(x)` for every member of piece p, the
/// same ones each time it is called (up to three times). NaN is no member. The sums are exact in their cut places, so
/// pieces and threads change no bit.
template <class Exec, class ForEach>
order_free_moments moments_of_pieces(Exec const& exec, std::int64_t pieces, ForEach const& for_each) {
  order_free_moments part[most_pieces];
  run_on(exec, pieces, [&](std::int64_t p) {
    order_free_moments r;
    for_each(p, [&](double x) { r.include(x); });
    part[p] = r;
  });
  order_free_moments all;
  for (std::int64_t p = 0; p < pieces; ++p) all.include(part[p]);
  auto const sum = [&](order_free_sum const& empty, auto const& add) {
    order_free_sum partial[most_pieces];
    run_on(exec, pieces, [&](std::int64_t p) {
      order_free_sum s = empty;
      for_each(p, [&](double x) { add(s, x); });
      partial[p] = s;
    });
    order_free_sum total = empty;
    for (std::int64_t p = 0; p < pieces; ++p) total.merge(partial[p]);
    return total;
  };
  if (!all.equal()) {
    all.set_mean(sum(all.distances(), [&](order_free_sum& s, double x) { all.add_distance(s, x); }));
    all.set_m2(sum(all.squares(), [&](order_free_sum& s, double x) { all.add_square(s, x); }));
  }
  return all;
}

AHA_NAMESPACE_END
