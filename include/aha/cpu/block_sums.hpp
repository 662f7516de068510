// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/evaluate_leaf.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN

/// A sum over leaves, token by token. What lies there before the first leaf adds to it is not read into it.
template <class T>
struct leaf_sum {
  T* at = nullptr;
  bool begun = false;

  /// Zeros where no leaf has added.
  void end(int n) {
    if (!begun) std::fill_n(at, n, T(0));
    begun = true;
  }
};

/// A bit for each sum of `block_sums`.
namespace sum_bits {
inline constexpr unsigned value = 1;
constexpr unsigned d(std::size_t input) { return 2U << input; }
constexpr unsigned dS(std::size_t slot) { return 2U << (active_inputs + slot); }
}  // namespace sum_bits

/// What the leaves of a block add to.
template <class T>
struct block_sums {
  leaf_sum<T> value;
  leaf_sum<T> d[active_inputs];  ///< by each active input
  leaf_sum<T> dS[statistic_slots];

  /// The sums that leaves have added to.
  [[nodiscard]] unsigned begun() const {
    unsigned bits = value.begun ? sum_bits::value : 0U;
    for (std::size_t k = 0; k < active_inputs; ++k) bits |= d[k].begun ? sum_bits::d(k) : 0U;
    for (std::size_t k = 0; k < statistic_slots; ++k) bits |= dS[k].begun ? sum_bits::dS(k) : 0U;
    return bits;
  }
  /// Leaves have added to these.
  void begin(unsigned bits) {
    value.begun = value.begun || (bits & sum_bits::value) != 0;
    for (std::size_t k = 0; k < active_inputs; ++k) d[k].begun = d[k].begun || (bits & sum_bits::d(k)) != 0;
    for (std::size_t k = 0; k < statistic_slots; ++k) dS[k].begun = dS[k].begun || (bits & sum_bits::dS(k)) != 0;
  }
};

/// The sums that a term adds to.
template <class Term>
constexpr unsigned sums_touched() {
  unsigned bits = sum_bits::value | sum_bits::d(static_cast<std::size_t>(input_of<Term>));
  if constexpr (has_adjoint<Term>) bits |= sum_bits::dS(statistic_slot<typename Term::statistic>);
  return bits;
}
template <class Term>
inline constexpr unsigned sums_of = sums_touched<Term>();

AHA_NAMESPACE_END
