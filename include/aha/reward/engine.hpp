// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/call.hpp>
#include <aha/reward/report.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A value beyond what statistics can square, or undefined, is an error of the expression at that row, never a number that
/// silently spreads.
inline cell guarded(cell const& c) {
  if (!c.there() || (c.value >= -largest_member && c.value <= largest_member)) return c;
  return {status::error, presence::row};
}

/// What both forms of expression are evaluated by: the components as the policy has them, and the columns that group and
/// batch operations have made so far. Rows are walked in pieces that depend on their number alone.
template <class Exec>
class reward_engine {
 public:
  reward_engine(Exec const& exec, table const& rows, std::int64_t n)
      : exec_(exec), rows_(rows), n_(n), by_(rows.by, n), seen_(rows.running.size()) {}

  std::int64_t size() const { return n_; }
  std::int64_t pieces() const { return pieces_of_rows(n_); }
  cell input(int column, std::int64_t i) const {
    component const& c = rows_.columns[static_cast<std::size_t>(column)];
    return resolve(rows_.missing, c.value(i), c.status(i));
  }
  cell const& made(int slot, std::int64_t i) const {
    return made_[static_cast<std::size_t>(slot)][static_cast<std::size_t>(i)];
  }
  double step() const { return rows_.step; }
  group_rows const& by() const { return by_; }
  std::vector<moments> const& seen() const { return seen_; }
  std::vector<component> const& columns() const { return rows_.columns; }

  /// Calls f(piece, first row, number of rows) for every piece.
  template <class F>
  void for_each_piece(F const& f) const {
    run_on(exec_, pieces(), [&](std::int64_t p) {
      std::int64_t const first = n_ * p / pieces();
      f(p, first, n_ * (p + 1) / pieces() - first);
    });
  }

  /// Evaluates a group or batch operation over all rows; the result is the next slot. `write(k, piece, first, n, out)` gives
  /// n cells of argument k.
  template <class Operation, class Write>
  void make(Operation const& op, Write const& write) {
    constexpr int arguments = Operation::arguments;
    static_assert(arguments > 0, "aha: rewards: an operation on groups has a fixed number of arguments");
    std::vector<cell> given[arguments];
    cell const* views[arguments];
    for (int k = 0; k < arguments; ++k) {
      given[k].resize(static_cast<std::size_t>(n_));
      cell* const out = given[k].data();
      views[k] = out;
      for_each_piece([&](std::int64_t p, std::int64_t first, std::int64_t n) {
        write(k, p, first, n, out + first);
        for (std::int64_t i = first; i < first + n; ++i) out[i] = guarded(out[i]);
      });
    }
    std::vector<cell> result(static_cast<std::size_t>(n_));
    cell* const out = result.data();
    if constexpr (Operation::looks_at == stage::group) {
      run_on(exec_, pieces(), [&](std::int64_t p) {
        for (std::int64_t g = by_.size() * p / pieces(); g < by_.size() * (p + 1) / pieces(); ++g) {
          op(group_cells{views, by_.rows(g), by_.count(g)}, out);
        }
      });
    } else {
      order_free_moments const batch = moments_of_pieces(exec_, pieces(), [&](std::int64_t p, auto const& add) {
        for (std::int64_t i = n_ * p / pieces(); i < n_ * (p + 1) / pieces(); ++i) {
          add(views[0][i].there() ? views[0][i].value : std::numeric_limits<double>::quiet_NaN());
        }
      });
      moments const* running = nullptr;
      if constexpr (std::is_same_v<Operation, operation::normalize_running>) {
        auto const slot = static_cast<std::size_t>(op.slot);
        running = &rows_.running[slot];
        seen_[slot].merge(batch.plain());
      }
      for_each_piece([&](std::int64_t, std::int64_t first, std::int64_t n) {
        for (std::int64_t i = first; i < first + n; ++i) {
          cell const& x = views[0][i];
          out[i] = x.there() ? cell(op(x.value, batch, running)) : x;
        }
      });
    }
    made_.push_back(std::move(result));
  }
  /// The slot that the next `make` fills.
  int next_slot() const { return static_cast<int>(made_.size()); }

 private:
  Exec const& exec_;
  table const& rows_;
  std::int64_t n_;
  group_rows by_;
  std::vector<moments> seen_;
  std::vector<std::vector<cell>> made_;
};

/// What an expression asks of a table.
struct expression_needs {
  int columns = 0;  ///< one more than the largest index
  int running = 0;  ///< one more than the largest slot
  bool groups = false;
};

/// Checks that a table has what an expression asks for.
inline aha::status check_needs(std::string_view function, expression_needs const& needs, table const& rows) {
  if (static_cast<std::size_t>(needs.columns) > rows.columns.size()) {
    return bad_argument(function, "columns",
                        text("at least ", needs.columns, ", the expression reads column ", needs.columns - 1),
                        text(rows.columns.size()));
  }
  if (static_cast<std::size_t>(needs.running) > rows.running.size()) {
    return bad_argument(function, "running",
                        text("at least ", needs.running, ", the expression reads slot ", needs.running - 1),
                        text(rows.running.size()));
  }
  if (needs.groups && rows.by.type() == groups<host>::kind::none) {
    return bad_argument(function, "groups", "ids or offsets, the expression looks at groups", "neither");
  }
  return {};
}

}  // namespace reward
AHA_NAMESPACE_END
