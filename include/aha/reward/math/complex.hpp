// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cmath>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// A complex number over any floating type (std::complex is specified for the built-in ones only). Principal branches:
/// arguments in (-pi, pi].
template <class Real>
struct complex {
  Real re{0}, im{0};
  friend complex operator+(complex const& a, complex const& b) { return {a.re + b.re, a.im + b.im}; }
  friend complex operator-(complex const& a, complex const& b) { return {a.re - b.re, a.im - b.im}; }
  friend complex operator*(complex const& a, complex const& b) {
    if (a.im == 0 && b.im == 0) return {a.re * b.re, Real(0)};
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  friend complex operator/(complex const& a, complex const& b) {
    if (b.im == 0) return {a.re / b.re, a.im / b.re};
    Real const size = b.re * b.re + b.im * b.im;
    return {(a.re * b.re + a.im * b.im) / size, (a.im * b.re - a.re * b.im) / size};
  }
  complex operator-() const { return {-re, -im}; }
  [[nodiscard]] bool real() const { return im == 0; }
};

template <class Real>
Real size_of(complex<Real> const& z) {
  using std::abs;
  using std::sqrt;
  if (z.im == 0) return abs(z.re);
  return sqrt(z.re * z.re + z.im * z.im);
}
template <class Real>
Real pi_value() {
  using std::acos;
  return acos(Real(-1));
}
template <class Real>
complex<Real> exp_of(complex<Real> const& z) {
  using std::cos;
  using std::exp;
  using std::sin;
  Real const size = exp(z.re);
  if (z.im == 0) return {size, Real(0)};
  return {size * cos(z.im), size * sin(z.im)};
}
template <class Real>
complex<Real> log_of(complex<Real> const& z) {
  using std::atan2;
  using std::log;
  if (z.im == 0 && z.re > 0) return {log(z.re), Real(0)};
  return {log(size_of(z)), z.im == 0 ? pi_value<Real>() : Real(atan2(z.im, z.re))};
}
template <class Real>
complex<Real> sqrt_of(complex<Real> const& z) {
  using std::sqrt;
  if (z.im == 0) return z.re >= 0 ? complex<Real>{sqrt(z.re), Real(0)} : complex<Real>{Real(0), sqrt(-z.re)};
  Real const size = size_of(z);
  Real const re = sqrt((size + z.re) / 2), im = sqrt((size - z.re) / 2);
  return {re, z.im < 0 ? Real(-im) : im};
}
template <class Real>
complex<Real> whole_power(complex<Real> base, long long k) {
  bool const below = k < 0;
  auto left = below ? 0 - static_cast<unsigned long long>(k) : static_cast<unsigned long long>(k);
  complex<Real> result{Real(1), Real(0)};
  for (; left != 0; left /= 2) {
    if (left % 2 != 0) result = result * base;
    if (left > 1) base = base * base;
  }
  return below ? complex<Real>{Real(1), Real(0)} / result : result;
}
template <class Real>
complex<Real> power_of(complex<Real> const& base, complex<Real> const& above) {
  using std::exp;
  using std::log;
  if (base.re == 0 && base.im == 0) return above.re > 0 ? complex<Real>{} : complex<Real>{Real(1) / base.re, Real(0)};
  if (base.im == 0 && base.re > 0 && above.im == 0) return {exp(log(base.re) * above.re), Real(0)};
  return exp_of(log_of(base) * above);
}
template <class Real>
complex<Real> sin_of(complex<Real> const& z) {
  using std::cos;
  using std::cosh;
  using std::sin;
  using std::sinh;
  if (z.im == 0) return {sin(z.re), Real(0)};
  return {sin(z.re) * cosh(z.im), cos(z.re) * sinh(z.im)};
}
template <class Real>
complex<Real> cos_of(complex<Real> const& z) {
  using std::cos;
  using std::cosh;
  using std::sin;
  using std::sinh;
  if (z.im == 0) return {cos(z.re), Real(0)};
  return {cos(z.re) * cosh(z.im), -sin(z.re) * sinh(z.im)};
}
template <class Real>
complex<Real> sinh_of(complex<Real> const& z) {
  using std::sinh;
  if (z.im == 0) return {sinh(z.re), Real(0)};
  return (exp_of(z) - exp_of(-z)) / complex<Real>{Real(2), Real(0)};
}
template <class Real>
complex<Real> cosh_of(complex<Real> const& z) {
  using std::cosh;
  if (z.im == 0) return {cosh(z.re), Real(0)};
  return (exp_of(z) + exp_of(-z)) / complex<Real>{Real(2), Real(0)};
}
template <class Real>
complex<Real> arcsin_of(complex<Real> const& z) {
  using std::asin;
  complex<Real> const one{Real(1), Real(0)}, i{Real(0), Real(1)};
  if (z.im == 0 && z.re >= -1 && z.re <= 1) return {asin(z.re), Real(0)};
  return -i * log_of(i * z + sqrt_of(one - z * z));
}
template <class Real>
complex<Real> arctan_of(complex<Real> const& z) {
  using std::atan;
  complex<Real> const one{Real(1), Real(0)}, i{Real(0), Real(1)}, two{Real(2), Real(0)};
  if (z.im == 0) return {atan(z.re), Real(0)};
  return (log_of(one - i * z) - log_of(one + i * z)) * i / two;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END
