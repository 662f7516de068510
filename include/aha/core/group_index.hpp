// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

AHA_NAMESPACE_BEGIN

/// Rows sorted by group, for groups given by arbitrary ids: group g is the rows `rows(g)[0 ... count(g))`, rising.
/// The numbering of groups is arbitrary. Time O(N) whatever the ids.
///
/// Ids are first dealt by their hash to at most 64 buckets, then each bucket is numbered by an open-addressing table and
/// counted into place. A bucket of a million rows' batch fits into the second-level cache; one table and one counting
/// sort for the whole batch cost two cache and page misses a row.
/// Scratch: 1 entry a row and 1 a group to keep; 2 and an id a row while it is built. `Row` is the entries' type.
template <class Row>
class group_index {
 public:
  /// Of ids that are int32 or int64.
  explicit group_index(index_view<host> const& ids)
      : rows_(new Row[static_cast<std::size_t>(ids.size())]), begin_(1, 0) {
    if (ids.wide) {
      build(static_cast<std::int64_t const*>(ids.data), ids.size());
    } else {
      build(static_cast<std::int32_t const*>(ids.data), ids.size());
    }
  }

  std::int64_t size() const { return static_cast<std::int64_t>(begin_.size()) - 1; }
  std::int64_t count(std::int64_t g) const {
    return begin_[static_cast<std::size_t>(g) + 1] - begin_[static_cast<std::size_t>(g)];
  }
  Row const* rows(std::int64_t g) const { return rows_.get() + begin_[static_cast<std::size_t>(g)]; }

 private:
  template <class Id>
  void build(Id const* ids, std::int64_t n) {
    int bits = 0;
    while (bits < 6 && (n >> bits) > 8192) ++bits;
    std::array<std::int64_t, 65> start{};
    for (std::int64_t i = 0; i < n; ++i) ++start[bucket(ids[i], bits) + 1];
    for (std::size_t b = 1; b < start.size(); ++b) start[b] += start[b - 1];

    std::unique_ptr<dealt[]> const scratch(new dealt[static_cast<std::size_t>(n)]);
    dealt* const all = scratch.get();
    auto next = start;
    for (std::int64_t i = 0; i < n; ++i) all[next[bucket(ids[i], bits)]++] = dealt{ids[i], static_cast<Row>(i), 0};
    for (std::size_t b = 0; b < start.size() - 1; ++b) sort(all + start[b], start[b + 1] - start[b], start[b]);
  }

  static constexpr Row none = -1;
  struct dealt {
    std::int64_t id;
    Row row;
    Row number;
  };
  struct slot {
    std::int64_t id;
    Row number;
  };

  /// MurmurHash3's finaliser: ids that differ in few bits (packed pairs, multiples) must not pile up.
  static std::uint64_t mix(std::int64_t id) {
    auto h = static_cast<std::uint64_t>(id);
    h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCDU;
    h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53U;
    return h ^ (h >> 33);
  }
  static std::size_t bucket(std::int64_t id, int bits) {
    return bits == 0 ? 0 : static_cast<std::size_t>(mix(id) >> (64 - bits));  // the table uses the low bits
  }

  /// Numbers the groups of one bucket and counts its rows into `rows_[first, first + n)`.
  void sort(dealt* of, std::int64_t n, std::int64_t first) {
    if (n == 0) return;
    std::size_t slots = 64;
    while (slots < static_cast<std::size_t>(n) / 2) slots *= 2;
    table_.assign(slots, slot{0, none});
    size_ = 0;
    for (std::int64_t k = 0; k < n; ++k) {
      if (2 * size_ >= table_.size()) grow();
      slot& s = table_[find(of[k].id)];
      if (s.number == none) s = slot{of[k].id, static_cast<Row>(size_++)};
      of[k].number = s.number;
    }
    // Stable: the last entries of `begin_` first count group g, then are its write position, and end where it ends.
    std::size_t const base = begin_.size() - 1;
    begin_.resize(begin_.size() + size_, 0);
    auto const at = [&](Row number) -> Row& { return begin_[base + static_cast<std::size_t>(number) + 1]; };
    for (std::int64_t k = 0; k < n; ++k) ++at(of[k].number);
    Row end = static_cast<Row>(first);
    for (std::size_t g = base + 1; g < begin_.size(); ++g) {
      Row const members = begin_[g];
      begin_[g] = end;
      end += members;
    }
    Row* const sorted = rows_.get();
    for (std::int64_t k = 0; k < n; ++k) sorted[at(of[k].number)++] = of[k].row;
  }

  /// Slot of `id`, or the free one where it belongs.
  std::size_t find(std::int64_t id) const {
    std::size_t at = static_cast<std::size_t>(mix(id)) & (table_.size() - 1);
    while (table_[at].number != none && table_[at].id != id) at = (at + 1) & (table_.size() - 1);
    return at;
  }
  void grow() {
    std::vector<slot> old(2 * table_.size(), slot{0, none});
    old.swap(table_);
    for (slot const& s : old) {
      if (s.number != none) table_[find(s.id)] = s;
    }
  }

  std::unique_ptr<Row[]> rows_;
  std::vector<Row> begin_;
  std::vector<slot> table_;
  std::size_t size_ = 0;
};

AHA_NAMESPACE_END
