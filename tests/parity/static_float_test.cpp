// SPDX-License-Identifier: MIT
#include "static_form.hpp"

namespace {

TEST(static_form_float, every_term_equals_the_dynamic_one) { static_form::expect_same_terms<float>(); }
TEST(static_form_float, a_full_objective_equals_the_dynamic_one) { static_form::expect_same_composition<float>(); }

}  // namespace
