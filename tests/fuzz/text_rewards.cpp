// SPDX-License-Identifier: MIT
#include <aha/reward/compat/nemo_rl.hpp>
#include <aha/reward/compat/open_instruct.hpp>
#include <aha/reward/compat/open_instruct_blocks.hpp>
#include <aha/reward/compat/roll.hpp>
#include <aha/reward/compat/simplerl.hpp>
#include <aha/reward/compat/skyrl.hpp>
#include <aha/reward/compat/slime.hpp>
#include <aha/reward/compat/slime_choice.hpp>
#include <aha/reward/compat/torchforge.hpp>
#include <aha/reward/compat/trl.hpp>
#include <aha/reward/text/readability.hpp>
#include <aha/reward/text/tags.hpp>

#include "bounds.hpp"

namespace {

using namespace aha::reward;
using aha_fuzz::require;

void unit_interval(outcome const& o, char const* promise) {
  require(o.status == status::abstained || (o.value >= 0.0 && o.value <= 1.0), promise);
}

void hold_tags(std::string_view text, unsigned flags) {
  tag_template t = (flags & 1U) != 0 ? think_template((flags & 2U) != 0) : r1_template();
  t.ordered = (flags & 4U) == 0;
  t.repeats = (flags & 8U) != 0;
  t.inner_tags = (flags & 16U) != 0;
  t.own_lines = (flags & 32U) != 0;
  t.spelling = {(flags & 64U) != 0, (flags & 128U) != 0};
  tag_match const m = match_tags(text, t);
  require(m.fits() == (m.format.reason == reason::none), "a text fits or there is a reason");
  for (std::string_view const c : m.content)
    require(c.data() == nullptr || aha_fuzz::within(c, text), "contents are spans");
  for (int i = 0; m.fits() && i < t.count; ++i)
    require(m.content[i].data() != nullptr, "a text that fits has its blocks");
  unit_interval(tag_count(text, t), "tags are counted to 1");
}

void hold_languages(std::string_view text) {
  word_count const all = count_words(text, find_language("en")->scripts);
  require(all.target >= 0 && all.target <= all.words, "target words are words");
  require(all.words <= count_characters(text).count, "a word has a character");
  unit_interval(language_consistency(text, "zh"), "a share");
  std::size_t end = 0;
  for_each_prose(text, {}, [&](std::string_view piece) {
    require(!piece.empty() && aha_fuzz::within(piece, text), "prose is spans");
    auto const begin = static_cast<std::size_t>(piece.data() - text.data());
    require(begin >= end, "prose is in order");
    end = begin + piece.size();
  });
  for_each_fence(text, [&](fence const& f) {
    require(f.end <= text.size() && (f.code.empty() || aha_fuzz::within(f.code, text)), "a fence is a span");
  });
  unit_interval(one_language(text), "0 or 1");
  unit_interval(not_garbled(text), "0 or 1");
  require(longest_paragraph(text).count <= count_characters(text).count, "a paragraph is not longer than the text");
  unit_interval(reasoning_steps(text), "steps up to 1");
}

void hold_repetition(std::string_view text) {
  std::vector<std::int64_t> const words = word_ids(text);
  for (std::int64_t const n : {1, 3, 7}) {
    ngram_count const c = count_ngrams(aha::span<std::int64_t const>(words), n);
    require(c.distinct <= c.total && (c.total == 0) == (c.distinct == 0), "distinct n-grams are n-grams");
  }
  repeated_run const r = find_repeated_run(text, 3, 4);
  if (r.times == 0) return;
  std::vector<char32_t> points;
  unicode::for_each_character(text.substr(r.begin, r.end - r.begin), [&](unicode::character c, std::size_t) {
    require(c.point != U'\n', "a run stays in its line");
    points.push_back(c.point);
  });
  auto const period = static_cast<std::size_t>(r.period);
  require(points.size() >= period * static_cast<std::size_t>(r.times), "a run is as long as it says");
  for (std::size_t i = period; i < points.size(); ++i) require(points[i] == points[i - period], "a run repeats");
}

void ask_peers(std::string_view text) {
  std::size_t const zero = text.find('\0');
  std::string_view const gold = zero == std::string_view::npos ? std::string_view("1/2") : text.substr(zero + 1);
  auto const equal = [](std::string_view a, std::string_view b) { return compat::prm800k::equal_numbers(a, b); };
  auto const verify = [](std::string_view g, std::string_view a) { return compat::verdict(g == a); };
  require(compat::prm800k::grade_answer(gold, gold, equal), "an answer equals itself");
  compat::slime::deepscaler(text, gold, equal);
  compat::slime::grade_answer_verl(text, gold, equal);
  compat::slime::math_dapo(text, gold);
  compat::slime::gpqa_reward(text, {std::string(gold), std::nullopt});
  compat::verl::math_dapo(text, gold, true);
  compat::verl::math_reward(text, gold);
  compat::verl::gsm8k(text, gold, compat::verl::gsm8k_method::flexible);
  compat::tinyzero::countdown(text, 24, {1, 2, 3});
  compat::tinyzero::countdown("Assistant:<answer>" + std::string(text) + "</answer>", 24, {1, 2, 3});
  compat::tinyzero::multiply(text, 6);
  compat::simplerl::knights_and_knaves(text, gold);
  compat::torchforge::math_reward(text, gold);
  compat::torchforge::thinking_reward(text);
  compat::nemo_rl::geo3k_reward(gold, text, verify);
  compat::nemo_rl::bbox_giou_reward(gold, text);
  compat::nemo_rl::exact_answer_alphanumeric_reward(gold, text);
  compat::open_instruct::gsm8k(text, gold);
  compat::open_instruct::repeated_blocks(text, {2, 4, 2});
  compat::open_instruct::string_f1(text, {std::string(gold)});
  compat::roll::format_reward(text);
  compat::roll::after_thinking(text, gold);
  compat::roll::within_boxed(text);
  compat::skyrl::garbled(text);
  compat::trl::think_format(text);
  compat::open_r1::code_format_reward(text, "python");
  compat::open_r1::tag_count_reward(text);
  compat::open_r1::reasoning_steps_reward(text);
}

}  // namespace

// Tag grammar, language, repetition and the peers' rules on any bytes: the first byte chooses the options of the grammar.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  auto const text = aha_fuzz::text(data + 1, size - 1);
  hold_tags(text, data[0]);
  hold_languages(text);
  hold_repetition(text);
  ask_peers(text);
  return 0;
}
