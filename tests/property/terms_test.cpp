// SPDX-License-Identifier: MIT
// What holds for every entry of the type list: its gradient is that of its value, and it reads what it says.
#include "batches.hpp"
#include "engines.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace {

using namespace aha;
using batches::mask_kind;
using batches::shape;

constexpr unsigned columns[] = {reads::logp,  reads::old_logp,  reads::ref_logp, reads::entropy, reads::lse,
                                reads::value, reads::old_value, reads::returns,  reads::given,   reads::adv};

/// Random legal parameters: doubles by their range, pairs around 0. Enumerations are left to the caller.
struct randomise {
  std::mt19937_64& engine;
  double uniform() { return static_cast<double>(engine() >> 11U) * 0x1p-53; }
  void operator()(std::string_view name, double& x, range const& legal) {
    if (&legal == &non_negative || &legal == &positive) x = 0.05 + 0.4 * uniform();
    if (&legal == &above_one) x = 1.05 + uniform();
    if (name == "low") x = -0.3 - uniform();
    if (name == "high") x = 0.3 + uniform();
    if (name == "out_low" && uniform() < 0.5) x = -0.2 * uniform();
    if (name == "out_high" && uniform() < 0.5) x = 0.1 + 0.2 * uniform();
  }
  void operator()(std::string_view, log_ratio_bounds& b, range const&) { b = {-0.2 - uniform(), 0.2 + uniform()}; }
  template <class E>
  void operator()(std::string_view, E&, range const&) {}
};

/// Every legal combination of a term's enumerations, the first given to f with fresh random numbers each time.
template <class Term, class F>
void for_each_variant(std::mt19937_64& engine, F const& f) {
  if constexpr (std::is_same_v<typename std::decay_t<decltype(Term::name)>, std::string_view>) {
    auto const fresh = [&](Term t) {
      Term::params([&](std::string_view name, auto member, range const& legal, std::string_view) {
        randomise{engine}(name, t.*member, legal);
      });
      return t;
    };
    std::vector<Term> all{Term{}};
    Term::params([&](std::string_view, auto member, range const&, std::string_view) {
      using M = std::decay_t<decltype(Term{}.*member)>;
      if constexpr (std::is_enum_v<M>) {
        std::vector<Term> wider;
        for (Term const& t : all) {
          for (std::size_t k = 0; k < std::size(enum_names<M>::values); ++k) {
            Term u = t;
            u.*member = static_cast<M>(k);
            wider.push_back(u);
          }
        }
        all = wider;
      }
    });
    for (Term const& t : all) {
      if (check_term(t).ok()) f(fresh(t));
    }
  }
}

template <class T>
std::vector<T>& column_of(batches::laid_out<T>& l, unsigned flag) {
  switch (flag) {
    case reads::logp: return l.logp;
    case reads::old_logp: return l.old_logp;
    case reads::ref_logp: return l.ref_logp;
    case reads::entropy: return l.entropy;
    case reads::lse: return l.lse;
    case reads::value: return l.value;
    case reads::old_value: return l.old_value;
    case reads::returns: return l.returns;
    case reads::given: return l.given;
    default: return l.adv;
  }
}
/// Terms whose gradient is another one than that of their value, as their paper has it.
template <class Term>
constexpr bool is_straight_through(Term const&) {
  return !std::is_same_v<typename Term::statistic, no_statistic> && !Term::differentiates_statistic;
}
template <level L>
constexpr bool is_straight_through(kl<L> const& t) {
  return L == level::sequence_token || (t.gradient != kl_gradient::same && t.gradient != kl_gradient::ratio);
}

/// A central difference of the loss by entry k of a column. Gives back false where the loss has a kink nearby: there the
/// two one-sided differences disagree.
bool difference(batches::laid_out<double>& l, std::vector<double>& column, std::size_t k, dynamic_objective const& o,
                double& d) {
  double const h = 1e-5;
  double const at = column[k];
  auto const value = [&](double x) {
    column[k] = x;
    return loss(exec::cpu{1}, o, l.batch).loss;
  };
  double const up = value(at + h);
  double const down = value(at - h);
  double const here = value(at);
  d = (up - down) / (2 * h);
  double const gap = std::abs((up - here) / h - (here - down) / h);
  return gap < 1e-3 * (1 + std::abs(d));
}

TEST(every_term, gradient_equals_central_differences) {
  std::mt19937_64 engine(41);
  int terms_covered = 0;
  int variants_of_kl = 0;
  int compared = 0;
  int kinks = 0;
  for_each_type(terms{}, [&](auto tag) {
    using Term = typename decltype(tag)::type;
    int variants = 0;
    for (int round = 0; round < 4; ++round) {
      for_each_variant<Term>(engine, [&](Term const& t) {
        if (is_straight_through(t)) return;
        ++variants;
        if (Term::name == kl<>::name) ++variants_of_kl;
        dynamic_objective const o = token_sum(dynamic_expression(t));
        auto const d = batches::random<double>(engine(), 3, 7, mask_kind::holes);
        auto l = batches::lay_out(d, shape::packed_masked, batches::columns_of(needs_of(t)), 0.0);
        loss(exec::cpu{1}, o, l.batch, l.out);
        // Every active column against its output; those that the term does not have get zeros.
        std::vector<double> const* const outputs_of[] = {&l.dlogp, &l.dentropy, &l.dlse, &l.dvalue, &l.dgiven};
        for (int input = 0; input < active_inputs; ++input) {
          std::vector<double> const derived = *outputs_of[input];
          unsigned const flag = reads_of(static_cast<active_input>(input));
          bool const active = (needs_of(t) & flag) != 0;
          for (std::size_t k = 0; k < derived.size(); ++k) {
            if (l.mask[k] == 0) continue;
            double numeric = 0;
            if (!active) {
              EXPECT_EQ(derived[k], 0) << Term::name;
            } else if (!difference(l, column_of(l, flag), k, o, numeric)) {
              ++kinks;
            } else {
              EXPECT_NEAR(derived[k], numeric, 2e-8 * (1 + std::abs(numeric)))
                  << Term::name << " " << round << " token " << k;
              ++compared;
            }
          }
        }
      });
    }
    terms_covered += variants > 0 || is_straight_through(Term{}) ? 1 : 0;
  });
  EXPECT_EQ(variants_of_kl, 4 * (4 * 2 + 4));  // same and ratio of 4 estimators, ratio of sequences
  EXPECT_EQ(terms_covered, static_cast<int>(terms::size));
  EXPECT_GT(compared, 500);
  EXPECT_LT(kinks, compared / 10);
}

// A straight-through gradient is that of the other estimator under the same input clamp, whatever the value's clamp.
TEST(every_term, straight_through_gradient_is_that_of_the_other_estimator) {
  std::mt19937_64 engine(42);
  int compared = 0;
  for (estimator value : {estimator::k1, estimator::k2, estimator::k3, estimator::abs}) {
    for (estimator gradient : {estimator::k1, estimator::k2, estimator::k3}) {
      kl mixed(value, gradient);
      mixed.low = -0.2;
      mixed.high = 0.25;
      mixed.out_high = 0.01;
      kl value_alone(value, -0.2, 0.25);
      value_alone.out_high = 0.01;
      kl const gradient_alone(gradient, -0.2, 0.25);
      auto const run = [&](kl<> const& t) {
        auto l = batches::lay_out(batches::random<double>(43, 3, 30, mask_kind::holes), shape::packed,
                                  batches::columns_of(needs_of(t)));
        double const x = loss(exec::cpu{1}, token_mean(dynamic_expression(t)), l.batch, l.out).loss;
        return std::make_pair(x, l.dlogp);
      };
      EXPECT_EQ(run(mixed).first, run(value_alone).first);
      EXPECT_EQ(run(mixed).second, run(gradient_alone).second);
      double largest = 0;
      for (double g : run(mixed).second) largest = std::max(largest, std::abs(g));
      EXPECT_GT(largest, 0);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 12);
}

// GSPO-token has the value of GSPO and, with one advantage a sequence, its gradient too; the statistic itself is passive.
TEST(every_term, sequence_token_has_the_value_of_sequence_and_each_tokens_own_gradient) {
  auto const run = [&](auto const& term, scope adv) {
    batches::choice c = batches::columns_of(needs_of(term));
    c.adv = adv;
    auto l = batches::lay_out(batches::random<double>(47, 5, 30, mask_kind::holes), shape::packed_masked, c);
    double const x = loss(exec::cpu{1}, sequence_mean(dynamic_expression(term)), l.batch, l.out).loss;
    return std::make_pair(x, l.dlogp);
  };
  clip<level::sequence> const whole(0.2, 0.28);
  clip<level::sequence_token> const own(0.2, 0.28);
  auto const a = run(whole, scope::sequence);
  auto const b = run(own, scope::sequence);
  EXPECT_EQ(a.first, b.first);
  double largest = 0;
  for (std::size_t k = 0; k < a.second.size(); ++k) {
    EXPECT_NEAR(a.second[k], b.second[k], 1e-15);
    largest = std::max(largest, std::abs(a.second[k]));
  }
  EXPECT_GT(largest, 1e-3);
  // With an advantage a token they differ: -sg(s) A_t a token here, the sequence's mean of it there.
  auto const c = run(whole, scope::token);
  auto const d = run(own, scope::token);
  EXPECT_NEAR(c.first, d.first, 1e-15);
  double apart = 0;
  for (std::size_t k = 0; k < c.second.size(); ++k) apart = std::max(apart, std::abs(c.second[k] - d.second[k]));
  EXPECT_GT(apart, 1e-2);
}

/// A column that `needs` names shows a NaN in the loss; one that it does not name changes no bit. Asked of the engine's
/// inside, as the public entry point refuses a column that nothing reads.
TEST(every_term, reads_what_it_declares_and_nothing_else) {
  std::mt19937_64 engine(44);
  double const nan = std::numeric_limits<double>::quiet_NaN();
  int declared = 0;
  int undeclared = 0;
  for_each_type(terms{}, [&](auto tag) {
    using Term = typename decltype(tag)::type;
    for_each_variant<Term>(engine, [&](Term const& t) {
      dynamic_objective const o = token_mean(dynamic_expression(t));
      auto const d = batches::random<double>(45, 3, 20, mask_kind::full);
      batches::choice const all = batches::columns_of(~0U & ~(reads::weight | reads::keep));
      auto const run = [&](batches::laid_out<double>& l) {
        return evaluate(exec::cpu{1}, o, l.batch, l.out, observe::none).loss;
      };
      auto clean = batches::lay_out(d, shape::packed, all);
      double const want = run(clean);
      ASSERT_TRUE(std::isfinite(want));
      for (unsigned flag : columns) {
        auto l = batches::lay_out(d, shape::packed, all);
        column_of(l, flag)[5] = nan;
        double const got = run(l);
        if ((needs_of(t) & flag) != 0) {
          EXPECT_TRUE(std::isnan(got)) << Term::name << " declares column " << flag << " and does not read it";
          ++declared;
        } else {
          EXPECT_TRUE(batches::same_bits(got, want)) << Term::name << " reads column " << flag << " undeclared";
          EXPECT_TRUE(batches::same_bits(l.dlogp, clean.dlogp)) << Term::name << " column " << flag;
          EXPECT_TRUE(batches::same_bits(l.dentropy, clean.dentropy)) << Term::name << " column " << flag;
          EXPECT_TRUE(batches::same_bits(l.dvalue, clean.dvalue)) << Term::name << " column " << flag;
          ++undeclared;
        }
      }
    });
  });
  EXPECT_GT(declared, 20);
  EXPECT_GT(undeclared, 20);
}

}  // namespace
