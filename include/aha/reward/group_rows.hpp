// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/group_index.hpp>
#include <aha/core/groups.hpp>
#include <numeric>
#include <optional>

AHA_NAMESPACE_BEGIN
namespace reward {

/// The rows of every group in memory, rising, for groups by id or by offsets. Nothing where there are no groups.
class group_rows {
 public:
  group_rows(groups<host> const& by, std::int64_t n) {
    if (by.type() == groups<host>::kind::ids) {
      sorted_.emplace(by.index());
    } else if (by.type() == groups<host>::kind::offsets) {
      offsets_ = by.index();
      identity_.resize(static_cast<std::size_t>(n));
      std::iota(identity_.begin(), identity_.end(), std::int64_t{0});
    }
  }
  std::int64_t size() const { return sorted_ ? sorted_->size() : (offsets_.present() ? offsets_.size() - 1 : 0); }
  std::int64_t count(std::int64_t g) const { return sorted_ ? sorted_->count(g) : offsets_[g + 1] - offsets_[g]; }
  std::int64_t const* rows(std::int64_t g) const { return sorted_ ? sorted_->rows(g) : identity_.data() + offsets_[g]; }

 private:
  std::optional<group_index<std::int64_t>> sorted_;
  index_view<host> offsets_;
  std::vector<std::int64_t> identity_;
};

}  // namespace reward
AHA_NAMESPACE_END
