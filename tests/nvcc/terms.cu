// SPDX-License-Identifier: MIT
// Every term of the type list, evaluated in a kernel over the lanes that a CUDA engine will use: a host-only call inside a
// term is an error here, and what crosses to a kernel is trivially copyable.
#include <aha/core/dual.hpp>
#include <aha/loss/registry.hpp>
#include <type_traits>

template <class Term, class Lane>
__global__ void evaluate_kernel(Term term, typename Term::template record<Lane> const* tokens, Lane* values) {
  static_assert(std::is_trivially_copyable_v<Term>);
  static_assert(std::is_trivially_copyable_v<typename Term::template record<Lane>>);
  values[threadIdx.x] = term(tokens[threadIdx.x]);
}

template <class... Terms>
void instantiate(aha::type_list<Terms...>) {
  (evaluate_kernel<Terms, float><<<1, 1>>>(Terms{}, nullptr, nullptr), ...);
  (evaluate_kernel<Terms, double><<<1, 1>>>(Terms{}, nullptr, nullptr), ...);
  (evaluate_kernel<Terms, aha::dual<float, 1>><<<1, 1>>>(Terms{}, nullptr, nullptr), ...);
  (evaluate_kernel<Terms, aha::dual<float, 2>><<<1, 1>>>(Terms{}, nullptr, nullptr), ...);
}

int main() { instantiate(aha::terms{}); }
