// SPDX-License-Identifier: MIT
// KL estimators proven by enumeration: a categorical of 8 outcomes, each weighted by its probability, summed in float64.
#include "engines.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace {

using namespace aha;
using doubles = std::vector<double>;

struct categorical {
  doubles logits{0.3, -1.2, 0.9, 2.0, -0.4, 0.0, 1.1, -2.5};
  doubles ref_logits{0.1, -0.7, 1.5, 1.2, 0.4, -0.3, 0.2, -1.0};
  static doubles log_softmax(doubles const& x) {
    double sum = 0;
    for (double v : x) sum += std::exp(v);
    doubles out;
    for (double v : x) out.push_back(v - std::log(sum));
    return out;
  }
  doubles logp = log_softmax(logits);
  doubles ref = log_softmax(ref_logits);
  doubles p, q;
  categorical() {
    for (double v : logp) p.push_back(std::exp(v));
    for (double v : ref) q.push_back(std::exp(v));
  }
  /// Gradient by the logits of sum_x p_x f_x, from g_x = p_x df_x/dlogp_x: how a policy-gradient loss sees it (the sampling
  /// weights p are passive).
  doubles by_logits(doubles const& g) const {
    double sum = 0;
    for (double v : g) sum += v;
    doubles out;
    for (std::size_t j = 0; j < 8; ++j) out.push_back(g[j] - p[j] * sum);
    return out;
  }
  /// Expectation of a term under pi and the gradient that a loss sees.
  double expectation(char const* term, doubles& gradient) {
    std::vector<std::int64_t> const cu{0, 8};
    doubles dlogp(8);
    dynamic_objective const o = parse(text("token_sum(weight * ", term, ")"));
    token_batch<host, double> b{packed(cu)};
    b.logp = logp;
    b.ref_logp = ref;
    b.weight = per_token(p);
    if ((needs_of_objective(o).named & reads::old_logp) != 0) b.old_logp = on_policy;
    double const value = loss(exec::cpu{1}, o, b, outputs{dlogp}).loss;
    gradient = by_logits(dlogp);
    return value;
  }
  double kl_forward() const {  // KL(pi, ref)
    double s = 0;
    for (std::size_t x = 0; x < 8; ++x) s += p[x] * (logp[x] - ref[x]);
    return s;
  }
  doubles grad_kl_pi_ref() const {
    doubles out;
    for (std::size_t j = 0; j < 8; ++j) out.push_back(p[j] * (logp[j] - ref[j] - kl_forward()));
    return out;
  }
  doubles grad_kl_ref_pi() const {
    doubles out;
    for (std::size_t j = 0; j < 8; ++j) out.push_back(p[j] - q[j]);
    return out;
  }
};

void expect_near(doubles const& got, doubles const& want, char const* what) {
  for (std::size_t j = 0; j < 8; ++j) EXPECT_NEAR(got[j], want[j], 1e-10) << what << " " << j;
}

TEST(kl_estimators, by_enumeration) {
  categorical c;
  doubles g;
  double const kl = c.kl_forward();
  EXPECT_GT(kl, 0.1);
  EXPECT_NEAR(c.expectation("kl(\"k1\")", g), kl, 1e-10);
  expect_near(g, doubles(8, 0.0), "k1 in the loss has no gradient");
  c.expectation("kl(\"k2\")", g);
  expect_near(g, c.grad_kl_pi_ref(), "k2 in the loss");
  EXPECT_NEAR(c.expectation("kl(\"k3\")", g), kl, 1e-10);
  expect_near(g, c.grad_kl_ref_pi(), "k3 in the loss");
  EXPECT_NEAR(c.expectation("kl(\"k3\", gradient=\"k2\")", g), kl, 1e-10);
  expect_near(g, c.grad_kl_pi_ref(), "k3 with k2's gradient");
  EXPECT_NEAR(c.expectation("kl(\"k3\", gradient=\"ratio\")", g), kl, 1e-10);
  expect_near(g, c.grad_kl_pi_ref(), "k3 times the ratio");
  EXPECT_NEAR(c.expectation("kl(\"k1\", gradient=\"ratio\")", g), kl, 1e-10);
  expect_near(g, c.grad_kl_pi_ref(), "k1 times the ratio");
}

}  // namespace
