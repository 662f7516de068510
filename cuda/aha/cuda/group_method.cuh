// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/dynamic.hpp>
#include <cstring>

AHA_NAMESPACE_BEGIN
namespace advantage {

/// One entry of a type list with its parameters, trivially copyable: what `std::variant` is on the host.
template <class List>
struct device_choice;
template <class... Ts>
struct device_choice<type_list<Ts...>> {
  static constexpr std::size_t bytes() {
    std::size_t most = 1;
    for (std::size_t const n : {sizeof(Ts)...}) most = most < n ? n : most;
    return most;
  }
  alignas(double) unsigned char chosen[bytes()];
  unsigned char type;

  template <class T>
  void operator=(T const& x) {
    static_assert(std::is_trivially_copyable_v<T>, "aha: an option goes to kernels by value");
    type = static_cast<unsigned char>(index_of<T>(type_list<Ts...>{}));
    std::memcpy(chosen, &x, sizeof x);
  }
  /// Calls f(the entry as it is) by a fold over the list.
  AHA_CALLS_CALLER
  template <class F>
  AHA_FN void visit(F&& f) const {
    (void)((type == place<Ts> && (give<Ts>(f), true)) || ...);
  }

 private:
  template <class T>
  static constexpr unsigned char place = static_cast<unsigned char>(index_of<T>(type_list<Ts...>{}));
  AHA_CALLS_CALLER
  template <class T, class F>
  AHA_FN void give(F&& f) const {
    alignas(T) unsigned char copy[sizeof(T)];
    memcpy(copy, chosen, sizeof(T));
    f(*reinterpret_cast<T const*>(copy));
  }
};

struct device_baseline {
  device_choice<baselines> choice;
  bool centres;
};
AHA_CALLS_CALLER
template <class F>
AHA_FN void with_baseline(device_baseline const& baseline, F&& f) {
  baseline.choice.visit(f);
}
struct device_scale {
  device_choice<scales> choice;
  spread_of source;
  AHA_FN double operator()(moments const& of) const {
    double divisor = 1;
    choice.visit([&](auto const& s) { divisor = s(of); });
    return divisor;
  }
};

/// `group` as kernels take it, whatever its baseline and scale: one kernel serves all, with the rule of the CPU.
using device_group = group<device_baseline, device_scale>;

inline void set_choice(device_baseline& to, dynamic_baseline const& from) {
  std::visit([&](auto const& b) { to.choice = b; }, from.choice);
  to.centres = from.centres;
}
template <class Baseline>
void set_choice(device_baseline& to, Baseline const& from) {
  to.choice = from;
  to.centres = Baseline::centres;
}
inline void set_choice(device_scale& to, dynamic_scale const& from) {
  std::visit([&](auto const& s) { to.choice = s; }, from.choice);
  to.source = from.source;
}
template <class Scale>
void set_choice(device_scale& to, Scale const& from) {
  to.choice = from;
  to.source = Scale::source;
}
template <class Baseline, class Scale>
device_group to_device(group<Baseline, Scale> const& method) {
  device_baseline baseline;
  device_scale scale;
  set_choice(baseline, method.baseline);
  set_choice(scale, method.scale);
  return device_group(baseline, scale, method.singleton, method.zero_spread, method.flat_rest, method.clip);
}
static_assert(std::is_trivially_copyable_v<device_group>, "aha: a method goes to kernels by value");

}  // namespace advantage
AHA_NAMESPACE_END
