// SPDX-License-Identifier: MIT
// expect: aha: not a term: an aggregate takes terms and their sums
#include <aha/aha.hpp>

int main() {
  aha::token_mean(0.5);
  return 0;
}
