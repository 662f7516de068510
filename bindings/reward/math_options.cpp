// SPDX-License-Identifier: MIT
#include "math_options.hpp"

#include <cmath>
#include <type_traits>

namespace aha_python {
namespace {

using aha::reward::math::verify_options;

std::string bounds(double low, double high) {
  if (high > 1e300) return aha::text("a number >= ", low);
  return aha::text("a number from ", low, " to ", high);
}

void read(std::vector<std::string>& to, py::handle value, argument where, double, double) {
  text_list const words(value, where);
  to.clear();
  for (std::size_t i = 0; i < words.size(); ++i) to.emplace_back(words[i]);
}
void read(bool& to, py::handle value, argument where, double, double) { to = flag_of(value, where, to); }
void read(double& to, py::handle value, argument where, double low, double high) {
  double const x = number_of(value, where, to);
  if (!(x >= low && x <= high)) wrong_value(where, bounds(low, high), aha::text(x));
  to = x;
}
template <class T>
void read(T& to, py::handle value, argument where, double low, double high) {
  if constexpr (std::is_enum_v<T>) {
    set_option(to, value, where);
  } else {
    std::int64_t const x = integer_of(value, where, 0);
    if (static_cast<double>(x) < low || static_cast<double>(x) > high)
      wrong_value(where, bounds(low, high), aha::text(x));
    to = static_cast<T>(x);
  }
}

template <class T>
std::string shown(T const& x) {
  if constexpr (std::is_same_v<T, bool>) {
    return x ? "True" : "False";
  } else if constexpr (std::is_enum_v<T>) {
    return quoted(aha::name_of(x));
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return "()";
  } else if constexpr (std::is_same_v<T, double>) {
    return py::repr(py::float_(x));
  } else {
    return aha::to_text(x);
  }
}

}  // namespace

verify_options math_options(call_arguments& call, std::vector<key> const& also) {
  static std::vector<key> const keys = [] {
    std::vector<key> all;
    verify_options defaults;
    for_each_math_option(defaults, [&](char const* name, auto&, double, double) { all.emplace_back(name); });
    return all;
  }();
  verify_options options;
  std::size_t k = 0;
  for_each_math_option(options, [&](char const*, auto& member, double low, double high) {
    key const& name = keys[k++];
    if (py::handle const value = call.given(name)) read(member, value, call.at(name), low, high);
  });
  std::vector<key> known = keys;
  known.insert(known.end(), also.begin(), also.end());
  call.finish(known);
  return options;
}

std::string math_signature(std::string const& head, std::string const& further) {
  std::string s = head + ", *";
  verify_options defaults;
  for_each_math_option(defaults, [&](char const* name, auto& member, double, double) {
    s += aha::text(", ", name, "=", shown(member));
  });
  return s + further + ")\n--\n\n";
}

}  // namespace aha_python
