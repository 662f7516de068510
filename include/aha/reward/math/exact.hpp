// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/tree.hpp>
#include <utility>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// A bound variable of a sum or product and its present value.
struct binding {
  std::string_view name;
  std::int64_t value;
};

/// Which of the two values a plus-minus node takes: +1 or -1, the same for all of one answer.
using sign_choice = int;

namespace detail {

/// The exact rational value of a node, where it has one: rational arithmetic, whole powers and roots that come out even,
/// factorials, binomials, sums and products with literal bounds. Everything is charged; sizes are bounded by `max_bits`.
class exact_evaluator {
 public:
  enum class outcome : std::uint8_t { value, not_rational, undefined };

  exact_evaluator(tree const& t, budget& steps, sign_choice sign) : tree_(t), steps_(steps), sign_(sign) {}

  outcome operator()(std::int32_t i, rational& result) {
    node const& n = tree_.at(i);
    if (!steps_.charge(2)) return outcome::undefined;
    if (bound_.empty() && (n.below & has_integer_argument) == 0 &&
        (n.below & (has_symbol | has_opaque | has_collection | has_relation)) != 0)
      return outcome::not_rational;
    switch (n.kind) {
      case kind::number: return result = tree_.number_of(n), outcome::value;
      case kind::symbol: return bound(tree_.name_of(n), result);
      case kind::imaginary: return bound("i", result);
      case kind::negate: {
        outcome const o = (*this)(tree_.child(n, 0), result);
        if (o == outcome::value) result = negate(result);
        return o;
      }
      case kind::plus_minus: {
        outcome const o = (*this)(tree_.child(n, 0), result);
        if (o == outcome::value && (n.op == 0) != (sign_ > 0)) result = negate(result);
        return o;
      }
      case kind::add:
      case kind::multiply: return many(n, result);
      case kind::divide: {
        rational below;
        outcome o = (*this)(tree_.child(n, 1), below);
        if (o != outcome::value) return o;
        if (below.is_zero()) return outcome::undefined;
        o = (*this)(tree_.child(n, 0), result);
        if (o == outcome::value) result = multiply(result, reciprocal(below), steps_);
        return checked(o);
      }
      case kind::power: return raised(tree_.child(n, 0), tree_.child(n, 1), false, result);
      case kind::percent: {
        outcome const o = (*this)(tree_.child(n, 0), result);
        if (o == outcome::value) result = multiply(result, reciprocal(rational(100)), steps_);
        return checked(o);
      }
      case kind::degree:
      case kind::unit: return (*this)(tree_.child(n, 0), result);
      case kind::function: return function(n, result);
      case kind::big_sum:
      case kind::big_product: return big_operator(n, result);
      default: return outcome::not_rational;
    }
  }

 private:
  tree const& tree_;
  budget& steps_;
  sign_choice sign_;
  std::vector<binding> bound_;

  outcome checked(outcome o) const { return steps_.exhausted() ? outcome::undefined : o; }
  outcome bound(std::string_view name, rational& result) const {
    for (std::size_t k = bound_.size(); k-- > 0;)
      if (bound_[k].name == name) return result = rational(bound_[k].value), outcome::value;
    return outcome::not_rational;
  }
  outcome many(node const& n, rational& result) {
    rational total(n.kind == kind::add ? 0 : 1), part;
    for (std::int32_t k = 0; k < n.count; ++k) {
      outcome const o = (*this)(tree_.child(n, k), part);
      if (o != outcome::value) return o;
      total = n.kind == kind::add ? add(total, part, steps_) : multiply(total, part, steps_);
    }
    result = std::move(total);
    return checked(outcome::value);
  }
  outcome raised(std::int32_t base, std::int32_t above, bool root, rational& result) {
    rational exponent, value;
    outcome o = (*this)(above, exponent);
    if (o != outcome::value) return o;
    if (root) {
      if (exponent.is_zero()) return outcome::undefined;
      exponent = reciprocal(exponent);
    }
    o = (*this)(base, value);
    if (o != outcome::value) return o;
    bool const whole = value.is_integer() && !value.is_zero() && exponent.is_integer();
    if (!exponent.small()) {
      if (value == rational(1)) return result = value, outcome::value;
      if (!whole && !exponent.is_integer()) return outcome::not_rational;
      steps_.refuse();  // astronomically large or small
      return outcome::undefined;
    }
    if (exponent.denominator() != 1 && !take_root(value, exponent.denominator(), root)) return outcome::not_rational;
    std::int64_t const p = exponent.numerator();
    if (p < 0 && value.is_zero()) return outcome::undefined;
    result = power(p < 0 ? reciprocal(value) : value,
                   p < 0 ? 0 - static_cast<std::uint64_t>(p) : static_cast<std::uint64_t>(p), steps_);
    return checked(outcome::value);
  }
  // Replaces a small value by its k-th root where that is rational. An odd root of a negative number is real only where
  // it was written as a root: (-8)^{1/3} is a complex number.
  static bool take_root(rational& value, std::int64_t k, bool root) {
    if (!value.small() || k > 62) return false;
    bool const negative = value.numerator() < 0;
    if (negative && (k % 2 == 0 || !root)) return false;
    std::int64_t above = 0, below = 0;
    if (value.numerator() == std::numeric_limits<std::int64_t>::min()) return false;
    if (!integer_root(negative ? -value.numerator() : value.numerator(), k, above) ||
        !integer_root(value.denominator(), k, below))
      return false;
    value = rational(big_integer(negative ? -above : above), big_integer(below));
    return true;
  }
  static bool integer_root(std::int64_t n, std::int64_t k, std::int64_t& root) {
    auto const guess = static_cast<std::int64_t>(std::pow(static_cast<double>(n), 1.0 / static_cast<double>(k)));
    for (root = guess > 0 ? guess - 1 : 0; root <= guess + 1; ++root) {
      std::int64_t product = 1;
      bool overflow = false;
      for (std::int64_t j = 0; j < k && !overflow; ++j) overflow = __builtin_mul_overflow(product, root, &product);
      if (!overflow && product == n) return true;
    }
    return false;
  }
  outcome function(node const& n, rational& result) {
    auto const f = static_cast<function_name>(n.op);
    rational second;
    if (f == function_name::root) return raised(tree_.child(n, 0), tree_.child(n, 1), true, result);
    if (f <= function_name::log || f == function_name::opaque || f == function_name::det) return outcome::not_rational;
    outcome o = (*this)(tree_.child(n, 0), result);
    if (o != outcome::value) return o;
    switch (f) {
      case function_name::abs: return result = result.sign() < 0 ? negate(result) : result, outcome::value;
      case function_name::floor: return floor_of(result, false), checked(outcome::value);
      case function_name::ceil: return floor_of(result, true), checked(outcome::value);
      case function_name::factorial: {
        std::int64_t k = 0;
        if (!result.is_integer() || result.sign() < 0) return outcome::undefined;
        if (!result.to_int64(k) || k > 20'000) return steps_.refuse(), outcome::undefined;
        return result = rational(product_of(1, k), big_integer(1)), checked(outcome::value);
      }
      case function_name::real_part: return outcome::value;
      case function_name::imaginary_part: return result = rational(0), outcome::value;
      default: break;
    }
    for (std::int32_t k = 1; k < n.count; ++k) {
      o = (*this)(tree_.child(n, k), second);
      if (o != outcome::value) return o;
      if (!pair(f, result, second)) return outcome::undefined;
    }
    return checked(outcome::value);
  }
  bool pair(function_name f, rational& a, rational const& b) {
    std::int64_t n = 0, k = 0;
    bool const whole = a.to_int64(n) && b.to_int64(k);
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    switch (f) {
      case function_name::max:
      case function_name::min: {
        bool const less = add(a, negate(b), steps_).sign() < 0;
        if (less == (f == function_name::max)) a = b;
        return true;
      }
      case function_name::gcd: return whole && n > least && k > least ? (a = rational(std::gcd(n, k)), true) : false;
      case function_name::lcm:
        if (!whole || n == 0 || k == 0 || n == least || k == least) return false;
        a = multiply(rational(n / std::gcd(n, k)), rational(k), steps_);
        return true;
      case function_name::mod:
        if (!whole || k <= 0) return false;
        a = rational(n % k < 0 ? n % k + k : n % k);
        return true;
      case function_name::binomial: {
        if (!whole || n < 0) return false;
        if (k < 0 || k > n) return a = rational(0), true;
        if (n > 1'000'000'000'000) return false;
        if (k > n - k) k = n - k;
        if (k > 10'000) return steps_.refuse(), false;
        big_integer const above = product_of(n - k + 1, n), below = product_of(1, k);
        steps_.charge(static_cast<std::uint64_t>(k));
        a = rational(above / below, big_integer(1));
        return true;
      }
      default: return false;
    }
  }
  // low * (low + 1) * ... * high by halves: operands of equal length keep large products cheap. Below 2^40 each.
  big_integer product_of(std::int64_t low, std::int64_t high) {
    if (high - low < 4) {
      big_integer product = 1;
      for (std::int64_t k = low; k <= high; ++k) product *= k;
      steps_.charge(20);
      return product;
    }
    std::int64_t const middle = low + (high - low) / 2;
    big_integer const lower = product_of(low, middle),
                      upper = steps_.exhausted() ? big_integer(1) : product_of(middle + 1, high);
    std::uint64_t const limbs = boost::multiprecision::msb(lower) / 64 + 1;
    return steps_.charge(10 + limbs * limbs / 4) ? big_integer(lower * upper) : big_integer(1);
  }
  void floor_of(rational& x, bool up) {
    if (x.is_integer()) return;
    big_fraction const v = x.big();
    big_integer q = v.above / v.below;  // towards zero
    if (v.above.sign() < 0 && !up) q -= 1;
    if (v.above.sign() > 0 && up) q += 1;
    steps_.charge(x.bits() / 64 + 1);
    x = rational(q, big_integer(1));
  }
  outcome big_operator(node const& n, rational& result) {
    rational low, high, part;
    std::int64_t from = 0, to = 0;
    outcome o = (*this)(tree_.child(n, 2), low);
    if (o == outcome::value) o = (*this)(tree_.child(n, 3), high);
    if (o != outcome::value) return o;
    if (!low.to_int64(from) || !high.to_int64(to)) return outcome::undefined;
    if (bound_.size() > 4) return steps_.refuse(), outcome::undefined;
    node const& variable = tree_.at(tree_.child(n, 1));
    rational total(n.kind == kind::big_sum ? 0 : 1);
    if (to > from && static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) > 1'000'000)
      return steps_.refuse(), outcome::undefined;
    if (to == std::numeric_limits<std::int64_t>::max()) return steps_.refuse(), outcome::undefined;
    bound_.push_back(
        {variable.kind == kind::symbol ? std::string_view(tree_.name_of(variable)) : std::string_view("i"), from});
    for (std::int64_t k = from; k <= to && o == outcome::value && steps_.charge(8); ++k) {
      bound_.back().value = k;
      o = (*this)(tree_.child(n, 0), part);
      if (o == outcome::value)
        total = n.kind == kind::big_sum ? add(total, part, steps_) : multiply(total, part, steps_);
    }
    bound_.pop_back();
    result = std::move(total);
    return checked(o);
  }
};

}  // namespace detail
}  // namespace reward::math
AHA_NAMESPACE_END
