// SPDX-License-Identifier: MIT
// Rewards of a response's text.
#include <aha/reward/text/fenced_code.hpp>
#include <aha/reward/text/language.hpp>
#include <aha/reward/text/readability.hpp>
#include <aha/reward/text/repeated_block.hpp>
#include <aha/reward/text/repetition.hpp>
#include <aha/reward/text/steps.hpp>
#include <aha/reward/text/tags.hpp>
#include <map>
#include <memory>

#include "bind.hpp"
#include "text_call.hpp"

AHA_NAMESPACE_BEGIN
template <>
struct enum_names<enum reward::gap> {
  static constexpr std::string_view values[] = {"nothing", "newline", "white", "anything", "some_text"};
};
AHA_NAMESPACE_END

namespace aha_python {

key const& key_named(char const* name) {
  static std::map<std::string, std::unique_ptr<key>> known;  // under the interpreter lock
  auto& k = known[name];
  if (!k) {
    auto const kept = known.find(name);
    k = std::make_unique<key>(kept->first.c_str());
  }
  return *k;
}

namespace {

namespace reward = aha::reward;

/// A template that owns the names of its blocks.
struct owned_template {
  std::vector<std::shared_ptr<std::string const>> names;
  reward::tag_template rules;
};

bool contains(std::vector<py::object> const& words, std::string const& name) {
  for (py::object const& w : words) {
    if (std::string(py::str(w)) == name) return true;
  }
  return false;
}

/// The names of an option that lists blocks: those of the template only.
std::vector<py::object> blocks_of(py::handle value, argument where, owned_template const& t) {
  if (!value) return {};
  std::vector<py::object> words = entries_of(value, where, "a list of the template's blocks");
  for (py::object const& w : words) {
    bool known = false;
    for (auto const& n : t.names) known = known || (py::isinstance<py::str>(w) && std::string(py::str(w)) == *n);
    if (!known) wrong_value(where, "names of the template's blocks", std::string(py::repr(w)));
  }
  return words;
}

owned_template make_template(py::args const& args, py::kwargs const& kwargs) {
  py::args const none{py::tuple(0)};
  call_arguments call("reward.tag_template", none, kwargs);
  owned_template t;
  argument const where = call.at(key_named("blocks"));
  if (args.empty() || args.size() > reward::tag_template::most) {
    wrong_value(where, aha::text("1 to ", reward::tag_template::most, " names"), aha::text(args.size()));
  }
  for (py::handle const name : args) {
    if (!py::isinstance<py::str>(name)) wrong_type(where, "names", kind_of_object(name));
    auto const owned = std::make_shared<std::string const>(text_of(name, where).text);
    if (owned->empty() || owned->find_first_of("<>/") != std::string::npos)
      wrong_value(where, "names without <, > and /", aha_python::quoted(*owned));
    t.names.push_back(owned);
    t.rules.blocks[t.rules.count].name = *owned;
    ++t.rules.count;
  }
  std::vector<key> known;
  auto const given = [&](char const* name) {
    known.push_back(key_named(name));
    return call.given(known.back());
  };
  auto const optional = blocks_of(given("optional"), call.at(key_named("optional")), t);
  auto const empty = blocks_of(given("may_be_empty"), call.at(key_named("may_be_empty")), t);
  for (int k = 0; k < t.rules.count; ++k) {
    reward::tag_block& b = t.rules.blocks[k];
    b.required = !contains(optional, std::string(b.name));
    b.may_be_empty = contains(empty, std::string(b.name));
  }
  auto const gap = [&](char const* name, enum reward::gap& to) {
    if (py::handle const h = given(name)) set_option(to, h, call.at(key_named(name)));
  };
  gap("before", t.rules.before);
  gap("between", t.rules.between);
  gap("after", t.rules.after);
  auto const flag = [&](char const* name, bool& to) { to = flag_of(given(name), call.at(key_named(name)), to); };
  flag("ordered", t.rules.ordered);
  flag("repeats", t.rules.repeats);
  flag("inner_tags", t.rules.inner_tags);
  flag("own_lines", t.rules.own_lines);
  flag("starts_open", t.rules.starts_open);
  flag("any_case", t.rules.spelling.any_case);
  flag("inner_space", t.rules.spelling.inner_space);
  call.finish(known);
  return t;
}

owned_template owned(reward::tag_template const& rules) {
  owned_template t;
  t.rules = rules;
  for (int k = 0; k < rules.count; ++k) {
    t.names.push_back(std::make_shared<std::string const>(rules.blocks[k].name));
    t.rules.blocks[k].name = *t.names.back();
  }
  return t;
}

/// The `template=` of a call; R1's where it is absent.
owned_template template_of(text_call& c) {
  py::handle const given = c.option("template");
  if (!given) return owned(reward::r1_template());
  if (!py::isinstance<owned_template>(given)) wrong_type(c.at("template"), "a tag_template", kind_of_object(given));
  return given.cast<owned_template>();
}

reward::markup_options markup_of(text_call& c) {
  reward::markup_options o;
  o.code = c.flag("code", o.code);
  o.latex = c.flag("latex", o.latex);
  o.urls = c.flag("urls", o.urls);
  o.tags = c.flag("tags", o.tags);
  return o;
}

reward::language const& language_of(text_call& c) {
  std::string_view const name = c.words("language", "en");
  reward::language const* const known = reward::find_language(name);
  if (known == nullptr)
    wrong_value(c.at("language"), "one of aha.reward.languages", aha_python::quoted(std::string(name)));
  return *known;
}

void bind_tags(py::module_& m) {
  py::class_<owned_template>(
      m, "tag_template",
      "Which blocks <name> ... </name> a response consists of, and how strictly.\n"
      "before, between, after: what may stand there, \"nothing\", \"newline\", \"white\" (space or\n"
      "nothing), \"anything\" or \"some_text\". optional, may_be_empty: names of blocks.")
      .def(
          py::init(&make_template),
          "__init__(self, *blocks, optional=(), may_be_empty=(), before=\"white\", between=\"white\", after=\"white\", "
          "ordered=True, repeats=False, inner_tags=False, own_lines=False, starts_open=False, any_case=False, "
          "inner_space=False)\n--\n\n")
      .def_property_readonly(
          "blocks",
          [](owned_template const& t) {
            py::list names;
            for (auto const& n : t.names) names.append(*n);
            return py::tuple(names);
          },
          "The names of the blocks.")
      .def("__repr__", [](owned_template const& t) {
        std::string s = "tag_template(";
        for (std::size_t k = 0; k < t.names.size(); ++k) s += (k > 0 ? ", " : "") + aha_python::quoted(*t.names[k]);
        return s + ", ...)";
      });
  def_call(m, "r1_template",
           "r1_template()\n--\n\nDeepSeek-R1-Zero's: <think> reasoning </think> <answer> answer </answer>, "
           "arXiv:2501.12948 table 1.",
           [](py::args const& args, py::kwargs const& kwargs) {
             call_arguments("reward.r1_template", args, kwargs).finish(std::vector<key>{});
             return py::cast(owned(reward::r1_template()));
           });
  def_call(m, "think_template",
           "think_template(starts_open=False)\n--\n\nReasoning in <think>, then the answer without tags.",
           [](py::args const& args, py::kwargs const& kwargs) {
             call_arguments call("reward.think_template", args, kwargs);
             key const& open = key_named("starts_open");
             bool const starts_open = flag_of(call.optional(open), call.at(open), false);
             call.finish(open);
             return py::cast(owned(reward::think_template(starts_open)));
           });
  def_call(
      m, "tag_format",
      "tag_format(text, template=None, *, threads=0)\n--\n\n"
      "1 where a response fits the template (r1_template() without one), else 0 with the reason why not. A list of\n"
      "texts gives outcomes, computed on all cores.",
      [](py::args const& args, py::kwargs const& kwargs) {
        text_call c("reward.tag_format", args, kwargs);
        owned_template const t = template_of(c);
        return c.each([&](std::string_view text) { return reward::tag_format(text, t.rules); });
      });
  def_call(m, "tag_count",
           "tag_count(text, template=None, *, threads=0)\n--\n\n"
           "The share of the template's tags that occur exactly once, wherever they stand.",
           [](py::args const& args, py::kwargs const& kwargs) {
             text_call c("reward.tag_count", args, kwargs);
             owned_template const t = template_of(c);
             return c.each([&](std::string_view text) { return reward::tag_count(text, t.rules); });
           });
  def_call(
      m, "match_tags",
      "match_tags(text, template=None)\n--\n\n"
      "(format, contents): the outcome of tag_format, and name of a block -> its content, None where it was not found.",
      [](py::args const& args, py::kwargs const& kwargs) -> py::object {
        text_call c("reward.match_tags", args, kwargs);
        owned_template const t = template_of(c);
        c.finish();
        text_view const text = text_of(c.given(), c.at_text());
        reward::tag_match const found = reward::match_tags(text.text, t.rules);
        py::dict contents;
        for (int k = 0; k < t.rules.count; ++k) {
          std::string_view const s = found.content[k];
          py::object const content = s.data() != nullptr ? decoded(s) : py::none();
          contents[py::str(*t.names[static_cast<std::size_t>(k)])] = content;
        }
        return py::make_tuple(found.format, contents);
      });
}

void bind_language(py::module_& m) {
  py::list names;
  for (auto const& l : reward::languages) names.append(std::string(l.name));
  m.attr("languages") = py::tuple(names);
  def_call(
      m, "language_consistency",
      "language_consistency(text, language=\"en\", single_letters=False, code=True, latex=True, urls=True, tags=True, "
      "*, threads=0)\n--\n\n"
      "Words of the target language over all words, DeepSeek-R1, arXiv:2501.12948 eq. 7; `text` is the reasoning "
      "alone.\n"
      "code, latex, urls, tags: what is no prose and left out. A text without words is abstained from.",
      [](py::args const& args, py::kwargs const& kwargs) {
        text_call c("reward.language_consistency", args, kwargs);
        reward::language const& target = language_of(c);
        reward::language_options o;
        o.single_letters = c.flag("single_letters", o.single_letters);
        o.markup = markup_of(c);
        return c.each([&](std::string_view text) { return reward::language_consistency(text, target.scripts, o); });
      });
  def_call(m, "one_language",
           "one_language(text, least=20, code=True, latex=True, urls=True, tags=True, *, threads=0)\n--\n\n"
           "0 where words of at least two scripts occur `least` times each, else 1.",
           [](py::args const& args, py::kwargs const& kwargs) {
             text_call c("reward.one_language", args, kwargs);
             std::int64_t const least = c.integer("least", 20, 1);
             reward::markup_options const o = markup_of(c);
             return c.each([&](std::string_view text) { return reward::one_language(text, least, o); });
           });
}

void bind_readability(py::module_& m) {
  def_call(m, "short_paragraphs",
           "short_paragraphs(text, limit, *, threads=0)\n--\n\n"
           "0 where a paragraph outside fenced code is longer than the limit, characters(n), else 1.",
           [](py::args const& args, py::kwargs const& kwargs) {
             text_call c("reward.short_paragraphs", args, kwargs);
             py::handle const given = c.option("limit");
             bool const fits = given && py::isinstance<length_value<reward::characters>>(given);
             if (!fits) wrong_type(c.at("limit"), "characters", given ? kind_of_object(given) : "none");
             auto const& limit = given.cast<length_value<reward::characters> const&>();
             if (limit.many) wrong_value(c.at("limit"), "one length", aha::text(limit.counts.size()));
             return c.each([&](std::string_view text) { return reward::short_paragraphs(text, limit.at(0)); });
           });
  def_call(m, "no_code_blocks",
           "no_code_blocks(text, *, threads=0)\n--\n\n0 where a text contains a fenced block of code, else 1.",
           [](py::args const& args, py::kwargs const& kwargs) {
             return text_call("reward.no_code_blocks", args, kwargs).each([](std::string_view text) {
               return reward::no_code_blocks(text);
             });
           });
  def_call(m, "code_format",
           "code_format(text, language=\"\", *, threads=0)\n--\n\n"
           "1 where a text has a closed fenced block in a language (\"\" takes any), else 0.",
           [](py::args const& args, py::kwargs const& kwargs) {
             text_call c("reward.code_format", args, kwargs);
             std::string_view const language = c.words("language", "");
             return c.each([&](std::string_view text) { return reward::code_format(text, language); });
           });
  def_call(
      m, "not_garbled",
      "not_garbled(text, most=0.01, *, threads=0)\n--\n\n"
      "0 where more than this share of the characters is no text (ill-formed bytes, controls, private use), else 1.",
      [](py::args const& args, py::kwargs const& kwargs) {
        text_call c("reward.not_garbled", args, kwargs);
        double const most = c.number("most", 0.01);
        return c.each([&](std::string_view text) { return reward::not_garbled(text, most); });
      });
  def_call(m, "garbled_share", "garbled_share(text, *, threads=0)\n--\n\nThe share of such characters.",
           [](py::args const& args, py::kwargs const& kwargs) {
             return text_call("reward.garbled_share", args, kwargs).each_number<double>([](std::string_view text) {
               return reward::garbled_share(text);
             });
           });
  def_call(m, "count_characters",
           "count_characters(text, *, threads=0)\n--\n\n"
           "How long a text is, as characters(n); of a list, as characters of many.",
           [](py::args const& args, py::kwargs const& kwargs) {
             text_call c("reward.count_characters", args, kwargs);
             py::object const n = c.each_number<std::int64_t>(
                 [](std::string_view text) { return reward::count_characters(text).count; });
             py::object const make = py::type::of<length_value<reward::characters>>();
             return make(n);
           });
}

void bind_repetition(py::module_& m) {
  def_call(
      m, "no_repeated_run",
      "no_repeated_run(text, min_period=5, min_times=5, *, threads=0)\n--\n\n"
      "0 where a line repeats a block of at least min_period characters at least min_times times in a row, else 1.",
      [](py::args const& args, py::kwargs const& kwargs) {
        text_call c("reward.no_repeated_run", args, kwargs);
        std::int64_t const period = c.integer("min_period", 5, 1);
        std::int64_t const times = c.integer("min_times", 5, 3);
        return c.each([&](std::string_view text) { return reward::no_repeated_run(text, period, times); });
      });
  def_call(m, "repetition_penalty",
           "repetition_penalty(text, n=3, most=-1.0, lower=True, *, threads=0)\n--\n\n"
           "(1 - distinct / total n-grams of words) * most, arXiv:2502.03373 appendix C.2.",
           [](py::args const& args, py::kwargs const& kwargs) {
             text_call c("reward.repetition_penalty", args, kwargs);
             std::int64_t const n = c.integer("n", 3, 1);
             double const most = c.number("most", -1.0);
             if (most > 0.0) wrong_value(c.at("most"), "a number <= 0", aha::text(most));
             bool const lower = c.flag("lower", true);
             return c.each([&](std::string_view text) {
               std::vector<std::int64_t> const ids = reward::word_ids(text, lower);
               return reward::repetition_penalty(aha::span<std::int64_t const>(ids), n, most);
             });
           });
  auto const marks_of = [](text_call& c) {
    reward::step_marks marks;
    marks.numbered_words = c.flag("numbered_words", marks.numbered_words);
    marks.numbered_lines = c.flag("numbered_lines", marks.numbered_lines);
    marks.bullets = c.flag("bullets", marks.bullets);
    marks.openers = c.flag("openers", marks.openers);
    return marks;
  };
  def_call(
      m, "reasoning_steps",
      "reasoning_steps(text, enough=3, numbered_words=True, numbered_lines=True, bullets=True, openers=True, *, "
      "threads=0)\n--\n\n"
      "min(1, steps / enough). Steps are \"Step 1:\", \"1.\" at the begin of a line, bullets, \"First,\" and the like.",
      [marks_of](py::args const& args, py::kwargs const& kwargs) {
        text_call c("reward.reasoning_steps", args, kwargs);
        std::int64_t const enough = c.integer("enough", 3, 1);
        reward::step_marks const marks = marks_of(c);
        return c.each([&](std::string_view text) { return reward::reasoning_steps(text, enough, marks); });
      });
  def_call(
      m, "count_steps",
      "count_steps(text, numbered_words=True, numbered_lines=True, bullets=True, openers=True, *, threads=0)\n--\n\n"
      "How many steps of reasoning a text marks.",
      [marks_of](py::args const& args, py::kwargs const& kwargs) {
        text_call c("reward.count_steps", args, kwargs);
        reward::step_marks const marks = marks_of(c);
        return c.each_number<std::int64_t>([&](std::string_view text) { return reward::count_steps(text, marks); });
      });
}

}  // namespace

void bind_text(py::module_& m) {
  bind_tags(m);
  bind_language(m);
  bind_readability(m);
  bind_repetition(m);
}

}  // namespace aha_python
