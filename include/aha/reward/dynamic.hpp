// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/number_text.hpp>
#include <aha/reward/expression.hpp>
#include <string>
#include <variant>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward {

/// Any operation of the list.
using any_operation = apply_list_t<std::variant, operations>;

/// One node of a dynamic expression.
struct dynamic_node {
  enum class kind : std::uint8_t { column, constant, sum, operation };
  kind type = kind::constant;
  unit_kind unit = unit_kind::number;
  int arguments = 0;
  int index = -1;              ///< of a column that has one
  std::string name;            ///< of a column that has one
  double value = 0;            ///< of a constant
  std::vector<double> weight;  ///< of a sum's terms
  any_operation op;
};

/// An expression made at run time: from texts, configurations, Python. Nodes lie in postfix order, the root last, so
/// nothing recurses over its depth. The same operations as the static form, the same bits. Units are checked when a node
/// is made: a mix throws `std::invalid_argument`, or, without exceptions, gives an expression that carries the status and
/// that every entry point refuses.
class dynamic_expression {
 public:
  /// Largest number of nodes.
  static constexpr std::size_t most_nodes = 4096;
  /// Longest name of a column, in bytes.
  static constexpr std::size_t longest_name = 64;

  aha::status status;

  dynamic_expression() = default;
  dynamic_expression(double number) {
    dynamic_node n;
    n.value = number;
    nodes_.push_back(n);
  }
  /// A static expression as a dynamic one.
  template <class E, class = std::enable_if_t<is_static<E>>>
  dynamic_expression(E const& e) : dynamic_expression(from_static(e)) {}

  /// Component `index` of the table.
  static dynamic_expression column(int index, unit_kind unit = unit_kind::number) {
    if (index < 0) return refuse("column", "index", "an integer >= 0", to_text(index));
    return column_node(index, {}, unit);
  }
  /// The component with this name.
  static dynamic_expression column(std::string_view name, unit_kind unit = unit_kind::number) {
    if (!is_name(name)) {
      return refuse("column", "name", "1 to 64 bytes without quotes and control characters",
                    name.size() > longest_name ? text(name.size(), " bytes") : "other");
    }
    return column_node(-1, name, unit);
  }
  /// An operation on arguments; numbers are checked.
  static dynamic_expression apply(any_operation const& op, std::vector<dynamic_expression> const& arguments);

  std::vector<dynamic_node> const& nodes() const { return nodes_; }
  bool empty() const { return nodes_.empty(); }
  dynamic_node const& root() const { return nodes_.back(); }
  unit_kind unit() const { return empty() ? unit_kind::number : root().unit; }
  bool is_number() const { return !empty() && root().type == dynamic_node::kind::constant; }

  friend dynamic_expression operator+(dynamic_expression a, dynamic_expression b) {
    a.add(std::move(b));
    return a;
  }
  friend dynamic_expression operator-(dynamic_expression a) {
    a.scale(-1.0);
    return a;
  }
  friend dynamic_expression operator-(dynamic_expression a, dynamic_expression b) {
    return std::move(a) + -std::move(b);
  }
  friend dynamic_expression operator*(dynamic_expression a, dynamic_expression b) {
    if (!a.status.ok() || (b.is_number() && b.status.ok())) {
      if (a.status.ok()) a.scale(b.root().value);
      return a;
    }
    if (a.is_number() && b.status.ok()) {
      b.scale(a.root().value);
      return b;
    }
    a.multiply(std::move(b));
    return a;
  }
  friend dynamic_expression operator/(dynamic_expression a, double by) {
    a.scale(1.0 / by);
    return a;
  }

  /// Where the subtree of every node begins.
  std::vector<int> starts() const {
    std::vector<int> first;
    std::vector<int> open;
    for (dynamic_node const& n : nodes_) {
      int begin = static_cast<int>(first.size());
      for (int k = 0; k < n.arguments; ++k) {
        begin = open.back();
        open.pop_back();
      }
      open.push_back(begin);
      first.push_back(begin);
    }
    return first;
  }

 private:
  static bool is_name(std::string_view name) {
    if (name.empty() || name.size() > longest_name) return false;
    for (char const c : name) {
      auto const b = static_cast<unsigned char>(c);
      if (b < 0x20 || b == 0x7F || c == '"' || c == '\'') return false;
    }
    return true;
  }
  static dynamic_expression refuse(std::string_view function, std::string_view argument, std::string_view expected,
                                   std::string_view got) {
    return fail<dynamic_expression>(bad_argument(name_in_errors(function), argument, expected, got));
  }
  static dynamic_expression column_node(int index, std::string_view name, unit_kind unit) {
    dynamic_expression e;
    dynamic_node n;
    n.type = dynamic_node::kind::column;
    n.unit = unit;
    n.index = index;
    n.name = std::string(name);
    e.nodes_.push_back(n);
    return e;
  }
  static dynamic_expression too_many() { return refuse("expression", "nodes", text("at most ", most_nodes), "more"); }
  bool is_sum() const { return !empty() && root().type == dynamic_node::kind::sum; }
  bool is_product() const {
    return !empty() && root().type == dynamic_node::kind::operation &&
           std::holds_alternative<operation::product>(root().op);
  }
  /// The root taken off, where it is what is asked for; else a root over this.
  dynamic_node take_root(bool own, dynamic_node::kind type) {
    dynamic_node top;
    if (own) {
      top = std::move(nodes_.back());
      nodes_.pop_back();
    } else {
      top.type = type;
      top.unit = unit();
      top.arguments = 1;
      top.weight.assign(type == dynamic_node::kind::sum ? 1 : 0, 1.0);
    }
    return top;
  }
  void add(dynamic_expression b) {
    if (!status.ok()) return;
    if (!b.status.ok() || empty()) return void(*this = std::move(b));
    if (unit() != b.unit()) {
      return void(*this = refuse("sum", "summand", text("the unit ", name_of(unit())), name_of(b.unit())));
    }
    if (nodes_.size() + b.nodes_.size() + 1 > most_nodes) return void(*this = too_many());
    dynamic_node top = take_root(is_sum(), dynamic_node::kind::sum);
    dynamic_node const other = b.take_root(b.is_sum(), dynamic_node::kind::sum);
    top.arguments += other.arguments;
    top.weight.insert(top.weight.end(), other.weight.begin(), other.weight.end());
    append(std::move(b));
    nodes_.push_back(std::move(top));
  }
  void scale(double by) {
    if (!status.ok() || empty()) return;
    if (is_number()) {
      nodes_.back().value = by * nodes_.back().value;
      return;
    }
    dynamic_node top = take_root(is_sum(), dynamic_node::kind::sum);
    for (double& w : top.weight) w = by * w;
    if (top.arguments == 1 && top.weight[0] == 1.0) return;  // the summand itself
    if (nodes_.size() + 1 > most_nodes) return void(*this = too_many());
    nodes_.push_back(std::move(top));
  }
  void multiply(dynamic_expression b) {
    if (!b.status.ok() || empty()) return void(*this = std::move(b));
    unit_kind const kinds[] = {unit(), b.unit()};
    unit_check const fit = check_units(unit_rule::product, kinds, 2);
    if (!fit.ok()) return void(*this = refuse("product", "factor", fit.expected, name_of(kinds[fit.wrong])));
    if (nodes_.size() + b.nodes_.size() + 1 > most_nodes) return void(*this = too_many());
    dynamic_node top = take_root(is_product(), dynamic_node::kind::operation);
    dynamic_node const other = b.take_root(b.is_product(), dynamic_node::kind::operation);
    top.op = operation::product{};
    top.arguments += other.arguments;
    top.unit = fit.unit;
    append(std::move(b));
    nodes_.push_back(std::move(top));
  }
  void append(dynamic_expression b) {
    nodes_.insert(nodes_.end(), std::make_move_iterator(b.nodes_.begin()), std::make_move_iterator(b.nodes_.end()));
  }

  static dynamic_expression from_static(constant const& c) { return dynamic_expression(c.value); }
  template <int Index, class Unit>
  static dynamic_expression from_static(reward::column<Index, Unit> const& /*c*/) {
    return column(Index, kind_of_unit<Unit>);
  }
  template <class Unit, class Operation, class... Arguments>
  static dynamic_expression from_static(applied<Unit, Operation, Arguments...> const& a) {
    return std::apply(
        [&](auto const&... x) { return apply(a.op, std::vector<dynamic_expression>{dynamic_expression(x)...}); },
        a.arguments);
  }
  template <class Unit, class... Terms>
  static dynamic_expression from_static(weighted_sum<Unit, Terms...> const& s) {
    dynamic_expression all;
    std::size_t k = 0;
    std::apply([&](auto const&... x) { (all.add(s.weight[k++] * dynamic_expression(x)), ...); }, s.terms);
    return all;
  }

  std::vector<dynamic_node> nodes_;
};

inline dynamic_expression dynamic_expression::apply(any_operation const& op,
                                                    std::vector<dynamic_expression> const& arguments) {
  return std::visit(
      [&](auto const& chosen) {
        using Operation = std::decay_t<decltype(chosen)>;
        auto const n = static_cast<int>(arguments.size());
        if (std::is_same_v<Operation, operation::product> && n > 0) {
          dynamic_expression all = arguments[0];
          for (int k = 1; k < n; ++k) all = std::move(all) * arguments[static_cast<std::size_t>(k)];
          return all;
        }
        std::string const me = name_in_errors(Operation::name);
        bool const any = Operation::arguments == any_count;
        if (any ? n < 1 : n != Operation::arguments) {
          return fail<dynamic_expression>(
              bad_argument(me, "arguments", any ? "1 or more" : to_text(any ? 0 : Operation::arguments), to_text(n)));
        }
        if (aha::status bad = check_operation(chosen); !bad.ok()) return fail<dynamic_expression>(bad);
        std::vector<unit_kind> kinds;
        std::size_t nodes = 1;
        for (dynamic_expression const& a : arguments) {
          if (!a.status.ok()) return a;
          if (a.empty()) return fail<dynamic_expression>(bad_argument(me, "arguments", "expressions", "an empty one"));
          kinds.push_back(a.unit());
          nodes += a.nodes_.size();
        }
        if (nodes > most_nodes) return too_many();
        unit_check const fit = check_units(Operation::units, kinds.data(), n);
        if (!fit.ok()) {
          return fail<dynamic_expression>(bad_argument(me, text("argument ", fit.wrong + 1), fit.expected,
                                                       name_of(kinds[static_cast<std::size_t>(fit.wrong)])));
        }
        dynamic_expression e;
        for (dynamic_expression const& a : arguments) e.append(a);
        dynamic_node top;
        top.type = dynamic_node::kind::operation;
        top.unit = fit.unit;
        top.arguments = n;
        top.op = op;
        e.nodes_.push_back(std::move(top));
        return e;
      },
      op);
}

}  // namespace reward
AHA_NAMESPACE_END
