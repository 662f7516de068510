// SPDX-License-Identifier: MIT
#include "static_form.hpp"

namespace {

TEST(static_form_double, every_term_equals_the_dynamic_one) { static_form::expect_same_terms<double>(); }
TEST(static_form_double, a_full_objective_equals_the_dynamic_one) { static_form::expect_same_composition<double>(); }

}  // namespace
