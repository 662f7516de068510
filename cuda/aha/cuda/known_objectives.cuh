// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/objective.cuh>
#include <aha/loss/clip.hpp>
#include <aha/loss/kl.hpp>

AHA_NAMESPACE_BEGIN

/// Terms of the one part that most objectives chosen at run time have. Where the call is a usual one too, they get the kernels
/// of the static form, with the same bits in half of the time; each more is two more kernels to compile.
using known_leaves = type_list<leaves<clip<>>, leaves<clip<>, kl<>>>;

/// The leaves from number k on, as their types have them. False where the types are others.
inline bool leaves_of(device_objective const&, int k, int last, leaves<>&) { return k == last; }
template <class Term, class... More>
bool leaves_of(device_objective const& o, int k, int last, leaves<Term, More...>& to) {
  if (k == last || o.leaves[k].type != term_index<Term>) return false;
  give_leaf<Term>(o.leaves[k], [&](leaf<Term> const& l) { to.head = l; });
  return leaves_of(o, k + 1, last, to.tail);
}

/// Calls f(static objective) where the objective has known leaves; whether it has.
template <class F>
bool with_known_objective(device_objective const& o, F const& f) {
  if (o.parts != 1) return false;
  bool known = false;
  for_each_type(known_leaves{}, [&](auto tag) {
    using Leaves = typename decltype(tag)::type;
    objective<part<Leaves>> fixed{part<Leaves>{o.coefficients[0], o.aggregates[0], {}}, {}};
    if (known || !leaves_of(o, 0, o.ends[0], fixed.head.leaves)) return;
    known = true;
    f(fixed);
  });
  return known;
}

AHA_NAMESPACE_END
