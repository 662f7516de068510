// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/text_reader.hpp>
#include <aha/reward/call.hpp>
#include <aha/reward/text.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// Reader of the text that `to_string` writes. Recursive descent with a depth limit over
///   sum := product (('+' | '-') product)*      product := unary ('*' unary | '/' number)*      unary := '-' unary | primary
///   primary := number | name | '(' sum ')' | unit '(' column ')' | operation '(' arguments ')'
/// Nothing is evaluated beyond this grammar. Time is linear in the text, depth and nodes are bounded.
class reward_reader : private text_reader {
 public:
  explicit reward_reader(std::string_view source) : text_reader("reward::parse", source) {}

  dynamic_expression read() {
    dynamic_expression e = sum();
    if (status_.ok() && !at_end()) fail("the end of the text");
    return e;
  }
  using text_reader::result;

 private:
  /// Keeps a mistake of a node that is being made, and stops.
  dynamic_expression keep(dynamic_expression e, aha::status const& why) {
    if (status_.ok() && !why.ok()) {
      status_ = why;
      position_ = source_.size();
    }
    return e;
  }
  /// The nodes' own errors come as statuses here, with exceptions too.
  template <class F>
  dynamic_expression made(F const& f) {
    if (!status_.ok()) return {};
#if AHA_EXCEPTIONS
    try {
      return f();
    } catch (std::invalid_argument const& e) {
      return keep({}, aha::status(e.what()));
    }
#else
    dynamic_expression e = f();
    aha::status const why = e.status;
    return keep(std::move(e), why);
#endif
  }

  dynamic_expression sum() {
    dynamic_expression all = product();
    while (status_.ok()) {
      char const c = peek();
      if (c != '+' && c != '-') break;
      ++position_;
      dynamic_expression next = product();
      all = made([&] { return c == '-' ? std::move(all) - std::move(next) : std::move(all) + std::move(next); });
    }
    return all;
  }
  dynamic_expression product() {
    dynamic_expression all = unary();
    while (status_.ok()) {
      if (accept('*')) {
        dynamic_expression next = unary();
        all = made([&] { return std::move(all) * std::move(next); });
      } else if (accept('/')) {
        dynamic_expression const by = unary();
        if (!status_.ok()) break;
        if (!by.is_number() || by.root().value == 0.0) {
          fail("a number other than 0 behind '/'");
          break;
        }
        all = made([&] { return std::move(all) / by.root().value; });
      } else {
        break;
      }
    }
    return all;
  }
  dynamic_expression unary() {
    dynamic_expression e;
    if (deeper()) {
      if (accept('-')) {
        e = unary();
        e = made([&] { return -std::move(e); });
      } else {
        e = primary();
      }
    }
    --depth_;
    return e;
  }
  dynamic_expression primary() {
    if (starts_number()) return dynamic_expression(number());
    if (accept('(')) {
      dynamic_expression e = sum();
      expect(')');
      return e;
    }
    std::size_t const at = (skip_space(), position_);
    std::string const name = word();
    if (name.empty()) {
      fail("a column, an operation or a number");
      return {};
    }
    if (peek() != '(') return made([&] { return dynamic_expression::column(name); });
    int unit = 0;
    for (std::string_view n : enum_names<unit_kind>::values) {
      if ((unit == 0 ? "column" : n) == name) return column_call(static_cast<unit_kind>(unit));
      ++unit;
    }
    int const arguments = arguments_of(name);
    if (arguments == unknown_operation) {
      position_ = at;
      fail("an operation, column, tokens or characters");
      return {};
    }
    return call(name, arguments);
  }
  dynamic_expression column_call(unit_kind unit) {
    expect('(');
    dynamic_expression e;
    char const c = peek();
    if (is_digit(c)) {
      double const index = number();
      if (index > 1e6 || index != std::floor(index)) fail("an index, an integer from 0 to 1000000");
      if (status_.ok()) e = made([&] { return dynamic_expression::column(static_cast<int>(index), unit); });
    } else if (c == '"' || c == '\'') {
      std::size_t const first = ++position_;
      std::size_t const end = source_.find(c, first);
      if (end == std::string_view::npos) {
        fail("a closing quote");
        return {};
      }
      position_ = end + 1;
      e = made([&] { return dynamic_expression::column(source_.substr(first, end - first), unit); });
    } else {
      std::string const name = word();
      if (name.empty()) fail("a column's name or index");
      e = made([&] { return dynamic_expression::column(name, unit); });
    }
    expect(')');
    return e;
  }
  /// Arguments, then numbers by position or name, then points.
  dynamic_expression call(std::string const& name, int arguments) {
    std::vector<dynamic_expression> operands;
    std::vector<operation_number> numbers;
    std::vector<knot> points;
    expect('(');
    bool first = true;
    while (status_.ok() && !accept(')')) {
      if (!first) expect(',');
      first = false;
      bool const operand = arguments == any_count || operands.size() < static_cast<std::size_t>(arguments);
      if (operand) {
        operands.push_back(sum());
      } else if (accept('(')) {
        knot k;
        k.x = number();
        expect(',');
        k.y = number();
        expect(')');
        points.push_back(k);
      } else {
        operation_number n;
        if (is_letter(peek()) && source_.substr(position_, 3) != "inf") {
          n.name = word();
          expect('=');
        }
        if (status_.ok()) n.value = number();
        numbers.push_back(std::move(n));
      }
    }
    return made([&] { return reward::call(name, operands, numbers, points); });
  }
};

/// Reads an expression, for example `gate(format, correct) + 0.1 * format - overlong(tokens(length), 8192, 2048)`.
/// Throws `std::invalid_argument` with the position of what is wrong; with `why`, or without exceptions, it reports there
/// and gives back an empty expression.
inline dynamic_expression parse(std::string_view source, aha::status* why = nullptr) {
  reward_reader reader(source);
  dynamic_expression e = reader.read();
  aha::status s = reader.result();
  if (s.ok()) s = check_expression("reward::parse", e);
  aha::report(s, why);
  return s.ok() ? e : dynamic_expression();
}

}  // namespace reward
AHA_NAMESPACE_END
