// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compose.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A column in a text: its name, `column("a b")` where that is no word, `column(3)` by index; a length in its unit:
/// `tokens(length)`, `characters(3)`.
inline std::string column_text(dynamic_node const& n) {
  bool word = n.index < 0;
  for (std::size_t k = 0; k < n.name.size(); ++k) {
    char const c = n.name[k];
    bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    word = word && (letter || (k > 0 && c >= '0' && c <= '9'));
  }
  std::string const name = n.index >= 0 ? to_text(n.index) : (word ? n.name : "\"" + n.name + "\"");
  if (n.unit != unit_kind::number) return std::string(name_of(n.unit)) + "(" + name + ")";
  return word ? name : "column(" + name + ")";
}

/// An operation's numbers as they are written: the first two by position, others by name where they are not the default.
template <class Operation>
std::string numbers_text(Operation const& op) {
  std::string all;
  int left = max_positional_parameters;
  Operation::params([&](std::string_view name, auto member, range const&, std::string_view) {
    auto const& x = op.*member;
    std::string const separator = all.empty() ? "" : ", ";
    if constexpr (std::is_same_v<std::decay_t<decltype(x)>, knots>) {
      for (int k = 0; k < x.count && k < knots::most; ++k) {
        all += (k > 0 ? ", (" : separator + "(") + number_text(x.at[k].x) + ", " + number_text(x.at[k].y) + ")";
      }
    } else {
      bool const by_position = left-- > 0;
      if (!by_position && x == Operation{}.*member) return;
      all += separator + (by_position ? "" : std::string(name) + "=") + number_text(static_cast<double>(x));
    }
  });
  return all;
}

/// The expression as it is written; `parse` reads it back to the same nodes, up to sums of numbers. Configurations, logs
/// and Python carry this text.
inline std::string to_string(dynamic_expression const& e) {
  struct piece {
    std::string text;
    int level;  // 0 a word or call, 1 a product, 2 a sum
    bool is_number = false;
    double number = 0;
  };
  std::vector<piece> done;
  auto const within = [](piece const& p, int level) { return p.level > level ? "(" + p.text + ")" : p.text; };
  auto const summand = [](std::string& sum, double weight, std::string const& what) {
    bool const negative = std::signbit(weight);
    sum += sum.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
    sum += what;
  };
  auto const size = [](double weight) { return number_text(std::fabs(weight)); };
  for (dynamic_node const& n : e.nodes()) {
    std::size_t const first = done.size() - static_cast<std::size_t>(n.arguments);
    piece made{"", 0};
    switch (n.type) {
      case dynamic_node::kind::column: made.text = column_text(n); break;
      case dynamic_node::kind::constant:
        summand(made.text, n.value, size(n.value));
        made = {made.text, std::signbit(n.value) ? 2 : 0, true, n.value};
        break;
      case dynamic_node::kind::sum:
        made.level = 2;
        for (std::size_t k = 0; k < n.weight.size(); ++k) {
          double const w = n.weight[k];
          piece const& term = done[first + k];
          if (term.is_number) {
            summand(made.text, w * term.number, size(w * term.number));
          } else if (w == 1.0) {
            summand(made.text, w, within(term, 1));
          } else {
            summand(made.text, w, (w == -1.0 ? "" : size(w) + " * ") + within(term, 0));
          }
        }
        break;
      default:
        std::visit(
            [&](auto const& op) {
              using Operation = std::decay_t<decltype(op)>;
              constexpr bool product = std::is_same_v<Operation, operation::product>;
              std::string inside;
              for (std::size_t k = first; k < done.size(); ++k) {
                if (k > first) inside += product ? " * " : ", ";
                inside += product ? within(done[k], 0) : done[k].text;
              }
              std::string const numbers = numbers_text(op);
              if (!inside.empty() && !numbers.empty()) inside += ", ";
              made.level = product ? 1 : 0;
              if (product) {
                made.text = std::move(inside);
              } else {
                made.text = std::string(Operation::name);
                made.text.append("(").append(inside).append(numbers).append(")");
              }
            },
            n.op);
    }
    done.resize(first);
    done.push_back(std::move(made));
  }
  return done.empty() ? std::string() : done.back().text;
}
/// A static expression as it is written.
template <class E, class = std::enable_if_t<is_static<E>>>
std::string to_string(E const& e) {
  return to_string(dynamic_expression(e));
}

}  // namespace reward
AHA_NAMESPACE_END
