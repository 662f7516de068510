// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/dynamic.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

// How expressions are written. Every function takes static and dynamic expressions; where one is dynamic, the result is.
// Numbers stand for constants.

/// True for what may stand in an expression beside numbers.
template <class E>
inline constexpr bool is_expression = is_static<E> || std::is_same_v<E, dynamic_expression>;
/// At least one expression, all others numbers.
template <class... Es>
inline constexpr bool are_operands = (is_expression<Es> || ...) &&
                                     ((is_expression<Es> || std::is_arithmetic_v<Es>)&&...);
template <class... Es>
using if_operands = std::enable_if_t<are_operands<Es...>, int>;
/// Operands of which none is dynamic: dynamic ones have operators of their own.
template <class... Es>
using if_static_operands =
    std::enable_if_t<are_operands<Es...> && !(std::is_same_v<Es, dynamic_expression> || ...), int>;

/// A number as an expression; an expression is itself.
template <class E>
constexpr auto operand(E const& e) {
  if constexpr (std::is_arithmetic_v<E>) {
    return constant(static_cast<double>(e));
  } else {
    return e;
  }
}

/// An operation on operands.
template <class Operation, class... Es, if_operands<Es...> = 0>
constexpr auto apply(Operation const& op, Es const&... operands) {
  if constexpr ((std::is_same_v<Es, dynamic_expression> || ...)) {
    return dynamic_expression::apply(op, std::vector<dynamic_expression>{dynamic_expression(operands)...});
  } else {
    return apply_static(op, std::make_tuple(operand(operands)...));
  }
}

template <class A, class B, if_static_operands<A, B> = 0>
constexpr auto operator+(A const& a, B const& b) {
  return add_static(operand(a), operand(b));
}
template <class A, if_static_operands<A> = 0>
constexpr auto operator-(A const& a) {
  return scale_static(-1.0, a);
}
template <class A, class B, if_static_operands<A, B> = 0>
constexpr auto operator-(A const& a, B const& b) {
  return add_static(operand(a), scale_static(-1.0, operand(b)));
}
template <class A, class B, if_static_operands<A, B> = 0>
constexpr auto operator*(A const& a, B const& b) {
  if constexpr (std::is_arithmetic_v<A>) {
    return scale_static(static_cast<double>(a), b);
  } else if constexpr (std::is_arithmetic_v<B>) {
    return scale_static(static_cast<double>(b), a);
  } else {
    return multiply_static(a, b);
  }
}
template <class A, if_static_operands<A> = 0>
constexpr auto operator/(A const& a, double by) {
  return scale_static(1.0 / by, a);
}

/// The number of a limit: a plain number, or `tokens{n}`, `characters{n}`.
template <class N>
constexpr double number_of(N const& n) {
  if constexpr (std::is_arithmetic_v<N>) {
    return static_cast<double>(n);
  } else {
    return static_cast<double>(n.count);
  }
}
/// A length whose limits are given as Ns: those that are units must be the length's own.
template <class... Ns, class Length>
constexpr auto limited_by(Length const& length) {
  if constexpr (is_static<Length>) {
    constexpr bool alike = ((std::is_arithmetic_v<Ns> || std::is_same_v<typename Length::unit, Ns>)&&...);
    static_assert(alike, "aha: rewards: a limit in another unit than the length: tokens and characters do not mix");
    return length;
  } else {
    std::string_view other;
    auto const look = [&](auto tag) {
      using N = typename decltype(tag)::type;
      if constexpr (!std::is_arithmetic_v<N>) {
        if (length.unit() != kind_of_unit<N>) other = N::name;
      }
    };
    (look(type_tag<Ns>{}), ...);
    if (!length.status.ok() || other.empty()) return length;
    return fail<dynamic_expression>(
        bad_argument("reward::length", "limit", text("the length's unit ", name_of(length.unit())), other));
  }
}

/// See `operation::min`.
template <class... Es, if_operands<Es...> = 0>
constexpr auto min(Es const&... x) {
  return apply(operation::min{}, x...);
}
/// See `operation::max`.
template <class... Es, if_operands<Es...> = 0>
constexpr auto max(Es const&... x) {
  return apply(operation::max{}, x...);
}
/// See `operation::gate`.
template <class C, class X, if_operands<C, X> = 0>
constexpr auto gate(C const& condition, X const& x) {
  return apply(operation::gate{}, condition, x);
}
/// See `operation::where`.
template <class C, class X, class Y, if_operands<C, X, Y> = 0>
constexpr auto where(C const& condition, X const& x, Y const& y) {
  return apply(operation::where{}, condition, x, y);
}
/// See `operation::clip`.
template <class X, if_operands<X> = 0>
constexpr auto clip(X const& x, double low, double high) {
  return apply(operation::clip{low, high}, x);
}
/// See `operation::affine`.
template <class X, if_operands<X> = 0>
constexpr auto affine(X const& x, double scale, double shift) {
  return apply(operation::affine{scale, shift}, x);
}
/// See `operation::threshold`.
template <class X, if_operands<X> = 0>
constexpr auto threshold(X const& x, double at, double above = 1, double below = 0) {
  return apply(operation::threshold{at, above, below}, x);
}
/// See `operation::piecewise`.
template <class X, if_operands<X> = 0>
constexpr auto piecewise(X const& x, knots const& points) {
  return apply(operation::piecewise{points}, x);
}
/// See `operation::sigmoid`.
template <class X, if_operands<X> = 0>
constexpr auto sigmoid(X const& x) {
  return apply(operation::sigmoid{}, x);
}
/// See `operation::abs`.
template <class X, if_operands<X> = 0>
constexpr auto abs(X const& x) {
  return apply(operation::abs{}, x);
}
/// See `operation::ratio`.
template <class X, class Y, if_operands<X, Y> = 0>
constexpr auto ratio(X const& x, Y const& y) {
  return apply(operation::ratio{}, x, y);
}
/// See `operation::lexicographic`.
template <class M, class C, if_operands<M, C> = 0>
constexpr auto lexicographic(M const& model, C const& correct, double alpha = 0.5) {
  return apply(operation::lexicographic{alpha}, model, correct);
}
/// See `operation::override_with`.
template <class X, class C, if_operands<X, C> = 0>
constexpr auto override_with(X const& x, C const& condition, double value) {
  return apply(operation::override_with{value}, x, condition);
}
/// See `operation::stop_properly`.
template <class X, class C, if_operands<X, C> = 0>
constexpr auto stop_properly(X const& x, C const& truncated, double coefficient) {
  return apply(operation::stop_properly{coefficient}, x, truncated);
}
/// See `operation::if_missing`.
template <class X, if_operands<X> = 0>
constexpr auto if_missing(X const& x, double value) {
  return apply(operation::if_missing{value}, x);
}
/// See `operation::is_there`.
template <class X, if_operands<X> = 0>
constexpr auto is_there(X const& x) {
  return apply(operation::is_there{}, x);
}
/// See `operation::overlong`.
template <class L, class N, class M, if_operands<L> = 0>
constexpr auto overlong(L const& length, N limit, M cache) {
  return apply(operation::overlong{number_of(limit), number_of(cache)}, limited_by<N, M>(length));
}
/// See `operation::cosine`.
template <class L, class C, if_operands<L, C> = 0>
constexpr auto cosine(L const& length, C const& correct, operation::cosine const& numbers = {}) {
  return apply(numbers, length, correct);
}
/// See `operation::clamped_cosine`.
template <class L, class C, if_operands<L, C> = 0>
constexpr auto clamped_cosine(L const& length, C const& correct, operation::clamped_cosine const& numbers = {}) {
  return apply(numbers, length, correct);
}
/// See `operation::linear_length`.
template <class L, class N, class M, if_operands<L> = 0>
constexpr auto linear_length(L const& length, N shortest, M longest, double at_short, double at_long) {
  return apply(operation::linear_length{number_of(shortest), number_of(longest), at_short, at_long},
               limited_by<N, M>(length));
}
/// See `operation::target_length`.
template <class L, class N, class M, if_operands<L> = 0>
constexpr auto target_length(L const& length, N target, M span) {
  return apply(operation::target_length{number_of(target), number_of(span)}, limited_by<N, M>(length));
}
/// See `operation::schedule`.
constexpr auto schedule(knots const& points) { return apply_static(operation::schedule{points}, std::tuple<>()); }
/// 0 before `step`, then 1: Kimi's warm-up, which first trains without the length reward.
constexpr auto warm_up(double step) { return schedule({{step, 0}, {step, 1}}); }
/// See `operation::kimi`.
template <class L, class C, if_operands<L, C> = 0>
constexpr auto kimi(L const& length, C const& correct) {
  return apply(operation::kimi{}, length, correct);
}
/// See `operation::group_mean`.
template <class X, if_operands<X> = 0>
constexpr auto group_mean(X const& x) {
  return apply(operation::group_mean{}, x);
}
/// See `operation::group_min`.
template <class X, if_operands<X> = 0>
constexpr auto group_min(X const& x) {
  return apply(operation::group_min{}, x);
}
/// See `operation::group_max`.
template <class X, if_operands<X> = 0>
constexpr auto group_max(X const& x) {
  return apply(operation::group_max{}, x);
}
/// See `operation::center_group`.
template <class X, if_operands<X> = 0>
constexpr auto center_group(X const& x) {
  return apply(operation::center_group{}, x);
}
/// See `operation::normalize_group`.
template <class X, if_operands<X> = 0>
constexpr auto normalize_group(X const& x, int ddof = 1, double eps = 1e-6) {
  return apply(operation::normalize_group{ddof, eps}, x);
}
/// See `operation::normalize_batch`.
template <class X, if_operands<X> = 0>
constexpr auto normalize_batch(X const& x, int ddof = 1, double eps = 1e-6) {
  return apply(operation::normalize_batch{ddof, eps}, x);
}
/// See `operation::normalize_running`.
template <class X, if_operands<X> = 0>
constexpr auto normalize_running(X const& x, int slot, int ddof = 1, double eps = 1e-6) {
  return apply(operation::normalize_running{slot, ddof, eps}, x);
}

}  // namespace reward
AHA_NAMESPACE_END
