// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/outcome.hpp>
#include <aha/reward/text/character.hpp>
#include <initializer_list>
#include <optional>

AHA_NAMESPACE_BEGIN
namespace reward {

/// What may stand between tags.
enum class gap : std::uint8_t {
  nothing,    ///< not a character
  newline,    ///< one line end, "\n" or "\r\n"
  white,      ///< white space, or nothing
  anything,   ///< any text
  some_text,  ///< any text that is not white space alone
};

/// True where a text is what a gap may be.
constexpr bool is_legal(std::string_view text, enum gap allowed) {
  switch (allowed) {
    case gap::nothing: return text.empty();
    case gap::newline: return text == "\n" || text == "\r\n";
    case gap::white: return unicode::stripped(text).empty();
    case gap::some_text: return !unicode::stripped(text).empty();
    default: return true;
  }
}

/// How a tag may be written.
struct tag_spelling {
  bool any_case = false;     ///< <THINK> is <think>
  bool inner_space = false;  ///< < think > is <think>
};

/// A tag in a text.
struct tag {
  std::size_t begin = 0;  ///< of its `<`
  std::size_t end = 0;    ///< behind its `>`
  bool closing = false;
};

/// The tag <name> or </name> that begins at `text[at]`, if one does.
constexpr std::optional<tag> tag_at(std::string_view text, std::size_t at, std::string_view name,
                                    tag_spelling spelling = {}) {
  std::size_t i = at;
  auto const space = [&] {
    while (spelling.inner_space && i < text.size()) {
      unicode::character const c = unicode::decode(text, i);
      if (!unicode::is_space(c.point)) break;
      i += c.size;
    }
  };
  if (i >= text.size() || text[i] != '<') return std::nullopt;
  ++i;
  space();
  bool const closing = i < text.size() && text[i] == '/';
  if (closing) {
    ++i;
    space();
  }
  for (char const wanted : name) {
    if (i >= text.size()) return std::nullopt;
    auto const got = static_cast<unsigned char>(text[i]);
    auto const want = static_cast<unsigned char>(wanted);
    if (got != want && (!spelling.any_case || unicode::to_lower(got) != unicode::to_lower(want))) return std::nullopt;
    ++i;
  }
  space();
  if (i >= text.size() || text[i] != '>') return std::nullopt;
  return tag{at, i + 1, closing};
}

/// A block <name> ... </name> of a template.
struct tag_block {
  std::string_view name;
  bool required = true;
  bool may_be_empty = false;
};

/// A template: which blocks a response consists of and how strictly. Every rule is a member, so that a peer's regular
/// expression is a choice of members and no code.
struct tag_template {
  static constexpr int most = 8;
  int count = 0;
  tag_block blocks[most] = {};
  enum gap before = gap::white;   ///< before the first block
  enum gap between = gap::white;  ///< between two blocks
  enum gap after = gap::white;    ///< after the last block
  bool ordered = true;            ///< blocks in the order of the list
  bool repeats = false;           ///< a block may occur again; the first one is its content
  bool inner_tags = false;        ///< inside a block the tags of others, and its own opening one, are text
  bool own_lines = false;         ///< a block's content begins and ends with a line end
  bool starts_open = false;       ///< the prompt has opened the first block already
  tag_spelling spelling;

  constexpr tag_template() = default;
  constexpr tag_template(std::initializer_list<tag_block> list) {
    for (tag_block const& b : list) {
      if (count < most) blocks[count++] = b;
    }
  }
};

/// The template of DeepSeek-R1-Zero, arXiv:2501.12948 table 1: <think> reasoning </think> <answer> answer </answer>, white
/// space between, before and after, nothing twice, nothing empty.
constexpr tag_template r1_template() { return tag_template{{"think"}, {"answer"}}; }
/// Reasoning in <think>, then the answer without tags. `starts_open`: the prompt ends with <think>.
constexpr tag_template think_template(bool starts_open = false) {
  tag_template t{{"think"}};
  t.after = gap::some_text;
  t.starts_open = starts_open;
  return t;
}

/// A response held against a template.
struct tag_match {
  outcome format;  ///< 1 where it fits, else 0 with the first reason why not; always scored
  /// The blocks' contents in order of the template, as far as they were found; those that were not have no data.
  std::string_view content[tag_template::most] = {};
  constexpr bool fits() const { return format.value == 1.0; }
};

/// Holds a response against a template in one pass. Reasons in this order: the first tag that is out of place (unopened,
/// nested, duplicate, out of order, unclosed), a missing block, the gaps, then contents.
inline tag_match match_tags(std::string_view text, tag_template const& t) {
  tag_match m;
  auto const no = [&](enum reason why) {
    m.format = outcome(0.0, status::scored, why);
    return m;
  };
  int open = t.starts_open && t.count > 0 ? 0 : -1;
  int last = open;
  std::size_t content_begin = 0;
  std::size_t gap_begin = 0;
  bool first_gap = open < 0;
  enum reason gap_reason = reason::none;
  for (std::size_t at = text.find('<'); at < text.size(); at = text.find('<', at)) {
    int which = 0;
    std::optional<tag> found;
    while (which < t.count && !(found = tag_at(text, at, t.blocks[which].name, t.spelling))) ++which;
    if (!found || (open >= 0 && t.inner_tags && (which != open || !found->closing))) {
      ++at;
      continue;
    }
    at = found->end;
    if (found->closing) {
      if (open != which) return no(reason::unopened_tag);
      if (m.content[which].data() == nullptr) {
        m.content[which] = std::string_view(text.data() + content_begin, found->begin - content_begin);
      }
      open = -1;
      gap_begin = found->end;
      continue;
    }
    if (open >= 0) return no(reason::nested_tag);
    if (m.content[which].data() != nullptr && !t.repeats) return no(reason::duplicate_tag);
    if (t.ordered && which < last) return no(reason::tags_out_of_order);
    std::string_view const hole = text.substr(gap_begin, found->begin - gap_begin);
    if (!is_legal(hole, first_gap ? t.before : t.between) && gap_reason == reason::none) {
      gap_reason = first_gap ? reason::text_before_tags : reason::text_between_tags;
    }
    first_gap = false;
    open = last = which;
    content_begin = found->end;
  }
  if (open >= 0) return no(reason::unclosed_tag);
  for (int i = 0; i < t.count; ++i) {
    if (t.blocks[i].required && m.content[i].data() == nullptr) return no(reason::missing_tag);
  }
  if (gap_reason != reason::none) return no(gap_reason);
  if (!is_legal(text.substr(gap_begin), t.after)) return no(reason::text_after_tags);
  for (int i = 0; i < t.count; ++i) {
    std::string_view const inside = m.content[i];
    if (inside.data() == nullptr) continue;
    if (!t.blocks[i].may_be_empty && unicode::stripped(inside).empty()) return no(reason::empty_block);
    bool const lines =
        !inside.empty() && inside.back() == '\n' && (inside.front() == '\n' || inside.substr(0, 2) == "\r\n");
    if (t.own_lines && !lines) return no(reason::no_line_of_its_own);
  }
  m.format = outcome(1.0);
  return m;
}

/// The format reward: 1 where a response fits the template, else 0 and the reason.
inline outcome tag_format(std::string_view text, tag_template const& t = r1_template()) {
  return match_tags(text, t).format;
}

/// The share of a template's tags (two a block) that occur exactly once, wherever they stand: partial credit on the way to
/// a format. With `starts_open` the first opening tag is not asked for.
inline outcome tag_count(std::string_view text, tag_template const& t = r1_template()) {
  int seen[2 * tag_template::most] = {};
  for (std::size_t at = text.find('<'); at < text.size(); at = text.find('<', at)) {
    std::size_t next = at + 1;
    for (int i = 0; i < t.count; ++i) {
      if (std::optional<tag> const found = tag_at(text, at, t.blocks[i].name, t.spelling)) {
        int& n = seen[2 * i + (found->closing ? 1 : 0)];
        if (n < 2) ++n;
        next = found->end;
        break;
      }
    }
    at = next;
  }
  int once = 0;
  int asked = 0;
  for (int i = t.starts_open ? 1 : 0; i < 2 * t.count; ++i) {
    ++asked;
    if (seen[i] == 1) ++once;
  }
  if (asked == 0) return {0.0, status::abstained, reason::missing_tag};
  return {static_cast<double>(once) / asked, status::scored, once == asked ? reason::none : reason::missing_tag};
}

}  // namespace reward
AHA_NAMESPACE_END
