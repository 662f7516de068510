// SPDX-License-Identifier: MIT
#pragma once

#include "batches.hpp"
#include "engines.hpp"
#include "xtensor_oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

/// One objective written twice: for the library (dynamic objective) and for the oracle.
namespace parity {

inline constexpr oracle::kl_form kl_forms[] = {oracle::kl_form::none,       oracle::kl_form::k1,
                                               oracle::kl_form::k2,         oracle::kl_form::k3,
                                               oracle::kl_form::k3_grad_k2, oracle::kl_form::k3_ratio};
inline constexpr char const* kl_names[] = {
    "none", "k1", "k2", "k3", "k3 with k2's gradient", "k3 with ratio", "k3 with the sequence's ratio"};
inline constexpr double kl_coefficient = 0.4;
inline constexpr double constant_length = 50;

struct recipe {
  bool sequence_clip = false;
  oracle::kl_form kl = oracle::kl_form::none;
  aha::scope adv = aha::scope::sequence;
  aha::scope weight = aha::scope::none;
  aha::scope keep = aha::scope::none;
  bool weight_on_kl = false;
  oracle::reduction main = oracle::reduction::token_mean;
  double scale = 1;
  double entropy_coefficient = 0;
};

inline std::string describe(recipe const& r, batches::mask_kind mask) {
  char const* const scopes[] = {"none", "sequence", "token"};
  char const* const reductions[] = {"token_mean", "sequence_mean", "sequence_sum", "constant_length", "token_sum"};
  return std::string(r.sequence_clip ? "sequence" : "token") + " clip, kl " + kl_names[static_cast<int>(r.kl)] +
         ", weight " + scopes[static_cast<int>(r.weight)] + (r.weight_on_kl ? " on all" : " on clip") + ", adv " +
         scopes[static_cast<int>(r.adv)] + ", mask " + batches::mask_names[static_cast<int>(mask)] + ", " +
         reductions[static_cast<int>(r.main)] + (r.entropy_coefficient != 0 ? ", entropy" : "");
}

inline aha::dynamic_expression kl_of(oracle::kl_form form) {
  using namespace aha;
  switch (form) {
    case oracle::kl_form::k1: return dynamic_expression(kl(k1));
    case oracle::kl_form::k2: return dynamic_expression(kl(k2));
    case oracle::kl_form::k3: return dynamic_expression(kl(k3));
    case oracle::kl_form::k3_grad_k2: return dynamic_expression(kl(k3, k2));
    case oracle::kl_form::k3_ratio: return dynamic_expression(kl(k3, kl_gradient::ratio));
    case oracle::kl_form::k3_sequence_ratio: return dynamic_expression(kl<level::sequence>(k3, kl_gradient::ratio));
    default: return {};
  }
}

inline aha::dynamic_objective objective_of(recipe const& r) {
  using namespace aha;
  dynamic_expression e = r.sequence_clip
                             ? dynamic_expression(clip<level::sequence>(batches::eps_low, batches::eps_high))
                             : dynamic_expression(clip(batches::eps_low, batches::eps_high));
  bool const weighted = r.weight != scope::none;
  if (weighted && !r.weight_on_kl) e = weight * e;
  if (r.kl != oracle::kl_form::none) e = e + kl_coefficient * kl_of(r.kl);
  if (weighted && r.weight_on_kl) e = weight * e;
  if (r.keep != scope::none) e = keep * e;
  dynamic_objective o = [&] {
    switch (r.main) {
      case oracle::reduction::token_mean: return token_mean(e);
      case oracle::reduction::sequence_mean: return sequence_mean(e);
      case oracle::reduction::sequence_sum: return sequence_sum(e);
      case oracle::reduction::constant_length: return aha::constant_length(parity::constant_length)(e);
      default: return token_sum(e);
    }
  }();
  if (r.entropy_coefficient != 0) o = o + r.entropy_coefficient * token_mean(dynamic_expression(entropy{}));
  return o;
}

struct expectation {
  oracle::problem problem;
  oracle::answer answer;
};

template <class T>
oracle::problem problem_of(recipe const& r, batches::data<T> const& d) {
  auto const wide = [](auto const& v) { return std::vector<double>(v.begin(), v.end()); };
  oracle::problem p;
  p.rows = d.rows;
  p.width = d.width;
  p.logp = wide(d.logp);
  p.old_logp = wide(d.old_logp);
  p.ref_logp = wide(d.ref_logp);
  p.entropy = wide(d.entropy);
  p.mask = wide(d.mask);
  p.adv = wide(r.adv == aha::scope::token ? d.adv_token : d.adv_sequence);
  if (r.weight != aha::scope::none) p.weight = wide(r.weight == aha::scope::token ? d.weight_token : d.weight_sequence);
  if (r.keep != aha::scope::none) p.keep = wide(r.keep == aha::scope::token ? d.keep : d.keep_sequence);
  p.sequence_clip = r.sequence_clip;
  p.eps_low = batches::eps_low;
  p.eps_high = batches::eps_high;
  p.kl = r.kl;
  p.kl_coefficient = kl_coefficient;
  p.weight_on_kl = r.weight_on_kl;
  p.main = r.main;
  p.tokens = std::max(d.tokens(), 1.0);
  p.sequences = std::max(d.sequences(), 1.0);
  p.constant = constant_length;
  p.scale = r.scale;
  p.entropy_coefficient = r.entropy_coefficient;
  p.entropy_tokens = p.tokens;
  return p;
}

template <class T>
expectation expect(recipe const& r, batches::data<T> const& d) {
  expectation e{problem_of(r, d), {}};
  e.answer = oracle::solve(e.problem);
  return e;
}

inline batches::choice columns_of(recipe const& r) {
  batches::choice c;
  c.ref_logp = r.kl != oracle::kl_form::none;
  c.entropy = r.entropy_coefficient != 0;
  c.adv = r.adv;
  c.weight = r.weight;
  c.keep = r.keep;
  return c;
}

/// Largest difference, as a fraction of `scale`; NaN counts as infinite.
template <class T>
double distance(std::vector<T> const& got, std::vector<double> const& want, double scale) {
  double worst = got.size() == want.size() ? 0 : 1e300;
  for (std::size_t k = 0; worst < 1e300 && k < got.size(); ++k) {
    double const e = std::abs(static_cast<double>(got[k]) - want[k]);
    worst = e <= worst ? worst : (e == e ? e : 1e300);
  }
  return worst == 0 ? 0 : worst / scale;
}
inline double largest(std::vector<double> const& x) {
  double m = 0;
  for (double v : x) m = std::max(m, std::abs(v));
  return m;
}

template <class T>
inline constexpr double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-12;

/// Loss within tolerance of max(|want|, sum |w_t l_t|), gradients of max |want_t|; all masked: exactly 0.
template <class T, class Exec>
void compare(Exec const& exec, char const* engine, recipe const& r, batches::data<T> const& d, expectation const& want,
             batches::shape shape, batches::mask_kind mask, double tol = tolerance<T>) {
  batches::laid_out<T> l = batches::lay_out(d, shape, columns_of(r));
  l.batch.scale = r.scale;
  aha::loss_result const got = loss(exec, objective_of(r), l.batch, l.out);
  std::string const where = describe(r, mask) + ", " + batches::shape_names[static_cast<int>(shape)] + ", " + engine +
                            ", " + (std::is_same_v<T, float> ? "float" : "double");
  auto const dlogp = l.gather(l.dlogp);
  auto const dentropy = l.gather(l.dentropy);
  auto const token_loss = l.gather(l.token_loss);
  EXPECT_TRUE(l.zero_elsewhere(l.dlogp) && l.zero_elsewhere(l.dentropy) && l.zero_elsewhere(l.token_loss)) << where;
  if (mask == batches::mask_kind::all_masked) {
    EXPECT_EQ(got.loss, 0.0) << where;
    for (std::vector<T> const* v : {&l.dlogp, &l.dentropy, &l.token_loss}) {
      EXPECT_TRUE(std::all_of(v->begin(), v->end(), [](T x) { return x == T(0); })) << where;
    }
    return;
  }
  oracle::answer const& a = want.answer;
  double const scale = std::max(std::abs(a.loss), a.magnitude);
  EXPECT_LE(std::abs(got.loss - a.loss), tol * scale) << where << ": loss " << got.loss << ", want " << a.loss;
  EXPECT_GT(largest(a.dlogp), 0) << where;
  EXPECT_LE(distance(dlogp, a.dlogp, largest(a.dlogp)), tol) << where << ": dlogp";
  EXPECT_LE(distance(token_loss, a.token_loss, largest(a.token_loss)), tol) << where << ": token_loss";
  if (r.entropy_coefficient != 0) {
    EXPECT_LE(distance(dentropy, a.dentropy, largest(a.dentropy)), tol) << where << ": dentropy";
  } else {
    EXPECT_TRUE(std::all_of(dentropy.begin(), dentropy.end(), [](T x) { return x == T(0); })) << where;
  }
}

}  // namespace parity
