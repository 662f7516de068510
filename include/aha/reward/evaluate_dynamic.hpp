// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/engine.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// Evaluates a dynamic expression by an engine: a stack of blocks of cells, one dispatch a node and a block of rows. Its
/// memory is made before the loops, one stack a piece.
template <class Engine>
class dynamic_evaluation {
 public:
  dynamic_evaluation(Engine& engine, dynamic_expression const& e)
      : engine_(engine),
        nodes_(e.nodes()),
        first_(e.starts()),
        slot_(nodes_.size(), -1),
        column_(nodes_.size(), -1),
        depth_(deepest()) {
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      dynamic_node const& n = nodes_[k];
      if (n.type == dynamic_node::kind::column) column_[k] = find(n, engine.columns());
    }
    stacks_.resize(static_cast<std::size_t>(engine.pieces()));
    std::size_t widest = 1;
    for (dynamic_node const& n : nodes_) widest = std::max(widest, static_cast<std::size_t>(n.arguments));
    for (auto& stack : stacks_) stack.resize(depth_ * block + widest);
    for (int k = 0; k < static_cast<int>(nodes_.size()); ++k) prepare(k);
    whole_ = program(static_cast<int>(nodes_.size()) - 1);
  }
  /// n cells from row `first`; any piece, one thread a piece.
  void write(std::int64_t piece, std::int64_t first, std::int64_t n, cell* out) const {
    run(whole_, piece, first, n, out);
  }
  static expression_needs needs(dynamic_expression const& e) {
    expression_needs all;
    for (dynamic_node const& n : e.nodes()) {
      if (n.type == dynamic_node::kind::column) all.columns = std::max(all.columns, n.index + 1);
      if (n.type != dynamic_node::kind::operation) continue;
      std::visit(
          [&](auto const& op) {
            using Operation = std::decay_t<decltype(op)>;
            all.groups = all.groups || Operation::looks_at == stage::group;
            if constexpr (std::is_same_v<Operation, operation::normalize_running>) {
              all.running = std::max(all.running, op.slot + 1);
            }
          },
          n.op);
    }
    return all;
  }
  static aha::status check(std::string_view function, dynamic_expression const& e) {
    return check_expression(function, e);
  }
  /// Every name is the name of one component.
  static aha::status check_names(std::string_view function, dynamic_expression const& e,
                                 std::vector<component> const& columns) {
    for (dynamic_node const& n : e.nodes()) {
      if (n.type != dynamic_node::kind::column || n.index >= 0) continue;
      auto const named =
          std::count_if(columns.begin(), columns.end(), [&](component const& c) { return c.name == n.name; });
      if (named == 1) continue;
      return bad_argument(function, "columns", text("one column named ", n.name), named == 0 ? "none" : text(named));
    }
    return {};
  }

 private:
  static constexpr std::int64_t block = 64;

  static int find(dynamic_node const& n, std::vector<component> const& columns) {
    if (n.index >= 0) return n.index;
    int k = 0;
    while (columns[static_cast<std::size_t>(k)].name != n.name) ++k;
    return k;
  }
  /// Most blocks that are on the stack at once.
  std::size_t deepest() const {
    std::size_t now = 0;
    std::size_t most = 1;
    for (dynamic_node const& n : nodes_) {
      now = now + 1 - static_cast<std::size_t>(n.arguments);
      most = std::max(most, now + static_cast<std::size_t>(n.arguments));
    }
    return most;
  }
  /// The nodes that give node `root` at a row, in order: not those below a group or batch operation that is made already.
  std::vector<int> program(int root) const {
    std::vector<int> order;
    for (int k = root; k >= first_[static_cast<std::size_t>(root)]; --k) {
      order.push_back(k);
      if (slot_[static_cast<std::size_t>(k)] >= 0) k = first_[static_cast<std::size_t>(k)];
    }
    std::reverse(order.begin(), order.end());
    return order;
  }
  void prepare(int k) {
    dynamic_node const& n = nodes_[static_cast<std::size_t>(k)];
    if (n.type != dynamic_node::kind::operation) return;
    std::visit(
        [&](auto const& op) {
          using Operation = std::decay_t<decltype(op)>;
          if constexpr (Operation::looks_at != stage::row) {
            std::vector<int> roots(static_cast<std::size_t>(n.arguments));
            int end = k - 1;
            for (std::size_t a = roots.size(); a-- > 0; end = first_[static_cast<std::size_t>(end)] - 1) roots[a] = end;
            std::vector<std::vector<int>> programs;
            for (int const root : roots) programs.push_back(program(root));
            int const slot = engine_.next_slot();
            engine_.make(op, [&](int a, std::int64_t piece, std::int64_t first, std::int64_t rows, cell* out) {
              run(programs[static_cast<std::size_t>(a)], piece, first, rows, out);
            });
            slot_[static_cast<std::size_t>(k)] = slot;
          }
        },
        n.op);
  }
  void run(std::vector<int> const& order, std::int64_t piece, std::int64_t first, std::int64_t n, cell* out) const {
    std::vector<cell>& memory = stacks_[static_cast<std::size_t>(piece)];
    cell* const stack = memory.data();
    cell* const one = stack + depth_ * block;
    for (std::int64_t done = 0; done < n; done += block) {
      std::int64_t const here = std::min(block, n - done);
      std::int64_t top = 0;
      for (int const k : order) {
        dynamic_node const& node = nodes_[static_cast<std::size_t>(k)];
        bool const is_made = slot_[static_cast<std::size_t>(k)] >= 0;
        std::int64_t const arguments = is_made ? 0 : node.arguments;
        cell* const to = stack + (top - arguments) * block;
        if (is_made) {
          for (std::int64_t i = 0; i < here; ++i)
            to[i] = engine_.made(slot_[static_cast<std::size_t>(k)], first + done + i);
        } else {
          step(node, column_[static_cast<std::size_t>(k)], first + done, here, to, one);
        }
        top += 1 - arguments;
      }
      std::copy(stack, stack + here, out + done);
    }
  }
  /// One node over a block: its arguments lie at `to`, a block each, and its result takes the place of the first. `one`
  /// has room for the arguments of a row.
  void step(dynamic_node const& node, int column, std::int64_t first, std::int64_t n, cell* to, cell* one) const {
    switch (node.type) {
      case dynamic_node::kind::column:
        for (std::int64_t i = 0; i < n; ++i) to[i] = engine_.input(column, first + i);
        return;
      case dynamic_node::kind::constant: std::fill(to, to + n, cell(node.value, presence::constant)); return;
      case dynamic_node::kind::sum:
        for_each_row(node.arguments, n, to, one,
                     [&](cell const* x) { return weighted_sum_of(x, node.weight.data(), node.arguments); });
        return;
      default:
        std::visit(
            [&](auto const& op) {
              using Operation = std::decay_t<decltype(op)>;
              if constexpr (std::is_same_v<Operation, operation::schedule>) {
                std::fill(to, to + n, op.at(engine_.step()));
              } else if constexpr (Operation::looks_at == stage::row) {
                for_each_row(node.arguments, n, to, one, [&](cell const* x) { return op(x, node.arguments); });
              }
            },
            node.op);
    }
  }
  template <class F>
  static void for_each_row(int arguments, std::int64_t n, cell* to, cell* one, F const& f) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (int k = 0; k < arguments; ++k) one[k] = to[k * block + i];
      to[i] = f(one);
    }
  }

  Engine& engine_;
  std::vector<dynamic_node> const& nodes_;
  std::vector<int> first_;
  std::vector<int> slot_;
  std::vector<int> column_;
  std::size_t depth_;
  std::vector<int> whole_;
  mutable std::vector<std::vector<cell>> stacks_;  // scratch: a piece is one thread's
};

}  // namespace reward
AHA_NAMESPACE_END
