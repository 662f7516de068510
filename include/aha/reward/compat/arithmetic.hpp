// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/python_text.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

/// The value of an arithmetic expression: a whole number or a float, as Python tells them apart.
struct arithmetic_value {
  bool whole = true;
  std::int64_t integer = 0;
  double real = 0;  ///< the value in any case

  static arithmetic_value of(std::int64_t i) { return {true, i, static_cast<double>(i)}; }
  static arithmetic_value of(double d) { return {false, 0, d}; }
};

/// Python's arithmetic without Python: whole numbers and floats, + - * / // **, signs, parentheses, blanks. What Python
/// refuses (1 2, 012, 2(3), an open parenthesis), division by zero and complex results have no value. Peers give such text to
/// `eval`; here 9**9**9 costs three multiplications. Deviation: whole numbers beyond 64 bits have no value, and at most 200
/// levels of nesting are read (as CPython 3.11's parser).
class arithmetic {
 public:
  static std::optional<arithmetic_value> evaluate(std::string_view text) {
    arithmetic a(text);
    std::optional<arithmetic_value> const v = a.sum();
    return v && a.at_end() ? v : std::nullopt;
  }

 private:
  using value = std::optional<arithmetic_value>;
  explicit arithmetic(std::string_view text) : text_(text) {}

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\f')) ++at_;
  }
  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  bool accept(std::string_view sign) {
    skip_blanks();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    return true;
  }
  bool next_is(std::string_view sign) {
    skip_blanks();
    return text_.substr(at_, sign.size()) == sign;
  }

  value sum() {
    value v = product();
    while (v) {
      if (accept("+")) {
        v = add(*v, product(), 1);
      } else if (accept("-")) {
        v = add(*v, product(), -1);
      } else {
        break;
      }
    }
    return v;
  }
  value product() {
    value v = signed_power();
    while (v) {
      if (next_is("**")) return std::nullopt;  // power() has taken every legal one
      if (accept("*")) {
        v = multiply(*v, signed_power());
      } else if (accept("//")) {
        v = divide_down(*v, signed_power());
      } else if (accept("/")) {
        v = divide(*v, signed_power());
      } else {
        break;
      }
    }
    return v;
  }
  value signed_power() {
    bool negative = false;
    for (;;) {
      if (accept("-")) {
        negative = !negative;
      } else if (!accept("+")) {
        break;
      }
    }
    value v = power();
    if (!v || !negative) return v;
    return v->whole ? add(arithmetic_value::of(std::int64_t{0}), v, -1) : arithmetic_value::of(-v->real);
  }
  value power() {
    value const base = atom();
    if (!base || !accept("**")) return base;
    if (++depth_ > most_depth) return std::nullopt;
    value const exponent = signed_power();
    --depth_;
    return exponent ? raise(*base, *exponent) : std::nullopt;
  }
  value atom() {
    if (accept("(")) {
      if (++depth_ > most_depth) return std::nullopt;
      value v = sum();
      --depth_;
      return v && accept(")") ? v : std::nullopt;
    }
    skip_blanks();
    std::size_t const begin = at_;
    bool point = false;
    while (at_ < text_.size() &&
           (unicode::is_ascii_digit(static_cast<unsigned char>(text_[at_])) || (text_[at_] == '.' && !point))) {
      point = point || text_[at_] == '.';
      ++at_;
    }
    std::string_view const digits = text_.substr(begin, at_ - begin);
    if (digits.empty() || digits == ".") return std::nullopt;
    if (point) {
      std::optional<double> const d = to_float(digits);
      return d ? value(arithmetic_value::of(*d)) : std::nullopt;
    }
    if (digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != std::string_view::npos) {
      return std::nullopt;
    }
    std::int64_t i = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), i).ec != std::errc()) return std::nullopt;
    return arithmetic_value::of(i);
  }

  static constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  static value add(arithmetic_value const& a, value const& b, int sign) {
    if (!b) return std::nullopt;
    if (!a.whole || !b->whole) return arithmetic_value::of(a.real + sign * b->real);
    std::int64_t const x = sign * b->integer;  // the smallest integer never occurs: every operation stops at +-largest
    if ((x > 0 && a.integer > largest - x) || (x < 0 && a.integer < -largest - x)) return std::nullopt;
    return arithmetic_value::of(a.integer + x);
  }
  static value multiply(arithmetic_value const& a, value const& b) {
    if (!b) return std::nullopt;
    if (!a.whole || !b->whole) return arithmetic_value::of(a.real * b->real);
    std::int64_t const x = a.integer < 0 ? -a.integer : a.integer;
    std::int64_t const y = b->integer < 0 ? -b->integer : b->integer;
    if (y != 0 && x > largest / y) return std::nullopt;
    return arithmetic_value::of(a.integer * b->integer);
  }
  static value divide(arithmetic_value const& a, value const& b) {
    if (!b || b->real == 0.0) return std::nullopt;
    return arithmetic_value::of(a.real / b->real);
  }
  static value divide_down(arithmetic_value const& a, value const& b) {
    if (!b || b->real == 0.0) return std::nullopt;
    if (!a.whole || !b->whole) return arithmetic_value::of(std::floor(a.real / b->real));
    std::int64_t const quotient = a.integer / b->integer;
    bool const below = a.integer % b->integer != 0 && (a.integer < 0) != (b->integer < 0);
    return arithmetic_value::of(quotient - (below ? 1 : 0));
  }
  static value raise(arithmetic_value const& base, arithmetic_value const& exponent) {
    if (base.whole && exponent.whole && exponent.integer >= 0) {
      arithmetic_value result = arithmetic_value::of(std::int64_t{1});
      if (exponent.integer > 64 && (base.integer > 1 || base.integer < -1)) return std::nullopt;
      std::int64_t const times = exponent.integer > 64 ? 2 + exponent.integer % 2 : exponent.integer;
      for (std::int64_t i = 0; i < times; ++i) {
        value const next = multiply(result, base);
        if (!next) return std::nullopt;
        result = *next;
      }
      return result;
    }
    if (base.real == 0.0 && exponent.real < 0.0) return std::nullopt;
    double const x = std::pow(base.real, exponent.real);
    bool const in_range = std::isfinite(x) || !std::isfinite(base.real) || !std::isfinite(exponent.real);
    return in_range ? value(arithmetic_value::of(x)) : std::nullopt;
  }

  static constexpr int most_depth = 200;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace reward::compat
AHA_NAMESPACE_END
