// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/outcome.hpp>
#include <deque>
#include <new>
#include <string>
#include <utility>

#include "../options.hpp"
#include "lengths.hpp"
#include "outcomes.hpp"

namespace aha_python {

/// Text of the library as the str it was; what neither UTF-8 nor a lone surrogate has becomes U+FFFD.
inline py::object decoded(std::string_view text) {
  for (char const* const errors : {"surrogatepass", "replace"}) {
    PyObject* const s = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), errors);
    if (s != nullptr) return py::reinterpret_steal<py::object>(s);
    PyErr_Clear();
  }
  throw std::bad_alloc();
}

/// An interned name that lives as long as the process.
key const& key_named(char const* name);

/// One call of a reward of texts: `name(text, option=..., threads=0)`. A str or bytes gives one result, a list gives one
/// a row, computed on all cores without the interpreter lock. Options are asked for by name first, then `each` runs.
class text_call {
 public:
  text_call(char const* function, py::args const& args, py::kwargs const& kwargs, char const* text = "text")
      : call_(function, args, kwargs), text_(key_named(text)), given_(call_.required(text_)) {
    known_.push_back(text_);
  }
  call_arguments& call() { return call_; }
  py::handle given() const { return given_; }
  argument at_text() const { return call_.at(text_); }

  /// An option by position or name; null where it is absent.
  py::handle option(char const* name) {
    known_.push_back(key_named(name));
    return call_.optional(known_.back());
  }
  argument at(char const* name) const { return call_.at(key_named(name)); }
  bool flag(char const* name, bool fallback) { return flag_of(option(name), at(name), fallback); }
  double number(char const* name, double fallback) {
    double const x = number_of(option(name), at(name), fallback);
    if (x != x) wrong_value(at(name), "a number", "nan");
    return x;
  }
  std::int64_t integer(char const* name, std::int64_t fallback, std::int64_t least) {
    std::int64_t const x = integer_of(option(name), at(name), fallback);
    if (x < least) wrong_value(at(name), aha::text("an integer >= ", least), aha::text(x));
    return x;
  }
  /// A text that lives as long as the call.
  std::string_view words(char const* name, char const* fallback = nullptr) {
    py::handle const value = option(name);
    if (!value && fallback == nullptr) wrong_type(at(name), "an argument", "none");
    if (!value) return fallback;
    held_.push_back(text_of(value, at(name)));
    return held_.back().text;
  }

  /// f(text) -> outcome: an `outcome`, or `outcomes`.
  template <class F>
  py::object each(F const& f) {
    return over<aha::reward::outcome>(f, [](outcome_columns& to, std::size_t i, auto const& o) { to.set(i, o); });
  }
  /// f(text) -> number: a number, or an array.
  template <class T, class F>
  py::object each_number(F const& f) {
    int const threads = finish();
    if (is_text(given_)) {
      text_view const one = text_of(given_, at_text());
      py::gil_scoped_release const released;
      T const x = f(one.text);
      py::gil_scoped_acquire const held;
      return py::cast(x);
    }
    text_list const texts(given_, at_text());
    py::array_t<T> found(static_cast<py::ssize_t>(texts.size()));
    T* const to = found.mutable_data();
    for_each_row(texts.size(), threads, [&](std::size_t i) { to[i] = f(texts[i]); });
    return std::move(found);
  }
  /// Threads, and an error for what nobody has asked for.
  int finish() {
    key const& threads = key_named("threads");
    known_.push_back(threads);
    int const n = threads_of(call_.given(threads), call_.at(threads));
    call_.finish(known_);
    return n;
  }

 private:
  template <class One, class F, class Put>
  py::object over(F const& f, Put const& put) {
    int const threads = finish();
    if (is_text(given_)) {
      text_view const one = text_of(given_, at_text());
      One found;
      {
        py::gil_scoped_release const released;
        found = f(one.text);
      }
      return py::cast(found);
    }
    text_list const texts(given_, at_text());
    outcome_columns found(texts.size());
    for_each_row(texts.size(), threads, [&](std::size_t i) { put(found, i, f(texts[i])); });
    return py::cast(std::move(found));
  }

  call_arguments call_;
  key const& text_;
  py::handle given_;
  std::vector<key> known_;
  std::deque<text_view> held_;
};

/// A function over (args, kwargs) whose signature and text stand in `doc`.
template <class F>
void def_call(py::module_& m, char const* name, char const* doc, F f) {
  m.def(
      name, [f](py::args const& args, py::kwargs const& kwargs) -> py::object { return f(args, kwargs); }, doc);
}

}  // namespace aha_python
