// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstddef>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// A compile-time list of types. Python names, typed tests, benchmarks and the reference table iterate one such list.
template <class... Ts>
struct type_list {
  static constexpr std::size_t size = sizeof...(Ts);
};

/// Names a type as a value: `for_each_type(list, [](auto tag) { using T = typename decltype(tag)::type; ... })`.
template <class T>
struct type_tag {
  using type = T;
};

AHA_CALLS_CALLER
template <class F, class... Ts>
AHA_FN inline constexpr void for_each_type(type_list<Ts...>, F&& f) {
  (f(type_tag<Ts>{}), ...);
}

/// Position of T in the list; the size of the list when it is not there.
template <class T, class... Ts>
constexpr std::size_t index_of(type_list<Ts...>) {
  bool const hit[] = {std::is_same_v<T, Ts>..., true};
  std::size_t i = 0;
  while (!hit[i]) ++i;
  return i;
}

template <template <class...> class Target, class List>
struct apply_list;
template <template <class...> class Target, class... Ts>
struct apply_list<Target, type_list<Ts...>> {
  using type = Target<Ts...>;
};
/// `Target<Ts...>` for a list of Ts, for example a std::variant.
template <template <class...> class Target, class List>
using apply_list_t = typename apply_list<Target, List>::type;

AHA_NAMESPACE_END
