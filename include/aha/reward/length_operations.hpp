// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/length.hpp>
#include <aha/reward/row_operations.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {
namespace operation {

// Operations on a length. Their numbers are in the unit of the length that they are given.

/// The soft overlong penalty, a positive number to subtract: see `overlong_penalty`. limit >= cache >= 0.
struct overlong {
  static constexpr std::string_view name = "overlong", formula = "clamp((L - (limit - cache)) / cache, 0, 1)",
                                    paper = "2503.14476 eq. 13";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::length;
  static constexpr stage looks_at = stage::row;
  double limit = 20480, cache = 4096;
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return overlong_penalty(x->value, limit, cache); });
  }
  aha::status check() const { return check_ordered(name, "cache", cache, "limit", limit); }
  template <class F>
  static constexpr void params(F&& f) {
    f("limit", &overlong::limit, finite_non_negative, "longest length that is not cut off");
    f("cache", &overlong::cache, finite_non_negative, "how far below the limit the penalty begins");
  }
};
/// The cosine reward, by `correct` (not 0: right), and `exceeded` where L reaches the limit; the paper's numbers.
struct cosine {
  static constexpr std::string_view name = "cosine", formula = "L < limit ? cosine from zero to limit : exceeded",
                                    paper = "2502.03373 eq. 1";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::length;
  static constexpr stage looks_at = stage::row;
  double limit = 16384, right_at_zero = 2, right_at_limit = 1, wrong_at_zero = -10, wrong_at_limit = 0, exceeded = -10;
  cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] {
      bool const right = x[1].value != 0.0;
      return cosine_length(x[0].value, limit, right ? right_at_zero : wrong_at_zero,
                           right ? right_at_limit : wrong_at_limit, exceeded);
    });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("limit", &cosine::limit, finite_non_negative, "the length that is cut off");
    f("right_at_zero", &cosine::right_at_zero, finite_number, "reward of a right answer of length 0");
    f("right_at_limit", &cosine::right_at_limit, finite_number, "towards the limit");
    f("wrong_at_zero", &cosine::wrong_at_zero, finite_number, "reward of a wrong answer of length 0");
    f("wrong_at_limit", &cosine::wrong_at_limit, finite_number, "towards the limit");
    f("exceeded", &cosine::exceeded, finite_number, "reward where the length reaches the limit");
  }
};
/// The cosine reward without `exceeded`: constant from the limit on. TRL's, with its numbers.
struct clamped_cosine {
  static constexpr std::string_view name = "clamped_cosine", formula = "cosine from zero to limit, constant beyond",
                                    paper = "2502.03373 eq. 1";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::length;
  static constexpr stage looks_at = stage::row;
  double limit = 1000, right_at_zero = 1, right_at_limit = 0.5, wrong_at_zero = -1, wrong_at_limit = -0.5;
  cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] {
      bool const right = x[1].value != 0.0;
      return reward::clamped_cosine(x[0].value, limit, right ? right_at_zero : wrong_at_zero,
                                    right ? right_at_limit : wrong_at_limit);
    });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("limit", &clamped_cosine::limit, finite_non_negative, "the length from which the reward is constant");
    f("right_at_zero", &clamped_cosine::right_at_zero, finite_number, "reward of a right answer of length 0");
    f("right_at_limit", &clamped_cosine::right_at_limit, finite_number, "at the limit and beyond");
    f("wrong_at_zero", &clamped_cosine::wrong_at_zero, finite_number, "reward of a wrong answer of length 0");
    f("wrong_at_limit", &clamped_cosine::wrong_at_limit, finite_number, "at the limit and beyond");
  }
};
/// Linear between two lengths, constant beyond. ROLL: 0 up to 100 tokens, -0.5 from 400 on.
struct linear_length {
  static constexpr std::string_view name = "linear_length", formula = "from at_short to at_long, constant beyond",
                                    paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::length;
  static constexpr stage looks_at = stage::row;
  double shortest = 100, longest = 400, at_short = 0, at_long = -0.5;
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return reward::linear_length(x->value, shortest, longest, at_short, at_long); });
  }
  aha::status check() const { return check_ordered(name, "shortest", shortest, "longest", longest); }
  template <class F>
  static constexpr void params(F&& f) {
    f("shortest", &linear_length::shortest, finite_non_negative, "where the slope begins");
    f("longest", &linear_length::longest, finite_non_negative, "where it ends");
    f("at_short", &linear_length::at_short, finite_number, "reward up to shortest");
    f("at_long", &linear_length::at_long, finite_number, "reward from longest on");
  }
};
/// Nearness to a wanted length, 1 there. open-instruct's `max_length`: span 32768.
struct target_length {
  static constexpr std::string_view name = "target_length", formula = "1 - |L - target| / span", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::length;
  static constexpr stage looks_at = stage::row;
  double target = 4096, span = 32768;
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return reward::target_length(x->value, target, span); });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("target", &target_length::target, finite_non_negative, "the wanted length");
    f("span", &target_length::span, finite_positive, "how far from it the reward falls by 1");
  }
};

}  // namespace operation
}  // namespace reward
AHA_NAMESPACE_END
