// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/dynamic.hpp>
#include <aha/loss/observe.hpp>
#include <cstring>

AHA_NAMESPACE_BEGIN

/// The most leaves that an objective chosen at run time may have on a device: it travels in a kernel's parameters.
inline constexpr int max_device_leaves = 24;

/// Bytes of the largest term of a list.
template <class... Ts>
constexpr std::size_t largest_of(type_list<Ts...>) {
  std::size_t most = 1;
  for (std::size_t const bytes : {sizeof(Ts)...}) most = most < bytes ? bytes : most;
  return most;
}

/// A term's place in the type list.
template <class Term>
inline constexpr unsigned char term_index = static_cast<unsigned char>(index_of<Term>(terms{}));

/// One leaf of a `device_objective`: the entry of the type list and its parameters, byte for byte.
struct device_leaf {
  alignas(double) unsigned char term[largest_of(terms{})];
  double coefficient;
  int weight;
  unsigned char type;
  bool keep;
};

AHA_CALLS_CALLER
template <class Term, class F>
AHA_FN void give_leaf(device_leaf const& l, F&& f) {
  static_assert(std::is_trivially_copyable_v<Term>, "aha: a term goes to kernels by value");
  leaf<Term> typed;
  typed.coefficient = l.coefficient;
  typed.weight = l.weight;
  typed.keep = l.keep;
  memcpy(static_cast<void*>(&typed.term), l.term, sizeof(Term));
  f(typed);
}
/// Calls f(leaf<Term>) with the leaf as its term's type has it, by a fold over the type list: uniform over a block.
AHA_CALLS_CALLER
template <class F, class... Ts>
AHA_FN void visit_leaf(device_leaf const& l, type_list<Ts...>, F&& f) {
  (void)((l.type == term_index<Ts> && (give_leaf<Ts>(l, f), true)) || ...);
}

/// The trivially copyable twin of `dynamic_objective`, of fixed capacity: what kernels are given. It walks parts and
/// leaves as every objective does, so kernels know no difference.
struct device_objective {
  struct part {
    device_objective const* of;
    double coefficient;
    aha::aggregate aggregate;
    int first;
    int last;
    AHA_CALLS_CALLER
    template <class F>
    AHA_FN void for_each_leaf(F&& f) const {
      for (int k = first; k < last; ++k) visit_leaf(of->leaves[k], terms{}, f);
    }
  };

  AHA_CALLS_CALLER
  template <class F>
  AHA_FN void for_each_part(F&& f) const {
    for (int p = 0; p < parts; ++p) {
      f(part{this, coefficients[p], aggregates[p], p == 0 ? 0 : ends[p - 1], ends[p]});
    }
  }

  device_leaf leaves[max_device_leaves];
  double coefficients[max_parts];
  aha::aggregate aggregates[max_parts];
  int ends[max_parts];  ///< the leaf behind the part's last
  int parts;
};
static_assert(std::is_trivially_copyable_v<device_objective> && sizeof(device_objective) <= 3000,
              "aha: an objective and a batch fit into 4 KB of kernel parameters");
template <>
struct is_loss_objective<device_objective> : std::true_type {};

/// What kernels take for an objective: a static one itself, a dynamic one as its twin.
template <class Objective>
struct device_form {
  using type = Objective;
};
template <>
struct device_form<dynamic_objective> {
  using type = device_objective;
};
template <class Objective>
using device_form_t = typename device_form<Objective>::type;

/// Objectives of types are what they are; any trivially copyable one goes to a kernel.
template <class Objective>
status to_device(std::string_view, Objective const& o, Objective& to) {
  static_assert(std::is_trivially_copyable_v<Objective>, "aha: an objective goes to kernels by value");
  to = o;
  return {};
}
/// Refuses, by name, what does not fit. The objective has been checked otherwise.
inline status to_device(std::string_view function, dynamic_objective const& o, device_objective& to) {
  std::size_t leaves = 0;
  for (dynamic_part const& p : o.parts) leaves += p.expression.leaves.size();
  if (leaves > static_cast<std::size_t>(max_device_leaves) || o.parts.size() > static_cast<std::size_t>(max_parts)) {
    return bad_argument(function, "objective",
                        text("at most ", max_device_leaves, " terms in at most ", max_parts, " parts on a device"),
                        text(leaves, " in ", o.parts.size()));
  }
  to = device_objective{};
  int k = 0;
  for (dynamic_part const& p : o.parts) {
    for (dynamic_leaf const& l : p.expression.leaves) {
      device_leaf& d = to.leaves[k++];
      d.coefficient = l.coefficient;
      d.weight = l.weight;
      d.keep = l.keep;
      visit_term(l.term, [&](auto const& t) {
        using Term = std::decay_t<decltype(t)>;
        d.type = term_index<Term>;
        std::memcpy(d.term, &t, sizeof(Term));
      });
    }
    to.coefficients[to.parts] = p.coefficient;
    to.aggregates[to.parts] = p.aggregate;
    to.ends[to.parts++] = k;
  }
  return {};
}

AHA_NAMESPACE_END
