// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/budget.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#if !AHA_EXCEPTIONS && !defined(AHA_HOST_DEFINES_BOOST_THROW_EXCEPTION)
// Boost asks a host without exceptions for these. No call below can reach them: divisors are checked first. A host that
// brings its own defines the macro.
namespace boost {
struct source_location;
[[noreturn]] inline void throw_exception(std::exception const&) { std::abort(); }
[[noreturn]] inline void throw_exception(std::exception const&, boost::source_location const&) { std::abort(); }
}  // namespace boost
#endif

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// Integers and fractions of any size; expression templates off, so that every operation is one call.
using big_integer =
    boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;
/// Numerator and denominator, in lowest terms where it is stored.
struct big_fraction {
  big_integer above = 0, below = 1;
};

/// No exact number is longer than this: 2^65536 and 5000! fit. Longer ones answer `budget`.
inline constexpr std::size_t max_bits = std::size_t{1} << 17;

/// An exact fraction in lowest terms with a positive denominator. Two int64 while they suffice (nearly always), Boost's
/// rationals beyond. Operations charge the budget by limbs and return zero when it is used up.
class rational {
 public:
  rational() = default;
  explicit rational(std::int64_t n) : n_(n) {}
  /// above / below in lowest terms; `below` must not be zero.
  rational(big_integer above, big_integer below) { assign(std::move(above), std::move(below)); }
  rational(rational const& o) : n_(o.n_), d_(o.d_), big_(o.big_ ? std::make_unique<big_fraction>(*o.big_) : nullptr) {}
  rational(rational&&) noexcept = default;
  rational& operator=(rational const& o) { return *this = rational(o); }
  rational& operator=(rational&&) noexcept = default;
  ~rational() = default;

  [[nodiscard]] bool small() const noexcept { return big_ == nullptr; }
  [[nodiscard]] std::int64_t numerator() const noexcept { return n_; }    ///< of a small one
  [[nodiscard]] std::int64_t denominator() const noexcept { return d_; }  ///< of a small one
  [[nodiscard]] big_fraction big() const { return big_ ? *big_ : big_fraction{n_, d_}; }
  [[nodiscard]] bool is_zero() const noexcept { return small() && n_ == 0; }
  [[nodiscard]] int sign() const { return small() ? (n_ > 0) - (n_ < 0) : big_->above.sign(); }
  [[nodiscard]] bool is_integer() const { return small() ? d_ == 1 : big_->below == 1; }
  /// True for an integer that fits, which is then stored in `value`.
  [[nodiscard]] bool to_int64(std::int64_t& value) const {
    value = n_;
    return small() && d_ == 1;
  }
  [[nodiscard]] std::size_t bits() const {
    if (small()) return 64;
    return length(big_->above) + length(big_->below);
  }
  [[nodiscard]] std::string text() const {
    if (!small()) return big_->above.str() + (big_->below == 1 ? "" : "/" + big_->below.str());
    return d_ == 1 ? std::to_string(n_) : std::to_string(n_) + "/" + std::to_string(d_);
  }
  /// The nearest value of a floating type; used for comparisons within a tolerance and for evaluation at points.
  template <class Real>
  [[nodiscard]] Real to_real() const {
    if (small()) return static_cast<Real>(n_) / static_cast<Real>(d_);
    return scaled<Real>();
  }

  friend bool operator==(rational const& a, rational const& b) {
    if (a.small() != b.small()) return false;
    return a.small() ? a.n_ == b.n_ && a.d_ == b.d_ : a.big_->above == b.big_->above && a.big_->below == b.big_->below;
  }
  friend bool operator!=(rational const& a, rational const& b) { return !(a == b); }

  friend rational add(rational const& a, rational const& b, budget& steps) {
    std::int64_t left, right, sum, below;
    if (a.small() && b.small() && !__builtin_mul_overflow(a.n_, b.d_, &left) &&
        !__builtin_mul_overflow(b.n_, a.d_, &right) && !__builtin_add_overflow(left, right, &sum) &&
        !__builtin_mul_overflow(a.d_, b.d_, &below))
      return lowest(sum, below);
    if (!paid(a, b, steps)) return rational();
    big_fraction const x = a.big(), y = b.big();
    return rational(x.above * y.below + y.above * x.below, x.below * y.below);
  }
  friend rational multiply(rational const& a, rational const& b, budget& steps) {
    std::int64_t above, below;
    if (a.small() && b.small() && !__builtin_mul_overflow(a.n_, b.n_, &above) &&
        !__builtin_mul_overflow(a.d_, b.d_, &below))
      return lowest(above, below);
    if (a.small() && a.n_ == 1 && a.d_ == 1) return b;
    if (b.small() && b.n_ == 1 && b.d_ == 1) return a;
    if (!paid(a, b, steps)) return rational();
    big_fraction const x = a.big(), y = b.big();
    return rational(x.above * y.above, x.below * y.below);
  }
  friend rational negate(rational const& a) {
    if (a.small() && a.n_ != std::numeric_limits<std::int64_t>::min()) {
      rational r;
      r.n_ = -a.n_, r.d_ = a.d_;
      return r;
    }
    big_fraction const x = a.big();
    return rational(-x.above, x.below);
  }
  /// 1/a; a must not be zero.
  friend rational reciprocal(rational const& a) {
    if (a.small() && a.n_ != std::numeric_limits<std::int64_t>::min()) {
      rational r;
      r.n_ = a.n_ < 0 ? -a.d_ : a.d_, r.d_ = a.n_ < 0 ? -a.n_ : a.n_;
      return r;
    }
    big_fraction const x = a.big();
    return rational(x.below, x.above);
  }
  /// a^k for k >= 0 by squaring. What would be longer than `max_bits` uses the budget up at once.
  friend rational power(rational const& a, std::uint64_t k, budget& steps) {
    if (a.small() && a.d_ == 1 && (a.n_ == 0 || a.n_ == 1 || a.n_ == -1))
      return a.n_ < 0 && k % 2 == 0 ? rational(1) : (k == 0 ? rational(1) : a);
    std::size_t bound = a.bits();
    if (a.small()) {
      bound = 1;
      for (auto v = static_cast<std::uint64_t>(a.n_ < 0 ? -(a.n_ + 1) : a.n_) | static_cast<std::uint64_t>(a.d_); v > 1;
           v /= 2)
        ++bound;
    }
    if (k > max_bits || bound * k > 2 * max_bits) {
      steps.refuse();
      return rational();
    }
    // Powers of coprime numbers are coprime: no common factor is looked for.
    std::uint64_t const limbs = bound * k / 64 + 1;
    if (!steps.charge(20 + limbs * limbs / 4)) return rational();
    big_fraction const x = a.big();
    rational result;
    result.store(boost::multiprecision::pow(x.above, static_cast<unsigned>(k)),
                 boost::multiprecision::pow(x.below, static_cast<unsigned>(k)));
    return result;
  }

 private:
  std::int64_t n_ = 0, d_ = 1;
  std::unique_ptr<big_fraction> big_;

  static rational lowest(std::int64_t above, std::int64_t below) {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    if (above == least || below == least) return rational(big_integer(above), big_integer(below));
    std::int64_t const g = std::gcd(above, below);
    rational r;
    r.n_ = above / g, r.d_ = below / g;
    return r;
  }
  static std::size_t length(big_integer const& x) {
    return x.is_zero() ? 1 : boost::multiprecision::msb(x.sign() < 0 ? big_integer(-x) : x) + 1;
  }
  void assign(big_integer above, big_integer below) {
    if (below.sign() < 0) above = -above, below = -below;
    if (below != 1) {
      big_integer const g = boost::multiprecision::gcd(above, below);
      if (g != 1) above /= g, below /= g;
    }
    store(std::move(above), std::move(below));
  }
  void store(big_integer above, big_integer below) {
    if (length(above) < 64 && length(below) < 64) {
      n_ = static_cast<std::int64_t>(above), d_ = static_cast<std::int64_t>(below);
    } else {
      big_ = std::make_unique<big_fraction>(big_fraction{std::move(above), std::move(below)});
    }
  }
  // A product costs limbs times limbs, and lowest terms cost a Euclid over the limbs: about ten times that.
  static bool paid(rational const& a, rational const& b, budget& steps) {
    std::size_t const left = a.bits() / 64 + 1, right = b.bits() / 64 + 1;
    if (a.bits() + b.bits() > 4 * max_bits) steps.refuse();
    bool const fractions = (a.small() ? a.d_ : 2) != 1 || (b.small() ? b.d_ : 2) != 1;
    return steps.charge(20 + left * right / 4 + (fractions ? (left + right) * (left + right) / 2 : 0));
  }
  template <class Real>
  Real scaled() const {
    // Both parts may exceed the range of Real; their quotient seldom does.
    big_integer n = big_->above, d = big_->below;
    bool const negative = n.sign() < 0;
    if (negative) n = -n;
    int const shift = static_cast<int>(length(n)) - static_cast<int>(length(d));
    int const wanted = 126 - shift;
    if (wanted > 0) n <<= static_cast<unsigned>(wanted);
    if (wanted < 0) d <<= static_cast<unsigned>(-wanted);
    big_integer const q = n / d;
    using std::ldexp;
    Real const value = ldexp(static_cast<Real>(q), -wanted);
    return negative ? -value : value;
  }
};

}  // namespace reward::math
AHA_NAMESPACE_END
