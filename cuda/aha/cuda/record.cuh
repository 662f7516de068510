// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/stats.hpp>
#include <aha/loss/observe.hpp>

AHA_NAMESPACE_BEGIN

/// What a loss call leaves in the caller's device memory; the host copies it when it likes, as bytes. `bad_targets`
/// counts target ids outside of the vocabulary (their rows are NaN), `bad_offsets` entries of the layout that fall,
/// begin elsewhere than at 0 or reach beyond the tokens (they are clamped, so that nothing outside is read).
struct loss_record {
  double loss;
  loss_stats stats;
  std::int64_t bad_targets;
  std::int64_t bad_offsets;

  /// Calls f(name, number) for every number, constant or not: 8 bytes each, in the order in which they lie in memory.
  template <class Record, class F>
  static constexpr void numbers(Record& r, F&& f) {
    f("loss", r.loss);
    loss_stats::numbers(r.stats, f);
    f("bad_targets", r.bad_targets);
    f("bad_offsets", r.bad_offsets);
  }
};
static_assert(std::is_trivially_copyable_v<loss_record>, "aha: a record is copied as bytes");

/// Losses by part; `std::array` has no access for device code.
AHA_FN inline double* part_losses(loss_stats& s) { return reinterpret_cast<double*>(&s.part_loss); }

/// What `advantages` leaves in device memory. `bad_offsets` counts groups whose offsets are out of order (clamped),
/// `beyond` rewards larger than statistics can square, infinities among them: the host cannot refuse them, so they count
/// as invalid.
struct advantage_record {
  advantage_numbers stats;
  std::int64_t bad_offsets;
  std::int64_t beyond;
};
static_assert(std::is_trivially_copyable_v<advantage_record>, "aha: a record is copied as bytes");

/// What a call has seen of a column, and the moments that its results come from. `beyond` counts entries larger than
/// statistics can square (infinities): the host cannot refuse them, so they count as invalid.
struct column_record {
  column_numbers stats;
  std::int64_t beyond;
};
static_assert(std::is_trivially_copyable_v<column_record>, "aha: a record is copied as bytes");

AHA_NAMESPACE_END
