// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/policy.hpp>
#include <aha/core/options.hpp>
#include <aha/core/type_list.hpp>
#include <iterator>
#include <vector>

#include "arguments.hpp"

/// Options that describe their members, from keywords: the names come from the description, not from here.
namespace aha_python {

inline std::string quoted(std::string_view s) { return "\"" + std::string(s) + "\""; }

/// The text that is given for a parameter, if it is one of `names`.
inline std::string choice_of(py::handle value, argument where, std::vector<std::string_view> const& names) {
  std::string legal;
  for (std::string_view const n : names) legal += (legal.empty() ? "one of " : ", ") + quoted(n);
  if (!py::isinstance<py::str>(value)) wrong_type(where, legal, kind_of_object(value));
  std::string const given = py::str(value);
  for (std::string_view const n : names) {
    if (n == given) return given;
  }
  wrong_value(where, legal, aha_python::quoted(given));
}

template <class List>
std::vector<std::string_view> names_in(List list) {
  std::vector<std::string_view> names;
  aha::for_each_type(list, [&](auto tag) { names.push_back(decltype(tag)::type::name); });
  return names;
}

inline void set_option(double& to, py::handle value, argument where) { to = number_of(value, where, to); }
inline void set_option(int& to, py::handle value, argument where) {
  std::int64_t const x = integer_of(value, where, to);
  to = x >= -1000 && x <= 1000 ? static_cast<int>(x) : -1000;  // no legal value is that far out
}
inline void set_option(bool& to, py::handle value, argument where) {
  if (!py::isinstance<py::bool_>(value)) wrong_type(where, "True or False", kind_of_object(value));
  to = value.cast<bool>();
}
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
void set_option(E& to, py::handle value, argument where) {
  auto const& values = aha::enum_names<E>::values;
  std::vector<std::string_view> const names(std::begin(values), std::end(values));
  std::string const given = choice_of(value, where, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == given) to = static_cast<E>(i);
  }
}
/// None, a number (both sides) or a pair whose ends may be None.
void set_option(aha::advantage::clip_range& to, py::handle value, argument where);

std::string option_repr(double x);
std::string option_repr(int x);
std::string option_repr(bool x);
std::string option_repr(aha::advantage::clip_range const& c);
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
std::string option_repr(E e) {
  return quoted(aha::name_of(e));
}

/// Keywords of one call, each as an interned name.
class option_keys {
 public:
  option_keys(std::initializer_list<char const*> names) {
    for (char const* const n : names) keys_.emplace_back(n);
  }
  key const& operator[](std::string_view name) const {
    for (key const& k : keys_) {
      if (name == k.text) return k;
    }
    throw py::key_error(std::string(name));  // a described member that the function does not take
  }
  std::vector<key> const& all() const { return keys_; }

 private:
  std::vector<key> keys_;
};

/// Sets every described member of `options` whose keyword is there.
template <class Options>
void set_members(Options& options, call_arguments& call, option_keys const& keys) {
  Options::params([&](std::string_view name, auto member, auto const&, std::string_view) {
    if (py::handle const h = call.given(keys[name])) set_option(options.*member, h, call.at(keys[name]));
  });
}
/// Refuses a keyword that other types of `list` have and `Chosen` has not.
template <class Chosen, class List>
void refuse_members_of_others(List list, call_arguments& call, option_keys const& keys, std::string_view keyword) {
  aha::for_each_type(list, [&](auto tag) {
    decltype(tag)::type::params([&](std::string_view name, auto, auto const&, std::string_view) {
      bool own = false;
      Chosen::params([&](std::string_view mine, auto, auto const&, std::string_view) { own = own || mine == name; });
      py::handle const h = own ? py::handle() : call.given(keys[name]);
      if (h) {
        wrong_value(call.at(keys[name]), aha::text("nothing where ", keyword, " is ", quoted(Chosen::name)),
                    PyNumber_Check(h.ptr()) != 0 ? "a number" : kind_of_object(h));
      }
    });
  });
}
/// `, name=value` of every described member.
template <class Options>
std::string members_repr(Options const& options) {
  std::string s;
  Options::params([&](std::string_view name, auto member, auto const&, std::string_view) {
    s += aha::text(", ", name, "=", option_repr(options.*member));
  });
  return s;
}

/// The keywords of a repr such as `advantage.group(scale="std", eps=1e-06)`: what its pickle holds.
py::kwargs keywords_of(std::string const& repr);

}  // namespace aha_python
