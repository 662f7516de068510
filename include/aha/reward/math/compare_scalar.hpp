// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/comparer.hpp>
#include <aha/reward/math/evaluate.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// 113 bits, 34 decimal digits.
using wide_real = boost::multiprecision::number<boost::multiprecision::cpp_bin_float_quad::backend_type,
                                                boost::multiprecision::et_off>;

/// 100 decimal digits.
using widest_real =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<100>, boost::multiprecision::et_off>;

// 28% against a bare number: as written and as a fraction of one.
inline bool comparer::scalars(side a, side b) {
  bool const left = a.kind() == kind::percent, right = b.kind() == kind::percent;
  if (left == right) return left ? scalars(a.child(0), b.child(0)) : scalars_here(a, b);
  if (options_.percent == percent_policy::either && scalars_here(left ? a.child(0) : a, right ? b.child(0) : b))
    return yes(reason::equal_percent);
  return scalars_here(a, b);
}

// Exact numbers, then the image in a prime field, then values at random points: cheap ones refute, wide ones confirm.
inline bool comparer::scalars_here(side a, side b) {
  using outcome = exact_evaluator::outcome;
  rational x, y;
  outcome const left = exact_evaluator(*a.owner, steps_, a.sign)(a.at, x);
  outcome const right = steps_.exhausted() ? left : exact_evaluator(*b.owner, steps_, b.sign)(b.at, y);
  if (steps_.exhausted()) return no(reason::out_of_steps);
  if (left == outcome::undefined || right == outcome::undefined) {
    if (left != right) return no(reason::undefined_value);
  } else if (left == outcome::value && right == outcome::value) {
    if (x == y) return yes(reason::equal_numbers);
    return within_tolerance(a, b) ? yes(reason::within_tolerance) : no(reason::different_numbers);
  }
  bool const constants = !a.any(has_symbol | has_opaque) && !b.any(has_symbol | has_opaque);
  residue here(*a.owner, steps_, a.sign, options_.seed), there(*b.owner, steps_, b.sign, options_.seed);
  bool const same = here(a.at) == there(b.at) && here.defined() && there.defined();
  if (steps_.exhausted()) return no(reason::out_of_steps);
  if (!here.defined() || !there.defined()) return no(reason::undefined_value);
  bool const decimals = constants && (a.any(has_decimal) || b.any(has_decimal));
  if (!same && here.conclusive() && there.conclusive() && !decimals)
    return no(constants ? reason::different_numbers : reason::different_values);
  // A multiple of the prime, written into an answer, would fool the field alone: a look at one point in floating point.
  int const rough = at_points<long double, 10>(a, b, same ? 1 : 4, 1e-10L);
  if (same) return rough < 0 ? no(reason::different_values) : yes(reason::equal_form);
  if (rough == 0 && constants && left == outcome::undefined) return no(reason::undefined_value);
  if (decimals && within_tolerance(a, b)) return yes(reason::within_tolerance);
  if (steps_.exhausted()) return no(reason::out_of_steps);
  if (rough <= 0) return no(constants ? reason::different_numbers : reason::different_values);
  // Constants may lie close together (e^{pi sqrt 163} and an integer): three times as many digits.
  int const fine = constants ? at_points<widest_real, 4000>(a, b, 1, widest_real("1e-90"))
                             : at_points<wide_real, 1200>(a, b, 2, wide_real(1e-24));
  if (steps_.exhausted()) return no(reason::out_of_steps);
  return fine > 0 ? yes(reason::equal_values) : no(constants ? reason::different_numbers : reason::different_values);
}

/// 1: equal within `limit` (relative to the largest summand) at `points` points where both are real, or everywhere where
/// they are complex constants; -1: different at one; 0: no point where both have a value.
template <class Real, unsigned Cost>
int comparer::at_points(side a, side b, int points, Real const& limit) {
  using std::abs;
  bool const constants = !a.any(has_symbol) && !b.any(has_symbol);
  bool const whole = a.any(has_integer_argument) || b.any(has_integer_argument);
  int agreed = 0, complex_agreed = 0;
  int const tries = constants ? 1 : 3 * points + 3;
  for (int k = 0; k < tries && agreed < points; ++k) {
    point const where{options_.seed, k, whole};
    evaluator<Real, Cost> here(*a.owner, steps_, a.sign, where), there(*b.owner, steps_, b.sign, where);
    complex<Real> const x = here(a.at), y = there(b.at);
    if (steps_.exhausted()) return 0;
    if (here.failed() || there.failed()) continue;
    Real const left = size_of(x), right = size_of(y), gap = size_of(x - y);
    Real scale = left < right ? right : left;
    if (!(scale < std::numeric_limits<Real>::max()) || !(gap < std::numeric_limits<Real>::max())) continue;
    if (scale < here.peak()) scale = here.peak();
    if (scale < there.peak()) scale = there.peak();
    bool const agree = gap <= limit * scale;
    bool const both_real = abs(x.im) <= limit * scale && abs(y.im) <= limit * scale;
    bool const none_real = abs(x.im) > limit * scale && abs(y.im) > limit * scale;
    if (!agree && none_real && !constants && k >= 2) continue;  // another branch of a root or a logarithm
    if (!agree) return -1;
    both_real || constants ? ++agreed : ++complex_agreed;
    if (constants) return 1;
  }
  if (agreed >= points) return 1;
  return agreed + complex_agreed >= (points + 1) / 2 && agreed + complex_agreed > 0 ? 1 : 0;
}

// Decimals agree with other numbers to `float_rounding` places; options may allow more.
inline bool comparer::within_tolerance(side a, side b) {
  bool const decimal = a.any(has_decimal) || b.any(has_decimal);
  bool const allowed = options_.absolute > 0 || options_.relative > 0;
  if (!allowed && (!decimal || options_.float_rounding < 0)) return false;
  point const where{options_.seed, 0, false};
  evaluator<long double, 10> here(*a.owner, steps_, a.sign, where), there(*b.owner, steps_, b.sign, where);
  complex<long double> const x = here(a.at), y = there(b.at);
  if (here.failed() || there.failed()) return false;
  long double const size = size_of(x), gap = size_of(x - y);
  if (!(gap < std::numeric_limits<long double>::max())) return false;
  if (gap <= static_cast<long double>(options_.absolute) || gap <= static_cast<long double>(options_.relative) * size)
    return true;
  if (!decimal || options_.float_rounding < 0) return false;
  long double step = 0.5L * std::pow(10.0L, -static_cast<long double>(options_.float_rounding));
  if (options_.rounding == rounding_rule::scaled) {
    // Places count from the first digit of a gold below one.
    if (size == 0) return gap == 0;
    if (size < 0.1L) step *= std::pow(10.0L, std::ceil(std::log10(size)));
  }
  // Significant digits beyond `numeric_precision` are noise of the decimal.
  long double const noise = size * std::pow(10.0L, -static_cast<long double>(options_.numeric_precision));
  return gap <= step * 1.0000001L || gap <= noise;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END
