// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/text_reader.hpp>
#include <aha/loss/make_term.hpp>

AHA_NAMESPACE_BEGIN

/// Reader of the text that `to_string` writes. Recursive descent with a depth limit over
///   sum := product (('+' | '-') product)*      product := unary ('*' unary)*      unary := '-' unary | primary
///   primary := number | 'weight' | 'keep' | '(' sum ')' | term '(' arguments ')' | aggregate '(' sum [',' total] ')'
/// Nothing is evaluated beyond this grammar.
class expression_reader : private text_reader {
 public:
  /// What a piece of text means: a multiplier (number and passive factors), an expression or an objective.
  struct multiplier {
    double number = 1;
    int weight = 0;
    bool keep = false;
  };
  using value = std::variant<multiplier, dynamic_expression, dynamic_objective>;

  explicit expression_reader(std::string_view source) : text_reader("parse", source) {}

  value read() {
    value v = sum();
    if (!at_end() && status_.ok()) fail("the end of the text");
    return v;
  }
  using text_reader::result;

 private:
  value sum() {
    value v = product();
    while (status_.ok()) {
      char const c = peek();
      if (c != '+' && c != '-') break;
      ++position_;
      v = add(std::move(v), multiply({c == '-' ? -1.0 : 1.0, 0, false}, product()));
    }
    return v;
  }
  value product() {
    value v = unary();
    while (status_.ok() && accept('*')) {
      auto const* left = std::get_if<multiplier>(&v);
      if (left == nullptr) {
        fail("numbers, weight and keep on the left of '*'");
        break;
      }
      multiplier const by = *left;
      v = multiply(by, unary());
    }
    return v;
  }
  value unary() {
    value v = multiplier{};
    if (deeper()) v = accept('-') ? multiply({-1, 0, false}, unary()) : primary();
    --depth_;
    return v;
  }
  value add(value a, value const& b) {
    if (auto* e = std::get_if<dynamic_expression>(&a)) {
      if (auto const* f = std::get_if<dynamic_expression>(&b)) return *e + *f;
    }
    if (auto* o = std::get_if<dynamic_objective>(&a)) {
      if (auto const* q = std::get_if<dynamic_objective>(&b)) return *o + *q;
    }
    fail("terms added to terms, or aggregates added to aggregates");
    return a;
  }
  value multiply(multiplier const& m, value v) {
    if (auto* other = std::get_if<multiplier>(&v)) {
      return multiplier{m.number * other->number, m.weight + other->weight, m.keep || other->keep};
    }
    if (auto* e = std::get_if<dynamic_expression>(&v)) {
      for (dynamic_leaf& l : e->leaves) {
        l.coefficient *= m.number;
        l.weight += m.weight;
        l.keep = l.keep || m.keep;
      }
      return v;
    }
    if (m.weight > 0 || m.keep) {
      fail("weight and keep inside an aggregate");
      return v;
    }
    return m.number * *std::get_if<dynamic_objective>(&v);
  }
  value primary() {
    if (starts_number()) return multiplier{number(), 0, false};
    if (accept('(')) {
      value v = sum();
      expect(')');
      return v;
    }
    std::size_t const at = (skip_space(), position_);
    std::string const name = word();
    if (name == "weight") return multiplier{1, 1, false};
    if (name == "keep") return multiplier{1, 0, true};
    int kind = 0;
    for (std::string_view n : enum_names<aggregation>::values) {
      if (n == name) return aggregate_call(static_cast<aggregation>(kind));
      ++kind;
    }
    if (is_term_name(name)) return term_call(name);
    position_ = at;
    fail("a term, an aggregate, weight, keep or a number");
    return multiplier{};
  }
  value aggregate_call(aggregation kind) {
    struct aggregate a {
      kind, 0, no_total
    };
    expect('(');
    if (kind == aggregation::constant_length) {
      a.length = number();
      expect(')');
      expect('(');
    }
    value const v = sum();
    auto const* e = std::get_if<dynamic_expression>(&v);
    if (e == nullptr) {
      fail("terms inside an aggregate");
      return dynamic_objective();
    }
    if (total_of(kind) != nullptr && accept(',')) {
      if (!starts_number() && (word() != "total" || !accept('='))) fail("total=<number>");
      a.total = number();
    }
    expect(')');
    return dynamic_objective(a, *e);
  }
  value term_call(std::string const& name) {
    std::vector<argument> arguments;
    expect('(');
    while (status_.ok() && !accept(')')) {
      if (!arguments.empty()) expect(',');
      arguments.push_back(read_argument());
    }
    dynamic_leaf l;
    if (status_.ok()) status_ = make_term(name, arguments, l.term);
    dynamic_expression e;
    e.leaves.push_back(l);
    return e;
  }
  argument read_argument() {
    argument a;
    char const c = peek();
    if (is_letter(c) && source_.substr(position_, 3) != "inf") {
      std::string const w = word();
      if (!accept('=')) {
        a.value = w;  // a bare name such as k3 stands for its text
        return a;
      }
      a.name = w;
    }
    if (peek() == '"' || peek() == '\'') {
      char const quote = source_[position_++];
      std::size_t const end = source_.find(quote, position_);
      if (end == std::string_view::npos) {
        fail("a closing quote");
        return a;
      }
      a.value = std::string(source_.substr(position_, end - position_));
      position_ = end + 1;
    } else if (accept('(')) {
      double const low = number();
      expect(',');
      double const high = number();
      expect(')');
      a.value = std::pair<double, double>(low, high);
    } else if (is_letter(peek()) && source_.substr(position_, 3) != "inf") {
      a.value = word();
    } else {
      a.value = number();
    }
    return a;
  }
};

template <class Wanted>
Wanted parse_as(std::string_view source, std::string_view wanted, status* why) {
  expression_reader reader(source);
  expression_reader::value v = reader.read();
  status s = reader.result();
  if (s.ok() && !std::holds_alternative<Wanted>(v)) s = bad_argument("parse", "text", wanted, "something else");
  report(s, why);
  return s.ok() ? std::move(*std::get_if<Wanted>(&v)) : Wanted{};
}

/// Reads an objective, for example `sequence_mean(clip(0.2, 0.28) + 0.04 * kl("k3")) - 0.001 * token_mean(entropy())`.
/// Throws `std::invalid_argument` with the position of what is wrong; with `why`, or without exceptions, it reports
/// there and gives back an objective without parts.
inline dynamic_objective parse(std::string_view source, status* why = nullptr) {
  return parse_as<dynamic_objective>(source, "an objective (terms inside an aggregate)", why);
}
/// Reads an expression of terms without an aggregate, for example `clip(0.2, 0.28) + 0.04 * kl("k3")`.
inline dynamic_expression parse_expression(std::string_view source, status* why = nullptr) {
  return parse_as<dynamic_expression>(source, "an expression (terms without an aggregate)", why);
}

AHA_NAMESPACE_END
