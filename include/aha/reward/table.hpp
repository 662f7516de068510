// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/check_groups.hpp>
#include <aha/core/region.hpp>
#include <aha/reward/missing.hpp>
#include <string_view>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward {

/// One component of N rows: values, and what became of them. A view: nothing is copied, and it must outlive the call.
///   component(values)             doubles; NaN is abstained, everything else scored
///   component(values, statuses)   a status each
///   component(outcomes)           what verifiers and text rewards give
class component {
 public:
  std::string_view name;  ///< what a dynamic expression may call it; may be empty

  component() = default;
  component(span<double const> values, span<enum status const> statuses = {}, std::string_view called = {})
      : name(called),
        values_(values.data_handle()),
        statuses_(statuses.data_handle()),
        size_(values.size()),
        value_step_(sizeof(double)),
        status_step_(sizeof(enum status)),
        status_size_(statuses.size()) {}
  /// Records with `value` and `status`: outcomes, or the cells of an evaluated expression.
  template <class Record, class = decltype(std::declval<Record>().status)>
  component(span<Record const> records, std::string_view called = {})
      : name(called),
        size_(records.size()),
        value_step_(sizeof(Record)),
        status_step_(sizeof(Record)),
        status_size_(records.size()) {
    if (size_ == 0) return;
    values_ = &records.data_handle()->value;
    statuses_ = &records.data_handle()->status;
  }
  template <class C, class = std::enable_if_t<is_container_of<C const, double const>::value>>
  component(C const& values, std::string_view called = {}) : component(span<double const>(values), {}, called) {}
  template <class C, class S,
            class = std::enable_if_t<is_container_of<C const, double const>::value &&
                                     is_container_of<S const, enum status const>::value>>
  component(C const& values, S const& statuses, std::string_view called = {})
      : component(span<double const>(values), span<enum status const>(statuses), called) {}
  template <class C, class = std::enable_if_t<is_container_of<C const, outcome const>::value>, class = void>
  component(C const& outcomes, std::string_view called = {}) : component(span<outcome const>(outcomes), called) {}

  std::int64_t size() const { return size_; }
  /// What error texts call the component at index k of a table: by its name where it has one.
  std::string label(std::size_t k) const {
    return name.empty() ? text("columns[", k, "]") : text("columns[\"", name, "\"]");
  }
  /// Whether there is no status, or one for every value.
  bool has_statuses() const { return status_size_ > 0; }
  std::int64_t status_size() const { return status_size_; }
  double value(std::int64_t i) const { return *at<double>(values_, value_step_, i); }
  enum status status(std::int64_t i) const {
    return statuses_ == nullptr ? status::scored : *at<enum status>(statuses_, status_step_, i);
  }
  /// The bytes of the values and of the statuses.
  region values_region() const { return {values_, size_, value_step_, value_step_, 1}; }
  region statuses_region() const {
    return statuses_ == nullptr ? region() : region{statuses_, size_, status_step_, status_step_, 1};
  }

 private:
  template <class T>
  static T const* at(void const* first, std::int64_t step, std::int64_t i) {
    return reinterpret_cast<T const*>(static_cast<char const*>(first) + i * step);
  }

  void const* values_ = nullptr;
  void const* statuses_ = nullptr;
  std::int64_t size_ = 0;
  std::int64_t value_step_ = 0;   // bytes
  std::int64_t status_step_ = 0;  // bytes
  std::int64_t status_size_ = 0;
};

/// What expressions are evaluated over: components of N rows each, and what is common to all rows.
struct table {
  std::vector<component> columns;  ///< `column<I>` is `columns[I]`
  groups<host> by{};               ///< which rows are samples of one problem; group operations want it
  double step = 0;                 ///< of the training, for `schedule`
  std::vector<moments> running{};  ///< for `normalize_running`, by slot
  missing_policy missing{};
};

/// Checks components of n rows: sizes, statuses, numbers within what statistics can square.
inline aha::status check_columns(std::string_view function, std::vector<component> const& columns, std::int64_t n) {
  for (std::size_t k = 0; k < columns.size(); ++k) {
    component const& c = columns[k];
    std::string const name = c.label(k);
    if (c.size() != n) return bad_argument(function, name, text(n, " rows"), text(c.size()));
    if (c.has_statuses() && c.status_size() != n) {
      return bad_argument(function, name, text(n, " statuses"), text(c.status_size()));
    }
    for (std::int64_t i = 0; i < n; ++i) {
      double const x = c.value(i);
      if (!(x >= -largest_member && x <= largest_member) && x == x) {
        return bad_argument(function, name, text("numbers within +-", largest_member, ", or NaN"),
                            text(x, " at row ", i));
      }
      if (static_cast<int>(c.status(i)) >= status_count) {
        return bad_argument(function, name, text("a status from 0 to ", status_count - 1),
                            text(static_cast<int>(c.status(i)), " at row ", i));
      }
    }
  }
  return {};
}

/// Checks what a table has beside its columns.
inline aha::status check_table(std::string_view function, table const& t, std::int64_t n) {
  if (aha::status bad = check_members(function, t.missing); !bad.ok()) return bad;
  if (aha::status bad = check_columns(function, t.columns, n); !bad.ok()) return bad;
  if (!(t.step >= -largest_member && t.step <= largest_member)) {
    return bad_argument(function, "step", "a finite number", to_text(t.step));
  }
  for (std::size_t k = 0; k < t.running.size(); ++k) {
    moments const& m = t.running[k];
    bool const legal = m.count >= 0 && m.m2 >= 0.0 && m.m2 <= std::numeric_limits<double>::max() &&
                       m.mean >= -largest_member && m.mean <= largest_member;
    if (!legal) {
      return bad_argument(function, text("running[", k, "]"), "count >= 0, a finite mean and m2 >= 0",
                          text("(", m.count, ", ", m.mean, ", ", m.m2, ")"));
    }
  }
  if (t.by.type() == groups<host>::kind::none) return {};
  return check_groups(function, t.by, n);
}

}  // namespace reward
AHA_NAMESPACE_END
