// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/complex.hpp>
#include <aha/reward/math/residue.hpp>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// Where letters are evaluated: the number of the point, a seed, and whether letters take whole values (an answer with a
/// factorial or a floor is a function of whole numbers). The first two points are positive, later ones have both signs.
struct point {
  std::uint64_t seed = 0;
  int index = 0;
  bool whole = false;
  template <class Real>
  [[nodiscard]] Real of(std::string_view name) const {
    std::uint64_t const h = detail::text_hash(name, seed + std::uint64_t{977} * static_cast<unsigned>(index));
    if (whole) return static_cast<Real>(static_cast<double>(3 + h % 10));
    Real const value = Real(0.25) + static_cast<Real>(static_cast<double>(h >> 12U)) /
                                        static_cast<Real>(4503599627370496.0) * Real(1.75);
    return index >= 2 && (h & 1U) != 0 ? Real(-value) : value;
  }
};

namespace detail {

/// The complex value of a node at a point in floating point of any width. Names that nobody can evaluate (limits, text,
/// collections) make it fail. `Cost` is the price of one elementary function in steps.
template <class Real, unsigned Cost>
class evaluator {
 public:
  using value = complex<Real>;
  evaluator(tree const& t, budget& steps, sign_choice sign, point const& where)
      : tree_(t), steps_(steps), sign_(sign), where_(where) {}

  [[nodiscard]] bool failed() const { return failed_ || steps_.exhausted(); }
  /// The largest summand met: errors are relative to it.
  [[nodiscard]] Real peak() const { return peak_; }

  value operator()(std::int32_t i) {
    node const& n = tree_.at(i);
    if (failed_ || !steps_.charge(Cost / 10 + 2)) return fail();
    switch (n.kind) {
      case kind::number: return {tree_.number_of(n).template to_real<Real>(), Real(0)};
      case kind::symbol: return symbol(tree_.name_of(n));
      case kind::word: {
        value product{Real(1), Real(0)};
        for (char const& c : tree_.name_of(n))
          product = product * (c == 'e' ? euler() : symbol(std::string_view(&c, 1)));
        return product;
      }
      case kind::pi: return {pi_value<Real>(), Real(0)};
      case kind::euler: return euler();
      case kind::imaginary: return symbol("i");
      case kind::negate: return -child(n, 0);
      case kind::plus_minus: return (n.op == 0) == (sign_ > 0) ? child(n, 0) : -child(n, 0);
      case kind::add: {
        value total;
        for (std::int32_t k = 0; k < n.count; ++k) {
          value const part = child(n, k);
          note(size_of(part));
          total = total + part;
        }
        return total;
      }
      case kind::multiply: {
        value total{Real(1), Real(0)};
        for (std::int32_t k = 0; k < n.count; ++k) total = total * child(n, k);
        return total;
      }
      case kind::divide: {
        value const above = child(n, 0), below = child(n, 1);
        if (below.re == 0 && below.im == 0) return fail();
        return above / below;
      }
      case kind::power: return power(n);
      case kind::percent: return child(n, 0) / value{Real(100), Real(0)};
      case kind::degree: {
        value const angle = child(n, 0);
        return in_function_ ? angle * value{pi_value<Real>() / 180, Real(0)} : angle;
      }
      case kind::unit: return child(n, 0);
      case kind::function: return function(n);
      case kind::big_sum:
      case kind::big_product: return big_operator(n);
      case kind::call: {
        // An unknown function: some rational function of its arguments, so that no identity of sums or products holds.
        value below{Real(1), Real(0)};
        for (std::int32_t k = 0; k < n.count; ++k)
          below = below + child(n, k) *
                              value{where_.of<Real>(std::string(1, static_cast<char>('1' + k % 64)) + tree_.name_of(n)),
                                    Real(0)};
        if (failed_ || (below.re == 0 && below.im == 0)) return fail();
        return value{where_.of<Real>(tree_.name_of(n)), Real(0)} / below;
      }
      default: return fail();
    }
  }

 private:
  tree const& tree_;
  budget& steps_;
  sign_choice sign_;
  point const& where_;
  Real peak_{0};
  bool failed_ = false, in_function_ = false;
  std::vector<binding> bound_;

  value fail() {
    failed_ = true;
    return {};
  }
  value child(node const& n, std::int32_t k) { return (*this)(tree_.child(n, k)); }
  void note(Real const& size) {
    if (size > peak_) peak_ = size;
  }
  value euler() {
    using std::exp;
    steps_.charge(Cost);
    return {exp(Real(1)), Real(0)};
  }
  value symbol(std::string_view name) {
    for (std::size_t k = bound_.size(); k-- > 0;)
      if (bound_[k].name == name) return {static_cast<Real>(bound_[k].value), Real(0)};
    if (name == "i") return {Real(0), Real(1)};
    return {where_.of<Real>(name), Real(0)};
  }
  value power(node const& n) {
    rational exponent;
    std::int64_t k = 0;
    bool const exact =
        exact_evaluator(tree_, steps_, sign_)(tree_.child(n, 1), exponent) == exact_evaluator::outcome::value;
    value const base = child(n, 0);
    if (failed_) return {};
    if (exact && exponent.to_int64(k) && k > -1'000'000 && k < 1'000'000) {
      if (k <= 0 && base.re == 0 && base.im == 0) return fail();
      steps_.charge(static_cast<std::uint64_t>(Cost / 5));
      return whole_power(base, k);
    }
    if (exact && exponent.small() && exponent.denominator() == 2 && exponent.numerator() == 1)
      return steps_.charge(Cost / 2), sqrt_of(base);
    if (!steps_.charge(std::uint64_t{2} * Cost)) return fail();
    if (exact && exponent.small() && exponent.denominator() % 2 != 0 && base.im == 0 && base.re < 0) {
      // As an odd root, which is real: x^{4/3} is the cube root of x^4 for negative x too.
      value const size = power_of(-base, value{exponent.template to_real<Real>(), Real(0)});
      return exponent.numerator() % 2 != 0 ? -size : size;
    }
    value const above = exact ? value{exponent.template to_real<Real>(), Real(0)} : child(n, 1);
    long long whole_exponent = 0;
    bool const counted = !failed_ && whole(above, whole_exponent);  // an exponent that a bound variable makes whole
    if (base.re == 0 && base.im == 0 && !(above.re > 0)) return fail();
    return counted ? whole_power(base, whole_exponent) : power_of(base, above);
  }
  value root(node const& n) {
    rational degree;
    std::int64_t k = 0;
    value const base = child(n, 0);
    bool const exact =
        exact_evaluator(tree_, steps_, sign_)(tree_.child(n, 1), degree) == exact_evaluator::outcome::value;
    if (failed_ || !steps_.charge(std::uint64_t{2} * Cost)) return fail();
    if (exact && degree.to_int64(k)) {
      if (k == 2) return sqrt_of(base);
      if (k == 0) return fail();
      value const above{Real(1) / static_cast<Real>(k), Real(0)};
      // The odd root of a negative number is real.
      if (k % 2 != 0 && base.im == 0 && base.re < 0) return -power_of(-base, above);
      return base.re == 0 && base.im == 0 ? base : power_of(base, above);
    }
    value const below = child(n, 1);
    return failed_ ? value{} : power_of(base, value{Real(1), Real(0)} / below);
  }
  value function(node const& n) {
    auto const f = static_cast<function_name>(n.op);
    if (f == function_name::opaque || f == function_name::det) return fail();
    if (f == function_name::root) return root(n);
    if (f == function_name::binomial || f == function_name::gcd || f == function_name::lcm || f == function_name::mod)
      return whole_function(f, n);
    bool const outer = in_function_;
    in_function_ = f <= function_name::csc;
    value const x = child(n, 0);
    in_function_ = outer;
    if (failed_ || !steps_.charge(std::uint64_t{2} * Cost)) return fail();
    value const one{Real(1), Real(0)}, half_turn{pi_value<Real>() / 2, Real(0)};
    if (f <= function_name::log) note(Real(1));
    using std::ceil;
    using std::floor;
    auto const safe = [&](value const& above, value const& below) {
      return below.re == 0 && below.im == 0 ? fail() : above / below;
    };
    bool const zero = x.re == 0 && x.im == 0;
    switch (f) {
      case function_name::sin: return sin_of(x);
      case function_name::cos: return cos_of(x);
      case function_name::tan: return safe(sin_of(x), cos_of(x));
      case function_name::cot: return safe(cos_of(x), sin_of(x));
      case function_name::sec: return safe(one, cos_of(x));
      case function_name::csc: return safe(one, sin_of(x));
      case function_name::arcsin: return arcsin_of(x);
      case function_name::arccos: return half_turn - arcsin_of(x);
      case function_name::arctan: return arctan_of(x);
      case function_name::arccot: return half_turn - arctan_of(x);
      case function_name::arcsec: return zero ? fail() : half_turn - arcsin_of(one / x);
      case function_name::arccsc: return zero ? fail() : arcsin_of(one / x);
      case function_name::sinh: return sinh_of(x);
      case function_name::cosh: return cosh_of(x);
      case function_name::tanh: return safe(sinh_of(x), cosh_of(x));
      case function_name::coth: return safe(cosh_of(x), sinh_of(x));
      case function_name::arcsinh: return log_of(x + sqrt_of(x * x + one));
      case function_name::arccosh: return log_of(x + sqrt_of(x + one) * sqrt_of(x - one));
      case function_name::arctanh: return zero ? x : log_of(safe(one + x, one - x)) / value{Real(2), Real(0)};
      case function_name::exp: return exp_of(x);
      case function_name::ln: return zero ? fail() : log_of(x);
      case function_name::log: {
        value const base = child(n, 1);
        if (zero || failed_ || (base.re == 0 && base.im == 0)) return fail();
        return safe(log_of(x), log_of(base));
      }
      case function_name::abs: return {size_of(x), Real(0)};
      case function_name::floor: return {floor(x.re), Real(0)};
      case function_name::ceil: return {ceil(x.re), Real(0)};
      case function_name::factorial: return factorial(x);
      case function_name::real_part: return {x.re, Real(0)};
      case function_name::imaginary_part: return {x.im, Real(0)};
      case function_name::max:
      case function_name::min: {
        value best = x;
        for (std::int32_t k = 1; k < n.count; ++k) {
          value const y = child(n, k);
          if ((y.re > best.re) == (f == function_name::max)) best = y;
        }
        return best;
      }
      default: return fail();
    }
  }
  bool whole(value const& x, long long& k) {
    using std::floor;
    if (failed_ || x.im != 0 || !(x.re < 1000000) || !(x.re > -1000000) || floor(x.re) != x.re) return false;
    k = static_cast<long long>(x.re);
    return true;
  }
  value factorial(value const& x) {
    long long k = 0;
    if (!whole(x, k) || k < 0 || k > 1000 || !steps_.charge(static_cast<std::uint64_t>(k))) return fail();
    value product{Real(1), Real(0)};
    for (long long j = 2; j <= k; ++j) product = product * value{static_cast<Real>(j), Real(0)};
    return product;
  }
  value whole_function(function_name f, node const& n) {
    long long a = 0, b = 0;
    if (n.count != 2 || !whole(child(n, 0), a) || !whole(child(n, 1), b)) return fail();
    if (f == function_name::gcd) return {static_cast<Real>(std::gcd(a, b)), Real(0)};
    if (f == function_name::lcm) return {static_cast<Real>(std::lcm(a, b)), Real(0)};
    if (f == function_name::mod) return b <= 0 ? fail() : value{static_cast<Real>((a % b + b) % b), Real(0)};
    if (a < 0 || b < 0 || a > 1000 || b > a) return b > a && a >= 0 ? value{} : fail();
    steps_.charge(static_cast<std::uint64_t>(b));
    value product{Real(1), Real(0)};
    for (long long j = 1; j <= b; ++j)
      product = product * value{static_cast<Real>(a - b + j), Real(0)} / value{static_cast<Real>(j), Real(0)};
    return product;
  }
  value big_operator(node const& n) {
    long long low = 0, high = 0;
    if (!whole(child(n, 2), low) || !whole(child(n, 3), high) || bound_.size() > 4) return fail();
    node const& variable = tree_.at(tree_.child(n, 1));
    bool const sum = n.kind == kind::big_sum;
    value total{Real(sum ? 0 : 1), Real(0)};
    bound_.push_back(
        {variable.kind == kind::symbol ? std::string_view(tree_.name_of(variable)) : std::string_view("i"), low});
    for (long long k = low; k <= high && !failed(); ++k) {
      bound_.back().value = k;
      value const part = child(n, 0);
      if (sum) note(size_of(part));
      total = sum ? total + part : total * part;
    }
    bound_.pop_back();
    return total;
  }
};

}  // namespace detail
}  // namespace reward::math
AHA_NAMESPACE_END
