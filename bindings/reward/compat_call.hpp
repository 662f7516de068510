// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/verdict.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>

#include "text_call.hpp"

/// Rows of `aha.reward.compat`: a function of one row and its parameters make a Python function over one row or many.
namespace aha_python {

/// What a parameter gives: one value for every row, or one a row.
template <class T>
struct row_values {
  std::vector<T> all;
  bool many = false;
  decltype(auto) at(std::size_t i) const { return all[many ? i : 0]; }
};

/// verdict(gold, text): whether a text answers as the gold does; nullopt where nobody can say.
using judge = std::function<aha::reward::compat::verdict(std::string_view gold, std::string_view text)>;

/// The arguments of one call, and the texts that they hold while nobody has the interpreter lock.
class compat_call {
 public:
  compat_call(char const* function, py::args const& args, py::kwargs const& kwargs) : call_(function, args, kwargs) {}
  py::handle optional(char const* name) {
    known_.push_back(key_named(name));
    return call_.optional(known_.back());
  }
  py::handle required(char const* name) {
    known_.push_back(key_named(name));
    return call_.required(known_.back());
  }
  argument at(char const* name) const { return call_.at(key_named(name)); }
  std::string_view hold(py::handle value, argument where) {
    held_.push_back(text_of(value, where));
    return held_.back().text;
  }
  int finish() {
    key const& threads = key_named("threads");
    known_.push_back(threads);
    int const n = threads_of(call_.given(threads), call_.at(threads));
    call_.finish(known_);
    return n;
  }

 private:
  call_arguments call_;
  std::vector<key> known_;
  std::deque<text_view> held_;
};

/// One value where `single(value)`, else a list of them.
template <class T, class Single, class Read>
row_values<T> one_or_many(py::handle value, argument where, std::string_view expected, Single single, Read read) {
  row_values<T> found;
  if (single(value)) {
    found.all.push_back(read(value));
    return found;
  }
  found.many = true;
  for (py::object const& entry : entries_of(value, where, expected)) {
    if (!single(entry)) wrong_type(where, expected, kind_of_object(entry));
    found.all.push_back(read(entry));
  }
  return found;
}

// --- parameters: `name`, `fallback` (its text in the signature; empty: required), and how it is read ------------------
template <class T>
struct parameter {
  using value = T;
  char const* name;
  std::string fallback;
  std::function<row_values<T>(compat_call&)> read;
};

inline bool is_int(py::handle h) { return PyIndex_Check(h.ptr()) != 0 && !py::isinstance<py::array>(h); }

/// A text, or one a row.
inline parameter<std::string_view> texts(char const* name) {
  return {name, "", [name](compat_call& c) {
            argument const where = c.at(name);
            return one_or_many<std::string_view>(c.required(name), where, "a str or bytes, or a list of them", is_text,
                                                 [&](py::handle h) { return c.hold(h, where); });
          }};
}
/// A text or None, or one a row.
inline parameter<std::optional<std::string>> optional_texts(char const* name) {
  return {
      name, "None", [name](compat_call& c) {
        argument const where = c.at(name);
        py::handle const given = c.optional(name);
        if (!given) return row_values<std::optional<std::string>>{{std::nullopt}, false};
        return one_or_many<std::optional<std::string>>(
            given, where, "a str, bytes or None, or a list of them",
            [](py::handle h) { return h.is_none() || is_text(h); },
            [&](py::handle h) { return h.is_none() ? std::nullopt : std::optional(std::string(c.hold(h, where))); });
      }};
}
/// A list of texts, or one a row; `fallback`: "" (required) or "()".
inline parameter<std::vector<std::string>> text_lists(char const* name, std::string fallback = "") {
  bool const needed = fallback.empty();
  return {name, std::move(fallback), [name, needed](compat_call& c) {
            argument const where = c.at(name);
            constexpr std::string_view expected = "a list of str, or a list of such lists";
            py::handle const given = needed ? c.required(name) : c.optional(name);
            row_values<std::vector<std::string>> found;
            if (!given) {
              found.all.emplace_back();
              return found;
            }
            auto const words = [&](py::handle h) {
              std::vector<std::string> list;
              for (py::object const& w : entries_of(h, where, expected)) list.emplace_back(c.hold(w, where));
              return list;
            };
            std::vector<py::object> const entries = entries_of(given, where, expected);
            found.many = !entries.empty() && !is_text(entries.front());
            if (!found.many) found.all.push_back(words(given));
            for (std::size_t i = 0; found.many && i < entries.size(); ++i) found.all.push_back(words(entries[i]));
            return found;
          }};
}
/// A list of integers, or one a row.
inline parameter<std::vector<std::int64_t>> ids(char const* name) {
  return {name, "", [name](compat_call& c) {
            argument const where = c.at(name);
            constexpr std::string_view expected = "a list of integers, or a list of such lists";
            auto const numbers = [&](py::handle h) {
              std::vector<std::int64_t> list;
              for (py::object const& x : entries_of(h, where, expected)) list.push_back(integer_of(x, where, 0));
              return list;
            };
            py::handle const given = c.required(name);
            std::vector<py::object> const entries = entries_of(given, where, expected);
            row_values<std::vector<std::int64_t>> found;
            found.many = !entries.empty() && !is_int(entries.front());
            if (!found.many) found.all.push_back(numbers(given));
            for (std::size_t i = 0; found.many && i < entries.size(); ++i) found.all.push_back(numbers(entries[i]));
            return found;
          }};
}
/// A length with its unit, or one a row (`tokens([3, 5])`); with `fallback` it may be absent or None.
template <class Unit>
parameter<Unit> lengths(char const* name, std::optional<std::int64_t> fallback = std::nullopt) {
  std::string const written = fallback ? "None" : "";  // signatures have no calls
  return {name, written, [name, fallback](compat_call& c) {
            py::handle const given = fallback ? c.optional(name) : c.required(name);
            row_values<Unit> found;
            if (!given || (fallback && given.is_none())) {
              found.all.push_back(Unit(*fallback));
              return found;
            }
            if (!py::isinstance<length_value<Unit>>(given))
              wrong_type(c.at(name), std::string(Unit::name), kind_of_object(given));
            auto const& value = given.cast<length_value<Unit> const&>();
            found.many = value.many;
            for (std::size_t i = 0; i < value.counts.size(); ++i) found.all.push_back(value.at(i));
            return found;
          }};
}
/// A number, or one a row.
template <class T>
parameter<T> numbers(char const* name) {
  return {name, "", [name](compat_call& c) {
            argument const where = c.at(name);
            return one_or_many<T>(
                c.required(name), where, "a number, or a list of them",
                [](py::handle h) { return PyNumber_Check(h.ptr()) != 0 && !py::isinstance<py::array>(h); },
                [&](py::handle h) {
                  if constexpr (std::is_integral_v<T>)
                    return integer_of(h, where, 0);
                  else
                    return number_of(h, where, 0.0);
                });
          }};
}
/// One value for all rows: a number, a flag, a name or a text.
template <class T>
parameter<T> option(char const* name, T fallback) {
  std::string written;
  if constexpr (std::is_enum_v<T>)
    written = aha_python::quoted(aha::name_of(fallback));
  else if constexpr (std::is_same_v<T, std::string>)
    written = aha_python::quoted(fallback);
  else
    written = std::string(py::repr(py::cast(fallback)));
  return {name, written, [name, fallback](compat_call& c) {
            py::handle const given = c.optional(name);
            argument const where = c.at(name);
            T value = fallback;
            if (given) {
              if constexpr (std::is_same_v<T, std::string>)
                value = std::string(c.hold(given, where));
              else if constexpr (std::is_same_v<T, std::int64_t>)
                value = integer_of(given, where, 0);
              else
                set_option(value, given, where);
            }
            row_values<T> found;
            found.all.push_back(value);
            return found;
          }};
}
/// Who judges mathematics: None (`otherwise`), a callable verdict(gold, text), or True, False or None a row.
inline parameter<judge> verdicts(judge otherwise) {
  return {"verdict", "None", [otherwise](compat_call& c) {
            argument const where = c.at("verdict");
            py::handle const given = c.optional("verdict");
            auto const truth = [where](py::handle h) {
              if (h.is_none()) return aha::reward::compat::verdict();
              int const is = py::isinstance<py::bool_>(h) || py::hasattr(h, "__bool__") ? PyObject_IsTrue(h.ptr()) : -1;
              if (is < 0) {
                PyErr_Clear();
                wrong_type(where, "True, False or None", kind_of_object(h));
              }
              return aha::reward::compat::verdict(is == 1);
            };
            row_values<judge> found;
            if (!given || given.is_none()) {
              found.all.push_back(otherwise);
            } else if (PyCallable_Check(given.ptr()) != 0) {
              py::object const call = py::reinterpret_borrow<py::object>(given);
              found.all.emplace_back([call, truth](std::string_view gold, std::string_view text) {
                py::gil_scoped_acquire const held;
                return truth(call(decoded(gold), decoded(text)));
              });
            } else {
              found.many = true;
              for (py::object const& entry : entries_of(given, where, "a callable, or True, False or None a row")) {
                auto const known = truth(entry);
                found.all.emplace_back([known](std::string_view, std::string_view) { return known; });
              }
            }
            return found;
          }};
}

// --- results ---------------------------------------------------------------------------------------------------------
inline py::object to_python(std::string_view s) { return decoded(s); }
inline py::object to_python(std::string const& s) { return decoded(s); }
inline py::object to_python(bool x) { return py::bool_(x); }
inline py::object to_python(double x) { return py::float_(x); }
inline py::object to_python(aha::reward::outcome const& o) { return py::cast(o); }
template <class T>
py::object to_python(std::optional<T> const& x) {
  return x ? to_python(*x) : py::object(py::none());
}
template <class... T>
py::object to_python(std::tuple<T...> const& t) {
  return std::apply([](auto const&... x) -> py::object { return py::make_tuple(to_python(x)...); }, t);
}

/// A column of results: outcomes, an array of numbers, or a list.
template <class R, class F>
py::object result_column(std::size_t rows, int threads, F const& f) {
  if constexpr (std::is_same_v<R, aha::reward::outcome>) {
    outcome_columns found(rows);
    for_each_row(rows, threads, [&](std::size_t i) { found.set(i, f(i)); });
    return py::cast(std::move(found));
  } else if constexpr (std::is_arithmetic_v<R>) {
    py::array_t<R> found(static_cast<py::ssize_t>(rows));
    R* const to = found.mutable_data();
    for_each_row(rows, threads, [&](std::size_t i) { to[i] = f(i); });
    return std::move(found);
  } else {
    std::vector<R> found(rows);
    for_each_row(rows, threads, [&](std::size_t i) { found[i] = f(i); });
    py::list all;
    for (R const& x : found) all.append(to_python(x));
    return std::move(all);
  }
}

/// The number of rows that the columns of a call have; 0 and `many` unset where all are single.
class row_count {
 public:
  template <class T>
  void add(row_values<T> const& column, argument where) {
    if (!column.many) return;
    if (many && column.all.size() != rows)
      wrong_value(where, aha::text("one, or ", rows, " (one a row)"), aha::text(column.all.size()));
    many = true;
    rows = column.all.size();
  }
  bool many = false;
  std::size_t rows = 1;
};

/// The functions of one peer.
class peer_module {
 public:
  peer_module(py::module_& compat, char const* name, char const* doc)
      : module_(compat.def_submodule(name, doc)), prefix_("reward.compat." + std::string(name) + ".") {}
  explicit peer_module(py::module_ compat) : module_(std::move(compat)), prefix_("reward.compat.") {}

  /// f(value of each parameter) -> result of a row.
  template <class F, class... T>
  void def(char const* name, char const* doc, F f, parameter<T>... parameters) {
    define(
        name, doc,
        [f](compat_call& c, std::size_t rows, bool many, row_values<T> const&... columns) {
          using result = std::decay_t<std::invoke_result_t<F const&, T const&...>>;
          int const threads = c.finish();
          auto const row = [&](std::size_t i) -> result { return f(columns.at(i)...); };
          if (many) return result_column<result>(rows, threads, row);
          std::optional<result> found;
          {
            py::gil_scoped_release const released;
            found = row(0);
          }
          return to_python(*found);
        },
        parameters...);
  }
  /// body(call, rows, whether any parameter has many, columns...) -> result of the call.
  template <class Body, class... T>
  void define(char const* name, char const* doc, Body body, parameter<T>... parameters) {
    std::string written = std::string(name) + "(";
    ((written += std::string(parameters.name) + (parameters.fallback.empty() ? "" : "=" + parameters.fallback) + ", "),
     ...);
    written += "*, threads=0)\n--\n\n" + std::string(doc);
    auto const full = std::make_shared<std::string const>(prefix_ + name);
    auto const all = std::make_tuple(parameters...);
    module_.def(
        name,
        [=](py::args const& args, py::kwargs const& kwargs) -> py::object {
          compat_call call(full->c_str(), args, kwargs);
          return std::apply(
              [&](auto const&... p) {
                std::tuple<row_values<T>...> const columns{p.read(call)...};
                return std::apply(
                    [&](auto const&... column) {
                      row_count n;
                      (n.add(column, call.at(p.name)), ...);
                      return body(call, n.rows, n.many, column...);
                    },
                    columns);
              },
              all);
        },
        written.c_str());
  }

 private:
  py::module_ module_;
  std::string prefix_;
};

}  // namespace aha_python
