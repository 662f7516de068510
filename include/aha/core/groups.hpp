// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>
#include <aha/core/span.hpp>

AHA_NAMESPACE_BEGIN

/// Which rows belong together (the samples of one prompt, the turns of one episode): a view, nothing is copied.
///
///   groups<>::by_id(ids)          ids [N], int64 or int32, any values in any order; equal ids are one group
///   groups<>::by_offsets(offsets) offsets [G+1], int64 or int32; group g is the rows [offsets[g], offsets[g+1])
///
/// Groups may have any size and differ in size. By offsets they may be empty; by id an id that does not occur is no
/// group. Offsets start at 0, never fall and end at N; entry points that take groups check this. The view must outlive
/// the call, not longer. Peers reshape to a fixed size, which shifts rows into other prompts' groups as soon as one
/// sample is dropped.
template <class Space = host>
class groups {
 public:
  enum class kind : std::uint8_t { none, ids, offsets };

  constexpr groups() = default;
  static constexpr groups by_id(index_view<Space> ids) { return groups(kind::ids, ids); }
  static constexpr groups by_offsets(index_view<Space> offsets) { return groups(kind::offsets, offsets); }

  AHA_FN constexpr kind type() const { return type_; }
  AHA_FN constexpr index_view<Space> const& index() const { return index_; }
  /// Name of the index in error texts, the same as the keyword in Python.
  constexpr char const* index_name() const { return type_ == kind::ids ? "ids" : "offsets"; }

 private:
  constexpr groups(kind type, index_view<Space> index) : type_(type), index_(index) {}

  kind type_ = kind::none;
  index_view<Space> index_;
};

AHA_NAMESPACE_END
