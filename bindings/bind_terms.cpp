// SPDX-License-Identifier: MIT
// One Python function for every name of the type list; parameters, defaults, legal ranges and texts come from there.
#include <aha/loss/reference.hpp>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "bind.hpp"

namespace aha_python {
namespace {

/// How many parameters of a term may be given by position; the rest is clearer by name.
constexpr std::size_t positional_parameters = 2;

template <class E>
std::string names_text() {
  std::string all;
  for (std::string_view const name : aha::enum_names<E>::values)
    all += (all.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  return all;
}
std::string legal_text(double, aha::range const& legal) { return std::string(legal.text); }
std::string legal_text(aha::log_ratio_bounds const&, aha::range const& legal) { return std::string(legal.text); }
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
std::string legal_text(E, aha::range const&) {
  return "one of " + names_text<E>();
}

void assign(double& to, py::handle value, argument where) { to = number_of(value, where, to); }
void assign(aha::log_ratio_bounds& to, py::handle value, argument where) {
  bool const pair = (py::isinstance<py::tuple>(value) || py::isinstance<py::list>(value)) && py::len(value) == 2;
  if (!pair) wrong_type(where, "a pair (low, high)", kind_of_object(value));
  py::sequence const s = py::reinterpret_borrow<py::sequence>(value);
  to.low = number_of(py::object(s[0]), where, to.low);
  to.high = number_of(py::object(s[1]), where, to.high);
}
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
void assign(E& to, py::handle value, argument where) {
  if (!py::isinstance<py::str>(value)) wrong_type(where, "one of " + names_text<E>(), kind_of_object(value));
  std::string const given = py::str(value);
  std::size_t i = 0;
  for (std::string_view const name : aha::enum_names<E>::values) {
    if (name == given) {
      to = static_cast<E>(i);
      return;
    }
    ++i;
  }
  wrong_value(where, "one of " + names_text<E>(), "\"" + given + "\"");
}

[[noreturn]] void refuse(char const* function, std::string_view argument_name, std::string_view expected,
                         std::string_view got) {
  throw py::type_error(aha::bad_argument(function, argument_name, expected, got).message());
}

/// A term from what Python gave, checked.
template <class Term>
aha::dynamic_expression make_term(char const* function, py::args const& args, py::kwargs const& kwargs) {
  Term term;
  std::size_t index = 0;
  std::size_t used = 0;
  Term::params([&](std::string_view name, auto member, aha::range const&, std::string_view) {
    std::string const text(name);
    argument const where{function, text.c_str()};
    PyObject* const by_name = PyDict_GetItemString(kwargs.ptr(), text.c_str());
    if (by_name != nullptr) {
      if (index < args.size()) wrong_type(where, "one value", "one by position and one by name");
      assign(term.*member, by_name, where);
      ++used;
    } else if (index < args.size() && index < positional_parameters) {
      assign(term.*member, args[index], where);
    }
    ++index;
  });
  std::size_t const positions = std::min(index, positional_parameters);
  if (args.size() > positions) {
    refuse(function, "arguments", aha::text("at most ", positions, " by position (the others by name)"),
           aha::text(args.size()));
  }
  if constexpr (aha::has_variant<Term>::value) {
    if (PyDict_GetItemString(kwargs.ptr(), Term::keyword.data()) != nullptr) ++used;
  }
  if (used < kwargs.size()) {
    for (auto const& [name, value] : kwargs) {
      std::string const given = py::str(name);
      bool known = false;
      Term::params([&](std::string_view p, auto, aha::range const&, std::string_view) { known = known || p == given; });
      if constexpr (aha::has_variant<Term>::value) known = known || given == Term::keyword;
      if (!known) refuse(function, given, "no such argument", "one");
    }
  }
  aha::status const s = aha::check_term(term);
  if (!s.ok()) throw py::value_error(s.message());
  aha::dynamic_expression e;
  e.leaves.push_back({1, 0, false, aha::any_term(term)});
  return e;
}

struct variant_maker {
  std::string value;  ///< of the keyword that tells variants apart; empty where there is only one
  aha::dynamic_expression (*make)(char const*, py::args const&, py::kwargs const&);
};
struct named_term {
  std::string name;
  std::string keyword;
  std::string parameters;  ///< as in a signature
  std::string text;        ///< one line a parameter
  std::string head;        ///< formula, paper and what the defaults read
  std::vector<std::string> defaults;
  std::vector<variant_maker> variants;
};

std::vector<named_term> const& named_terms() {
  static std::vector<named_term> const all = [] {
    std::vector<named_term> found;
    aha::for_each_type(aha::terms{}, [&](auto tag) {
      using Term = typename decltype(tag)::type;
      if (found.empty() || found.back().name != Term::name) {
        Term const defaults;
        named_term n;
        n.name = Term::name;
        n.head = aha::text(Term::formula, "\n", Term::paper.empty() ? "" : "arXiv:", Term::paper,
                           Term::paper.empty() ? "" : ". ", "Reads ", aha::reads_text(aha::needs_of(defaults)), ".");
        std::size_t index = 0;
        Term::params([&](std::string_view name, auto member, aha::range const& legal, std::string_view meaning) {
          if (index == positional_parameters) n.parameters += n.parameters.empty() ? "*" : ", *";
          std::string value = aha::parameter_text(defaults.*member);
          n.defaults.push_back(value);
          n.text += aha::text(name, " = ", value, " (", legal_text(defaults.*member, legal), "): ", meaning, "\n");
          // A signature has literals only; these overflow to the infinities.
          if (value == "inf") value = "1e999";
          if (value == "-inf") value = "-1e999";
          n.parameters += aha::text(n.parameters.empty() ? "" : ", ", name, "=", value);
          ++index;
        });
        if constexpr (aha::has_variant<Term>::value) {
          n.keyword = Term::keyword;
          n.parameters +=
              aha::text(index <= positional_parameters ? ", *" : "", ", ", Term::keyword, "=\"", Term::variant, "\"");
        }
        found.push_back(std::move(n));
      }
      Term const mine;
      std::size_t index = 0;
      Term::params([&](std::string_view name, auto member, aha::range const&, std::string_view) {
        std::string const value = aha::parameter_text(mine.*member);
        if (value == found.back().defaults[index++]) return;
        if constexpr (aha::has_variant<Term>::value) {
          found.back().text +=
              aha::text("With ", Term::keyword, " = \"", Term::variant, "\", ", name, " = ", value, ".\n");
        }
      });
      variant_maker v{"", &make_term<Term>};
      if constexpr (aha::has_variant<Term>::value) v.value = Term::variant;
      found.back().variants.push_back(std::move(v));
    });
    for (named_term& n : found) {
      if (n.keyword.empty()) continue;
      std::string values;
      for (variant_maker const& v : n.variants) values += (values.empty() ? "\"" : ", \"") + v.value + "\"";
      n.text +=
          aha::text(n.keyword, " = \"", n.variants.front().value, "\" (one of ", values, "): whose ratio it reads\n");
    }
    return found;
  }();
  return all;
}

aha::dynamic_expression call_term(named_term const& n, py::args const& args, py::kwargs const& kwargs) {
  variant_maker const* chosen = &n.variants.front();
  if (!n.keyword.empty()) {
    if (PyObject* const given = PyDict_GetItemString(kwargs.ptr(), n.keyword.c_str())) {
      chosen = nullptr;
      std::string legal;
      for (variant_maker const& v : n.variants) {
        if (PyUnicode_Check(given) != 0 && PyUnicode_CompareWithASCIIString(given, v.value.c_str()) == 0) chosen = &v;
        legal += (legal.empty() ? "one of \"" : ", \"") + v.value + "\"";
      }
      argument const where{n.name.c_str(), n.keyword.c_str()};
      if (chosen == nullptr && PyUnicode_Check(given) == 0) wrong_type(where, legal, kind_of_object(given));
      if (chosen == nullptr) wrong_value(where, legal, "\"" + std::string(py::str(given)) + "\"");
    }
  }
  return chosen->make(n.name.c_str(), args, kwargs);
}

}  // namespace

void bind_terms(py::module_& m) {
  py::list names;
  for (named_term const& n : named_terms()) {
    names.append(n.name);
    std::string const doc = aha::text(n.name, "(", n.parameters, ")\n--\n\n", n.head, "\n\n", n.text);
    m.def(
        n.name.c_str(), [&n](py::args const& a, py::kwargs const& k) { return call_term(n, a, k); }, doc.c_str());
  }
  m.attr("_term_names") = py::tuple(names);
  m.def("terms_table", &aha::terms_table,
        "terms_table()\n--\n\nThe reference table of terms as Markdown, from the list that the terms themselves are "
        "made of.");
}

}  // namespace aha_python
