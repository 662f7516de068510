// SPDX-License-Identifier: MIT
// Every combination of surrogate, KL, weight, advantage, mask, layout, engine and type against the array-notation oracle.
#include "batches.hpp"
#include "engines.hpp"
#include "parity.hpp"

#include <gtest/gtest.h>

namespace {

using namespace parity;

enum class weighting { none, token, sequence };

template <class T>
class matrix : public ::testing::Test {};
using types = ::testing::Types<float, double>;
class type_names {
 public:
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, float> ? "float" : "double";
  }
};
TYPED_TEST_SUITE(matrix, types, type_names);

/// The cases of one surrogate and KL: 3 weights, 2 advantages, 5 masks, entropy on and off, 3 layouts, 2 engines = 360.
template <class T>
int run_cases(bool sequence_clip, oracle::kl_form kl) {
  using batches::mask_kind;
  int cases = 0;
  for (int w = 0; w < 3; ++w) {
    for (aha::scope adv : {aha::scope::sequence, aha::scope::token}) {
      for (mask_kind mask :
           {mask_kind::full, mask_kind::ragged, mask_kind::empty_row, mask_kind::all_masked, mask_kind::left_padding}) {
        for (bool with_entropy : {false, true}) {
          recipe const r = [&] {
            recipe x;
            x.sequence_clip = sequence_clip;
            x.kl = kl;
            x.weight = w == 0 ? aha::scope::none : (w == 1 ? aha::scope::token : aha::scope::sequence);
            x.weight_on_kl = cases % 2 == 1;
            x.adv = adv;
            x.entropy_coefficient = with_entropy ? -0.3 : 0;
            x.main = static_cast<oracle::reduction>((cases / 6) % 5);
            x.scale = (cases / 6) % 3 == 2 ? 2 : 1;
            return x;
          }();
          std::int64_t const width = (cases / 6) % 8 == 7 ? 261 : 23;  // a block and a bit; less than a block
          auto const seed = static_cast<std::uint64_t>(1000 + 64 * static_cast<int>(kl) + w);
          batches::data<T> const d = batches::random<T>(seed, 5, width, mask);
          expectation const want = expect(r, d);
          if (mask != mask_kind::all_masked) {
            EXPECT_GT(std::abs(want.answer.loss), 1e-3) << "a loss of zero shows nothing: " << describe(r, mask);
          }
          for (batches::shape s : {batches::shape::packed, batches::shape::packed_masked, batches::shape::padded}) {
            compare<T>(aha::exec::scalar{}, "scalar", r, d, want, s, mask);
            compare<T>(aha::exec::cpu{1}, "cpu", r, d, want, s, mask);
            cases += 2;
            if (::testing::Test::HasFailure()) return cases;  // one case in full says more than thousands
          }
        }
      }
    }
  }
  return cases;
}

TYPED_TEST(matrix, clip_of_tokens) {
  for (oracle::kl_form kl : kl_forms) EXPECT_EQ((run_cases<TypeParam>(false, kl)), 360);
}
TYPED_TEST(matrix, clip_of_sequences) {
  for (oracle::kl_form kl : kl_forms) EXPECT_EQ((run_cases<TypeParam>(true, kl)), 360);
}

}  // namespace
