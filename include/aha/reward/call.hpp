// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/dynamic.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A number of an operation, by position where its name is empty.
struct operation_number {
  std::string name;
  double value = 0;
};

/// What `arguments_of` says of a word that is no operation.
inline constexpr int unknown_operation = -2;

/// How many expressions the operation with this name takes. A product is written with `*`.
inline int arguments_of(std::string_view name) {
  int found = unknown_operation;
  for_each_type(operations{}, [&](auto tag) {
    using Operation = typename decltype(tag)::type;
    if (!std::is_same_v<Operation, operation::product> && Operation::name == name) found = Operation::arguments;
  });
  return found;
}

/// Puts numbers and points into an operation: by position in the order of its description, or by name.
template <class Operation>
aha::status set_numbers(Operation& op, std::vector<operation_number> const& numbers, std::vector<knot> const& points) {
  std::string const me = name_in_errors(Operation::name);
  std::string names;
  std::vector<std::string_view> order;
  bool takes_points = false;
  Operation::params([&](std::string_view name, auto member, range const&, std::string_view) {
    if constexpr (std::is_same_v<std::decay_t<decltype(op.*member)>, knots>) {
      takes_points = true;
    } else {
      names.append(names.empty() ? "" : ", ").append(name);
      order.push_back(name);
    }
  });
  if (names.empty()) names = takes_points ? "points (x, y) only" : "no numbers";
  if (!points.empty() && !takes_points) return bad_argument(me, "points", names, text(points.size(), " points"));
  if (points.size() > static_cast<std::size_t>(knots::most)) {
    return bad_argument(me, "points", rising_knots.text, text(points.size(), " of them"));
  }
  std::vector<bool> given(order.size(), false);
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    std::size_t at = k;
    if (!numbers[k].name.empty()) {
      at = 0;
      while (at < order.size() && order[at] != numbers[k].name) ++at;
      if (at == order.size()) return bad_argument(me, numbers[k].name, text("one of ", names), "an unknown name");
    } else if (k >= order.size()) {
      return bad_argument(me, "numbers", order.empty() ? names : text("at most ", order.size()),
                          text("number ", k + 1));
    }
    if (given[at]) return bad_argument(me, order[at], "one value", "two");
    given[at] = true;
  }
  aha::status bad;
  std::size_t place = 0;
  Operation::params([&](std::string_view name, auto member, range const& legal, std::string_view) {
    using Member = std::decay_t<decltype(op.*member)>;
    if constexpr (std::is_same_v<Member, knots>) {
      if (points.empty()) return;
      knots& k = op.*member;
      k = knots();
      for (knot const& p : points) k.at[k.count++] = p;
    } else {
      for (std::size_t k = 0; k < numbers.size(); ++k) {
        bool const here = numbers[k].name.empty() ? k == place : numbers[k].name == name;
        if (!here) continue;
        double const x = numbers[k].value;
        if constexpr (std::is_integral_v<Member>) {
          // Checked before the conversion: what does not fit into an int has no value there.
          if (bad.ok() && !legal.contains(x)) bad = bad_argument(me, name, legal.text, to_text(x));
          if (bad.ok()) op.*member = static_cast<Member>(x);
        } else {
          op.*member = x;
        }
      }
      ++place;
    }
  });
  return bad;
}

/// The operation with this name on arguments, with its numbers by position or name: what texts and Python call.
/// Throws `std::invalid_argument`, or, without exceptions, gives an expression that carries the status.
inline dynamic_expression call(std::string_view name, std::vector<dynamic_expression> const& arguments,
                               std::vector<operation_number> const& numbers = {},
                               std::vector<knot> const& points = {}) {
  dynamic_expression made;
  bool found = false;
  for_each_type(operations{}, [&](auto tag) {
    using Operation = typename decltype(tag)::type;
    if (found || Operation::name != name) return;
    found = true;
    Operation op{};
    aha::status const bad = set_numbers(op, numbers, points);
    made = bad.ok() ? dynamic_expression::apply(op, arguments) : fail<dynamic_expression>(bad);
  });
  if (!found) return fail<dynamic_expression>(bad_argument("reward::call", "name", "an operation", "another word"));
  return made;
}

/// What nodes cannot know while they are made: an expression is not empty, weights and numbers are finite.
inline aha::status check_expression(std::string_view function, dynamic_expression const& e) {
  if (!e.status.ok()) return e.status;
  if (e.empty()) return bad_argument(function, "expression", "an expression", "none");
  for (dynamic_node const& n : e.nodes()) {
    if (n.type == dynamic_node::kind::constant && !finite_number.contains(n.value)) {
      return bad_argument(function, "number", finite_number.text, to_text(n.value));
    }
    for (double const w : n.weight) {
      if (!finite_number.contains(w)) return bad_argument(function, "weight", finite_number.text, to_text(w));
    }
  }
  return {};
}

}  // namespace reward
AHA_NAMESPACE_END
