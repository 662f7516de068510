// SPDX-License-Identifier: MIT
#pragma once

#include "batches.hpp"
#include "engines.hpp"

#include <gtest/gtest.h>

/// The static form of an objective against the dynamic one, bit for bit.
namespace static_form {

using namespace aha;

template <class T, class Exec, class Objective>
void expect_same(Exec const& exec, Objective const& o, batches::shape shape) {
  auto const d = batches::random<T>(3, 5, 273, batches::mask_kind::holes);
  batches::choice const c = batches::columns_of(needs_of_objective(o).named);
  auto a = batches::lay_out(d, shape, c);
  auto b = batches::lay_out(d, shape, c);
  loss_result const of_static = loss(exec, o, a.batch, a.out);
  loss_result const of_dynamic = loss(exec, dynamic_objective(o), b.batch, b.out);
  EXPECT_NE(of_static.loss, 0);
  EXPECT_TRUE(batches::same_bits(of_static.loss, of_dynamic.loss)) << of_static.loss << " " << of_dynamic.loss;
  EXPECT_TRUE(batches::same_bits(a.dlogp, b.dlogp));
  EXPECT_TRUE(batches::same_bits(a.dentropy, b.dentropy));
  EXPECT_TRUE(batches::same_bits(a.dlse, b.dlse));
  EXPECT_TRUE(batches::same_bits(a.dvalue, b.dvalue));
  EXPECT_TRUE(batches::same_bits(a.dgiven, b.dgiven));
  EXPECT_TRUE(batches::same_bits(a.token_loss, b.token_loss));
  std::vector<double> s;
  std::vector<double> t;
  of_static.stats.for_each([&](char const*, double x) { s.push_back(x); });
  of_dynamic.stats.for_each([&](char const*, double x) { t.push_back(x); });
  EXPECT_TRUE(batches::same_bits(s, t));
}

template <class T, class Objective>
void expect_same_on_engines(Objective const& o) {
  expect_same<T>(exec::scalar{}, o, batches::shape::packed);
  expect_same<T>(exec::cpu{1}, o, batches::shape::padded);
}

template <class T>
void expect_same_terms() {
  int terms_seen = 0;
  for_each_type(terms{}, [&](auto tag) {
    using Term = typename decltype(tag)::type;
    SCOPED_TRACE(std::string(Term::name));
    expect_same_on_engines<T>(sequence_mean(Term{}));
    ++terms_seen;
  });
  EXPECT_EQ(static_cast<std::size_t>(terms_seen), terms::size);
}
template <class T>
void expect_same_composition() {
  expect_same_on_engines<T>(sequence_mean(keep * (weight * clip<level::sequence>(0.2, 0.28) + 0.04 * kl(k3, k2))) -
                            0.001 * token_mean(entropy{}) + 1e-4 * token_mean(z_loss{}) +
                            0.5 * token_sum(value_loss{0.2}) - token_mean(weight * given{}));
}

}  // namespace static_form
