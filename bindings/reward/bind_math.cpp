// SPDX-License-Identifier: MIT
// The math verifier: verdicts of one response and of many.
#include <aha/reward/math/math.hpp>
#include <memory>
#include <optional>

#include "bind.hpp"
#include "math_options.hpp"
#include "outcomes.hpp"

namespace aha_python {
namespace {

namespace math = aha::reward::math;
using math::verdict;

char const* python_bool(bool x) { return x ? "True" : "False"; }

std::string repr_of(verdict const& v) {
  std::string s = aha::text("verdict(equal=", python_bool(v.equal), ", status=", quoted(to_string(v.status)),
                            ", reason=", quoted(to_string(v.reason)), ", steps=", v.steps);
  if (!v.explanation.empty()) s += ", explanation=" + std::string(py::repr(py::str(v.explanation)));
  return s + ")";
}

/// Text of the library as a str; what is no UTF-8 in it becomes U+FFFD.
py::str shown(std::string_view text) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

/// A gold: text, or one that is read already.
struct gold_argument {
  text_view text;
  math::parsed_gold const* read = nullptr;
  py::object owner;

  gold_argument(py::handle value, argument where, std::string_view expected) {
    if (py::isinstance<math::parsed_gold>(value)) {
      owner = py::reinterpret_borrow<py::object>(value);
      read = value.cast<math::parsed_gold const*>();
    } else if (is_text(value)) {
      text = text_of(value, where);
    } else {
      wrong_type(where, expected, kind_of_object(value));
    }
  }
  math::parsed_gold parsed(math::verify_options const& o) const { return math::parsed_gold(text.text, o); }
};

constexpr std::string_view one_gold = "a str, bytes or prepared_gold";

enum class judge : std::uint8_t { response, answer };

verdict judged(judge how, math::parsed_gold const& gold, std::string_view text, math::verify_options const& o) {
  return how == judge::response ? math::verify(gold, text, o) : math::verify_answer(gold, text, o);
}

/// verify, verify_answer.
template <judge How>
verdict judge_one(py::args const& args, py::kwargs const& kwargs) {
  static key const k_gold{"gold"};
  static key const k_text{How == judge::response ? "response" : "answer"};
  call_arguments call(How == judge::response ? "reward.math.verify" : "reward.math.verify_answer", args, kwargs);
  gold_argument const gold(call.required(k_gold), call.at(k_gold), one_gold);
  text_view const text = text_of(call.required(k_text), call.at(k_text));
  math::verify_options const options = math_options(call, {k_gold, k_text});
  py::gil_scoped_release const released;
  return judged(How, gold.read != nullptr ? *gold.read : gold.parsed(options), text.text, options);
}

/// Verdicts of many rows, a column a member.
struct verdict_columns {
  std::vector<std::uint8_t> equal;
  std::vector<aha::reward::status> status;
  std::vector<aha::reward::reason> reason;
  std::vector<std::uint64_t> steps;
  std::vector<std::string> explanation;  ///< empty without `explain`

  verdict_columns(std::size_t rows, bool explain)
      : equal(rows), status(rows), reason(rows), steps(rows), explanation(explain ? rows : 0) {}
  std::size_t size() const { return equal.size(); }
  void set(std::size_t i, verdict&& v) {
    equal[i] = v.equal ? 1 : 0, status[i] = v.status, reason[i] = v.reason, steps[i] = v.steps;
    if (!explanation.empty()) explanation[i] = std::move(v.explanation);
  }
  verdict at(std::size_t i) const {
    return {equal[i] != 0, status[i], reason[i], explanation.empty() ? std::string() : explanation[i], steps[i]};
  }
};

/// verify_batch, verify_answer_batch.
template <judge How>
verdict_columns judge_many(py::args const& args, py::kwargs const& kwargs) {
  static key const k_golds{"golds"};
  static key const k_texts{How == judge::response ? "responses" : "answers"};
  static key const k_threads{"threads"};
  call_arguments call(How == judge::response ? "reward.math.verify_batch" : "reward.math.verify_answer_batch", args,
                      kwargs);
  py::handle const given = call.required(k_golds);
  std::vector<gold_argument> golds;
  bool const shared = is_text(given) || py::isinstance<math::parsed_gold>(given);
  if (shared) {
    golds.emplace_back(given, call.at(k_golds), one_gold);
  } else {
    for (py::object const& one : entries_of(given, call.at(k_golds), "one gold or a list of them"))
      golds.emplace_back(one, call.at(k_golds), "a list of str, bytes or prepared_gold");
  }
  text_list const texts(call.required(k_texts), call.at(k_texts));
  if (!shared && golds.size() != texts.size()) {
    wrong_value(call.at(k_golds), aha::text("one gold, or ", texts.size(), " (one a row)"), aha::text(golds.size()));
  }
  int const threads = threads_of(call.given(k_threads), call.at(k_threads));
  math::verify_options const options = math_options(call, {k_golds, k_texts, k_threads});
  std::optional<math::parsed_gold> read;
  if (shared && golds[0].read == nullptr) read.emplace(golds[0].parsed(options));
  verdict_columns found(texts.size(), options.explain);
  for_each_row(texts.size(), threads, [&](std::size_t i) {
    gold_argument const& gold = golds[shared ? 0 : i];
    if (gold.read != nullptr) {
      found.set(i, judged(How, *gold.read, texts[i], options));
    } else {
      found.set(i, judged(How, read ? *read : gold.parsed(options), texts[i], options));
    }
  });
  return found;
}

math::parsed parse_answer(py::args const& args, py::kwargs const& kwargs) {
  static key const k_answer{"answer"};
  call_arguments call("reward.math.parse", args, kwargs);
  text_view const answer = text_of(call.required(k_answer), call.at(k_answer));
  math::verify_options const options = math_options(call, {k_answer});
  py::gil_scoped_release const released;
  return math::parse(answer.text, options.parse);
}

/// Where in a text: characters of a str, bytes of bytes.
class positions {
 public:
  positions(std::string_view text, bool characters) : text_(text), characters_(characters) {}
  std::size_t operator()(std::size_t byte) const {
    if (!characters_) return byte;
    std::size_t n = 0;
    for (std::size_t i = 0; i < byte; ++i) n += (static_cast<unsigned char>(text_[i]) & 0xC0U) != 0x80U ? 1 : 0;
    return n;
  }

 private:
  std::string_view text_;
  bool characters_;
};

py::list extract_candidates(py::args const& args, py::kwargs const& kwargs) {
  static key const k_response{"response"};
  call_arguments call("reward.math.extract", args, kwargs);
  py::handle const given = call.required(k_response);
  text_view const response = text_of(given, call.at(k_response));
  math::verify_options const options = math_options(call, {k_response});
  math::extraction found;
  {
    py::gil_scoped_release const released;
    found = math::extract(response.text, options.extract);
  }
  positions const at(response.text, PyUnicode_Check(given.ptr()) != 0);
  py::object const make = py::module_::import("aha.reward.math").attr("candidate");
  py::list all;
  for (math::candidate const& c : found.candidates) {
    py::list parts;
    py::list texts;
    for (std::size_t k = c.first; k < c.first + c.count; ++k) {
      math::text_span const s = found.parts[k];
      parts.append(py::make_tuple(at(s.begin), at(s.end)));
      texts.append(shown(response.text.substr(s.begin, s.end - s.begin)));
    }
    all.append(make(std::string(to_string(c.kind)), c.priority, py::tuple(texts), py::tuple(parts)));
  }
  return all;
}

math::parsed_gold prepare(py::args const& args, py::kwargs const& kwargs) {
  static key const k_gold{"gold"};
  call_arguments call("reward.math.prepared_gold", args, kwargs);
  text_view const gold = text_of(call.required(k_gold), call.at(k_gold));
  math::verify_options const options = math_options(call, {k_gold});
  py::gil_scoped_release const released;
  return math::parsed_gold(gold.text, options);
}

/// Signatures and texts live as long as the module.
char const* kept(std::string text) {
  static std::vector<std::unique_ptr<std::string>> all;
  all.push_back(std::make_unique<std::string>(std::move(text)));
  return all.back()->c_str();
}

void bind_verdicts(py::module_& m) {
  py::class_<verdict>(m, "verdict", "What the verifier says of one response; true where the answers are equal.")
      .def_readonly("equal", &verdict::equal, "Whether the two answers are the same mathematics.")
      .def_property_readonly(
          "status", [](verdict const& v) { return to_string(v.status); },
          "\"scored\", \"no_answer\", \"gold_invalid\" or \"budget\".")
      .def_property_readonly(
          "reason", [](verdict const& v) { return to_string(v.reason); }, "Why, in one word of `aha.reward.reasons`.")
      .def_property_readonly(
          "explanation", [](verdict const& v) { return shown(v.explanation); },
          "Both answers as they were read, and the reason; only with explain=True.")
      .def_readonly("steps", &verdict::steps,
                    "What the verdict cost, in steps of the budget: the same on every machine.")
      .def_property_readonly("outcome", &verdict::outcome,
                             "The verdict as a reward: 1 or 0 with its status and reason.")
      .def("__bool__", [](verdict const& v) { return v.equal; })
      .def(
          "__eq__",
          [](verdict const& a, verdict const& b) {
            return a.equal == b.equal && a.status == b.status && a.reason == b.reason && a.steps == b.steps &&
                   a.explanation == b.explanation;
          },
          py::is_operator())
      .def("__repr__", &repr_of);
  py::class_<verdict_columns>(m, "verdicts", "Verdicts of many rows: arrays, and one `verdict` by index.")
      .def_property_readonly(
          "equal",
          [](py::object const& self) { return array_over<bool>(self.cast<verdict_columns const&>().equal, self); },
          "bool: whether the answers are equal.")
      .def_property_readonly(
          "status",
          [](py::object const& self) {
            return array_over<std::uint8_t>(self.cast<verdict_columns const&>().status, self);
          },
          "uint8: indices into `aha.reward.statuses`.")
      .def_property_readonly(
          "reason",
          [](py::object const& self) {
            return array_over<std::uint16_t>(self.cast<verdict_columns const&>().reason, self);
          },
          "uint16: positions in `aha.reward.reasons`.")
      .def_property_readonly(
          "steps",
          [](py::object const& self) {
            return array_over<std::uint64_t>(self.cast<verdict_columns const&>().steps, self);
          },
          "uint64: what each verdict cost.")
      .def_property_readonly(
          "outcomes",
          [](verdict_columns const& c) {
            outcome_columns o(c.size());
            for (std::size_t i = 0; i < c.size(); ++i) o.set(i, c.at(i).outcome());
            return o;
          },
          "The verdicts as rewards: 1 or 0 with their statuses and reasons.")
      .def(
          "count_statuses", [](verdict_columns const& c) { return counts_of(c.status); },
          "count_statuses($self)\n--\n\nName of a status -> how many rows have it.")
      .def(
          "count_reasons", [](verdict_columns const& c) { return counts_of(c.reason); },
          "count_reasons($self)\n--\n\nName of a reason -> how many rows have it.")
      .def("__len__", &verdict_columns::size)
      .def("__getitem__", [](verdict_columns const& c, py::ssize_t i) { return c.at(index_in(i, c.size())); })
      .def("__repr__", [](verdict_columns const& c) {
        std::int64_t right = 0;
        for (auto const e : c.equal) right += e;
        return aha::text("verdicts(", c.size(), " rows, ", right, " equal, ", std::string(py::str(counts_of(c.status))),
                         ")");
      });
}

void bind_answers_read(py::module_& m) {
  py::class_<math::parsed>(m, "parsed", "One answer as it was read.")
      .def_property_readonly(
          "kind", [](math::parsed const& p) { return to_string(p.kind()); },
          "What it is: \"number\", \"sequence\", \"set\", \"matrix\", ..., \"text\".")
      .def_property_readonly(
          "text", [](math::parsed const& p) { return shown(math::to_string(p)); }, "Its tree as text.")
      .def_readonly("sentence", &math::parsed::sentence, "Whether words stand around the formulas.")
      .def_property_readonly(
          "status", [](math::parsed const& p) { return to_string(p.status); },
          "\"scored\", \"no_answer\" or \"budget\".")
      .def_property_readonly(
          "reason", [](math::parsed const& p) { return to_string(p.reason); }, "Why it could not be read.")
      .def_readonly("steps", &math::parsed::steps, "What reading cost.")
      .def("__repr__", [](math::parsed const& p) {
        return "parsed(" + std::string(py::repr(shown(math::to_string(p)))) + ", kind=" + quoted(to_string(p.kind())) +
               ", status=" + quoted(to_string(p.status)) + ")";
      });
  py::class_<math::parsed_gold>(
      m, "prepared_gold",
      "A reference answer that is read once for many responses; `verify` and the others take it\n"
      "in the place of the gold's text.")
      .def(py::init(&prepare), kept(math_signature("__init__(self, gold")))
      .def_property_readonly(
          "answer", [](math::parsed_gold const& g) { return g.answer(); }, "What was read.")
      .def("__repr__", [](math::parsed_gold const& g) {
        return "prepared_gold(" + std::string(py::repr(shown(math::to_string(g.answer())))) + ")";
      });
}

}  // namespace

void bind_math(py::module_& m) {
  bind_verdicts(m);
  bind_answers_read(m);
  m.def("verify", &judge_one<judge::response>,
        kept(math_signature("verify(gold, response") +
             "Whether a response gives the answer `gold`: finds the answer in it, reads both, compares them as "
             "mathematics.\n"
             "Costs a bounded number of steps whatever the text is, evaluates nothing, uses no clock and no process."));
  m.def("verify_answer", &judge_one<judge::answer>,
        kept(math_signature("verify_answer(gold, answer") +
             "Whether two answers are equal; nothing is extracted from the second."));
  m.def("verify_batch", &judge_many<judge::response>,
        kept(math_signature("verify_batch(golds, responses", ", threads=0") +
             "`verify` of many rows on `threads` threads (0 all) without the interpreter lock. `golds` is one gold for "
             "all or\n"
             "a list, one a row. The verdicts do not depend on the number of threads."));
  m.def("verify_answer_batch", &judge_many<judge::answer>,
        kept(math_signature("verify_answer_batch(golds, answers", ", threads=0") + "`verify_answer` of many rows."));
  m.def(
      "parse", &parse_answer,
      kept(math_signature("parse(answer") +
           "Reads one answer: LaTeX, plain notation, or words. Keywords of extraction and comparison change nothing."));
  m.def("extract", &extract_candidates,
        kept(math_signature("extract(response") +
             "The places of a response that may be its answer, the one to be tried first in front."));
}

}  // namespace aha_python
