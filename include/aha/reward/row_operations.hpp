// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/operation.hpp>
#include <aha/reward/piecewise.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// 1 / (1 + e^-x), without overflow at either end.
inline double logistic(double x) {
  double const e = std::exp(x < 0.0 ? x : -x);
  return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

// The operations on the cells of one row. Their formulas read: x, y the arguments; a missing argument makes the result
// missing, except where the formula does not look at it.
namespace operation {

/// What an operation without numbers of its own describes.
struct no_numbers {
  template <class F>
  static constexpr void params(F&& /*f*/) {}
};

/// x y z: the factors that are there.
struct product : no_numbers {
  static constexpr std::string_view name = "product", formula = "x * y * ...", paper = "";
  static constexpr int arguments = any_count;
  static constexpr unit_rule units = unit_rule::product;
  static constexpr stage looks_at = stage::row;
  constexpr cell operator()(cell const* x, int n) const {
    return fold(x, n, [](double a, double b) { return a * b; });
  }
};
/// The smallest argument that is there.
struct min : no_numbers {
  static constexpr std::string_view name = "min", formula = "smallest of x, y, ...", paper = "";
  static constexpr int arguments = any_count;
  static constexpr unit_rule units = unit_rule::same;
  static constexpr stage looks_at = stage::row;
  constexpr cell operator()(cell const* x, int n) const {
    return fold(x, n, [](double a, double b) { return b < a ? b : a; });
  }
};
/// The largest argument that is there.
struct max : no_numbers {
  static constexpr std::string_view name = "max", formula = "largest of x, y, ...", paper = "";
  static constexpr int arguments = any_count;
  static constexpr unit_rule units = unit_rule::same;
  static constexpr stage looks_at = stage::row;
  constexpr cell operator()(cell const* x, int n) const {
    return fold(x, n, [](double a, double b) { return b > a ? b : a; });
  }
};
/// x where the condition is not 0, else 0. Behind a closed gate x is not looked at, so it may be missing: a response
/// without the format is worth 0 whatever its answer.
struct gate : no_numbers {
  static constexpr std::string_view name = "gate", formula = "condition != 0 ? x : 0", paper = "";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::last;
  static constexpr stage looks_at = stage::row;
  constexpr cell operator()(cell const* x, int /*n*/) const {
    if (!x[0].there()) return x[0];
    return x[0].value != 0.0 ? x[1] : cell(0.0);
  }
};
/// One of two, by a condition; the other is not looked at.
struct where : no_numbers {
  static constexpr std::string_view name = "where", formula = "condition != 0 ? x : y", paper = "";
  static constexpr int arguments = 3;
  static constexpr unit_rule units = unit_rule::choice;
  static constexpr stage looks_at = stage::row;
  constexpr cell operator()(cell const* x, int /*n*/) const {
    if (!x[0].there()) return x[0];
    return x[0].value != 0.0 ? x[1] : x[2];
  }
};
/// x within [low, high]; infinite ends are legal.
struct clip {
  static constexpr std::string_view name = "clip", formula = "min(max(x, low), high)", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::row;
  double low = -1, high = 1;
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return x->value < low ? low : (x->value > high ? high : x->value); });
  }
  aha::status check() const { return check_ordered(name, "low", low, "high", high); }
  template <class F>
  static constexpr void params(F&& f) {
    f("low", &clip::low, any_number, "lower end");
    f("high", &clip::high, any_number, "upper end");
  }
};
/// scale x + shift. AReaL's (r + bias) scale is {scale, scale * bias}; NeMo-RL's linear map the same.
struct affine {
  static constexpr std::string_view name = "affine", formula = "scale * x + shift", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::numbers;
  static constexpr stage looks_at = stage::row;
  double scale = 1, shift = 0;
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return scale * x->value + shift; });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("scale", &affine::scale, finite_number, "factor");
    f("shift", &affine::shift, finite_number, "added at the end");
  }
};
/// `above` where x >= at, else `below`. Of a length too: `at` is then in its unit.
struct threshold {
  static constexpr std::string_view name = "threshold", formula = "x >= at ? above : below", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::any;
  static constexpr stage looks_at = stage::row;
  double at = 0.5, above = 1, below = 0;
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return x->value >= at ? above : below; });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("at", &threshold::at, finite_number, "the first value that counts as above");
    f("above", &threshold::above, finite_number, "the result there");
    f("below", &threshold::below, finite_number, "the result below");
  }
};
/// A piecewise linear function of x, constant beyond its ends. Of a length too: the knots' x are then in its unit.
struct piecewise {
  static constexpr std::string_view name = "piecewise", formula = "linear between (x, y) points", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::any;
  static constexpr stage looks_at = stage::row;
  knots points{{0, 0}, {1, 1}};
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return points(x->value); });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("points", &piecewise::points, rising_knots, "pairs (x, y)");
  }
};
/// The logistic function of x.
struct sigmoid : no_numbers {
  static constexpr std::string_view name = "sigmoid", formula = "1 / (1 + exp(-x))", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::numbers;
  static constexpr stage looks_at = stage::row;
  cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return logistic(x->value); });
  }
};
/// |x|.
struct abs : no_numbers {
  static constexpr std::string_view name = "abs", formula = "|x|", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::row;
  cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return std::fabs(x->value); });
  }
};
/// x / y of two values of one unit; 0 where y is 0 (an empty answer beside empty answers is no longer than they).
struct ratio : no_numbers {
  static constexpr std::string_view name = "ratio", formula = "y != 0 ? x / y : 0", paper = "";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::ratio;
  static constexpr stage looks_at = stage::row;
  constexpr cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return x[1].value != 0.0 ? x[0].value / x[1].value : 0.0; });
  }
};
/// Correctness first, the reward model within it: r = sigmoid(alpha r_model) + (correct - 1). A right answer (0, 1) is
/// above every wrong one (-1, 0) whatever the model says. Qwen2.5-Math, arXiv:2409.12122 eq. 3, alpha = 0.5; `correct` in
/// {0, 1}. No peer ships it.
struct lexicographic {
  static constexpr std::string_view name = "lexicographic", formula = "sigmoid(alpha * model) + (correct - 1)",
                                    paper = "2409.12122 eq. 3";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::numbers;
  static constexpr stage looks_at = stage::row;
  double alpha = 0.5;
  cell operator()(cell const* x, int n) const {
    return strict(x, n, [&] { return logistic(alpha * x[0].value) + (x[1].value - 1.0); });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("alpha", &lexicographic::alpha, finite_positive, "slope of the reward model");
  }
};
/// `value` where the condition is not 0, else x. x is not looked at where it is overridden. open-instruct's penalty of a
/// response without an end token overrides like this.
struct override_with {
  static constexpr std::string_view name = "override_with", formula = "condition != 0 ? value : x", paper = "";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::row;
  double value = 0;
  constexpr cell operator()(cell const* x, int /*n*/) const {
    if (!x[1].there()) return x[1];
    return x[1].value != 0.0 ? cell(value) : x[0];
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("value", &override_with::value, finite_number, "the result where the condition holds");
  }
};
/// Stop properly: what a truncated response is worth. coefficient >= 0 multiplies its reward, < 0 replaces it.
/// ProRL, arXiv:2505.24864, as OpenRLHF has it; NeMo-RL allows [0, 1] only.
struct stop_properly {
  static constexpr std::string_view name = "stop_properly",
                                    formula = "truncated ? (coefficient >= 0 ? coefficient * x : coefficient) : x",
                                    paper = "2505.24864";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::numbers;
  static constexpr stage looks_at = stage::row;
  double coefficient = 0;
  constexpr cell operator()(cell const* x, int /*n*/) const {
    if (!x[1].there()) return x[1];
    if (x[1].value == 0.0) return x[0];
    if (coefficient < 0.0) return cell(coefficient);
    return strict(x, 1, [&] { return coefficient * x->value; });
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("coefficient", &stop_properly::coefficient, finite_number, ">= 0: factor of a truncated reward, < 0: its value");
  }
};
/// x, or `value` where x is missing for whatever reason: the policy of one component instead of the call's.
struct if_missing {
  static constexpr std::string_view name = "if_missing", formula = "x there ? x : value", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::row;
  double value = 0;
  constexpr cell operator()(cell const* x, int /*n*/) const { return x->there() ? *x : cell(value); }
  template <class F>
  static constexpr void params(F&& f) {
    f("value", &if_missing::value, finite_number, "what a missing x counts as");
  }
};
/// 1 where x is there, else 0: a condition for `gate` and `where`.
struct is_there : no_numbers {
  static constexpr std::string_view name = "is_there", formula = "x there ? 1 : 0", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::any;
  static constexpr stage looks_at = stage::row;
  constexpr cell operator()(cell const* x, int /*n*/) const { return cell(x->there() ? 1.0 : 0.0); }
};

}  // namespace operation
}  // namespace reward
AHA_NAMESPACE_END
