// SPDX-License-Identifier: MIT
// Lengths with their unit, and the rewards of lengths.
#include "bind.hpp"
#include "lengths.hpp"
#include "outcomes.hpp"

namespace aha_python {
namespace {

namespace reward = aha::reward;

template <class Unit>
std::string class_name() {
  return "reward." + std::string(Unit::name);
}

/// An integer, or a list or array of integers.
template <class Unit>
length_value<Unit> length_from(py::object const& count) {
  static std::string const me = class_name<Unit>();
  argument const where{me.c_str(), "count"};
  if (PyIndex_Check(count.ptr()) != 0 && py::isinstance<py::int_>(count)) {
    return length_value<Unit>(integer_of(count, where, 0));
  }
  if (is_text(count)) wrong_type(where, "an integer or integers", kind_of_object(count));
  py::array const given = py::array::ensure(count);
  if (!given || PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    wrong_type(where, "an integer or integers", kind_of_object(count));
  }
  bool const whole = given.dtype().kind() == 'i' || given.dtype().kind() == 'u' || given.size() == 0;
  if (!whole) wrong_type(where, "an integer or integers", aha::text("values of ", std::string(py::str(given.dtype()))));
  if (given.ndim() > 1) wrong_value(where, "1 dimension", aha::text(given.ndim()));
  auto const numbers = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>::ensure(given);
  if (given.ndim() == 0) return length_value<Unit>(*numbers.data());
  return length_value<Unit>(std::vector<std::int64_t>(numbers.data(), numbers.data() + numbers.size()));
}

template <class Unit>
void bind_unit(py::module_& m, char const* doc) {
  using value = length_value<Unit>;
  py::class_<value>(m, Unit::name.data(), doc)
      .def(py::init(&length_from<Unit>), py::arg("count"), "__init__(self, count)\n--\n\n")
      .def_property_readonly(
          "count",
          [](py::object const& self) -> py::object {
            value const& v = self.cast<value const&>();
            if (!v.many) return py::int_(v.counts[0]);
            return array_over<std::int64_t>(v.counts, self);
          },
          "The number, or an int64 array of them.")
      .def("__len__",
           [](value const& v) {
             if (!v.many) throw py::type_error("aha::reward." + std::string(Unit::name) + ": expected many, got one");
             return v.counts.size();
           })
      .def(
          "__eq__",
          [](value const& a, py::object const& b) {
            return py::isinstance<value>(b) && a.many == b.cast<value const&>().many &&
                   a.counts == b.cast<value const&>().counts;
          },
          py::is_operator())
      .def("__repr__",
           [](value const& v) {
             std::string s = std::string(Unit::name) + "(";
             if (!v.many) return s + std::to_string(v.counts[0]) + ")";
             return aha::text(s, "[", v.counts.size(), " lengths])");
           })
      .def(py::pickle([](py::object const& self) { return py::make_tuple(self.attr("count")); },
                      [](py::tuple const& t) { return length_from<Unit>(t[0]); }));
}

/// f(length) of one or many.
template <class Unit, class F>
py::object each_length(length_value<Unit> const& lengths, F const& f) {
  if (!lengths.many) return py::float_(f(lengths.at(0)));
  py::array_t<double> found(static_cast<py::ssize_t>(lengths.counts.size()));
  double* const to = found.mutable_data();
  for (std::size_t i = 0; i < lengths.counts.size(); ++i) to[i] = f(lengths.at(i));
  return std::move(found);
}

/// A call whose lengths have one unit: f(unit tag, call, lengths).
template <class F>
py::object in_one_unit(char const* function, py::args const& args, py::kwargs const& kwargs, F const& f) {
  static key const k_length{"length"};
  call_arguments call(function, args, kwargs);
  py::handle const given = call.required(k_length);
  if (py::isinstance<length_value<reward::tokens>>(given))
    return f(call, given.cast<length_value<reward::tokens> const&>());
  if (py::isinstance<length_value<reward::characters>>(given))
    return f(call, given.cast<length_value<reward::characters> const&>());
  wrong_type(call.at(k_length), "tokens or characters", kind_of_object(given));
}

/// A limit in the unit of the length.
template <class Unit>
Unit limit_of(call_arguments& call, key const& name, length_value<Unit> const& /*like*/) {
  py::handle const given = call.required(name);
  if (!py::isinstance<length_value<Unit>>(given))
    wrong_type(call.at(name), std::string(Unit::name) + ", the unit of length", kind_of_object(given));
  auto const& value = given.cast<length_value<Unit> const&>();
  if (value.many) wrong_value(call.at(name), "one length", aha::text(value.counts.size()));
  return value.at(0);
}

double required_number(call_arguments& call, key const& name) {
  double const x = number_of(call.required(name), call.at(name), 0.0);
  if (x - x != 0.0) wrong_value(call.at(name), "a finite number", aha::text(x));
  return x;
}

py::object soft_overlong(py::args const& args, py::kwargs const& kwargs) {
  return in_one_unit("reward.soft_overlong", args, kwargs, [](call_arguments& call, auto const& lengths) {
    static key const k_length{"length"};
    static key const k_limit{"limit"};
    static key const k_cache{"cache"};
    auto const limit = limit_of(call, k_limit, lengths);
    auto const cache = limit_of(call, k_cache, lengths);
    call.finish(k_length, k_limit, k_cache);
    if (cache.count < 0) wrong_value(call.at(k_cache), "a length >= 0", aha::text(cache.count));
    return each_length(lengths, [&](auto n) { return reward::soft_overlong(n, limit, cache); });
  });
}

py::object cosine_length(py::args const& args, py::kwargs const& kwargs) {
  return in_one_unit("reward.cosine_length", args, kwargs, [](call_arguments& call, auto const& lengths) {
    static key const k_length{"length"};
    static key const k_limit{"limit"};
    static key const k_zero{"at_zero"};
    static key const k_end{"at_limit"};
    static key const k_exceeded{"exceeded"};
    auto const limit = limit_of(call, k_limit, lengths);
    double const zero = required_number(call, k_zero);
    double const end = required_number(call, k_end);
    double const exceeded = required_number(call, k_exceeded);
    call.finish(k_length, k_limit, k_zero, k_end, k_exceeded);
    return each_length(lengths, [&](auto n) { return reward::cosine_length(n, limit, zero, end, exceeded); });
  });
}

py::object linear_length(py::args const& args, py::kwargs const& kwargs) {
  return in_one_unit("reward.linear_length", args, kwargs, [](call_arguments& call, auto const& lengths) {
    static key const k_length{"length"};
    static key const k_shortest{"shortest"};
    static key const k_longest{"longest"};
    static key const k_short{"at_short"};
    static key const k_long{"at_long"};
    auto const shortest = limit_of(call, k_shortest, lengths);
    auto const longest = limit_of(call, k_longest, lengths);
    double const at_short = required_number(call, k_short);
    double const at_long = required_number(call, k_long);
    call.finish(k_length, k_shortest, k_longest, k_short, k_long);
    if (longest.count < shortest.count) {
      wrong_value(call.at(k_longest), aha::text("a length >= shortest, which is ", shortest.count),
                  aha::text(longest.count));
    }
    return each_length(lengths, [&](auto n) { return reward::linear_length(n, shortest, longest, at_short, at_long); });
  });
}

}  // namespace

void bind_lengths(py::module_& m) {
  bind_unit<reward::tokens>(m, "A length in tokens: one, or many (a list or an array of integers).");
  bind_unit<reward::characters>(m, "A length in characters: one, or many (a list or an array of integers).");
  m.def("soft_overlong", &soft_overlong,
        "soft_overlong(length, limit, cache)\n--\n\n"
        "DAPO's reward for length, arXiv:2503.14476 eq. 13, clamped: 0 up to limit - cache, then linear down to -1 at\n"
        "limit and beyond. All three in one unit: tokens(...) or characters(...).");
  m.def("cosine_length", &cosine_length,
        "cosine_length(length, limit, at_zero, at_limit, exceeded)\n--\n\n"
        "The cosine reward for length, arXiv:2502.03373 eq. 1: from at_zero at length 0 to at_limit just before the "
        "limit,\n"
        "`exceeded` where the limit is reached.");
  m.def("linear_length", &linear_length,
        "linear_length(length, shortest, longest, at_short, at_long)\n--\n\n"
        "Linear between two lengths, constant beyond them.");
}

}  // namespace aha_python
