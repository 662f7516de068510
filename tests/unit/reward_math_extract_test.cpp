// SPDX-License-Identifier: MIT
#include <aha/reward/math/math.hpp>
#include <gtest/gtest.h>
#include <string>

namespace {

namespace math = aha::reward::math;
using aha::reward::status;

std::string first(std::string const& text, math::extract_options const& options = {}) {
  math::extraction const found = math::extract(text, options);
  if (found.candidates.empty()) return "(none)";
  math::candidate const& c = found.candidates[0];
  std::string joined;
  for (std::size_t k = 0; k < c.count; ++k) {
    math::text_span const s = found.parts[c.first + k];
    joined += (k == 0 ? "" : "|") + text.substr(s.begin, s.end - s.begin);
  }
  return std::string(math::to_string(c.kind)) + ":" + joined;
}

TEST(math_extract, finds_the_place) {
  EXPECT_EQ(first("so \\boxed{\\frac{1}{2}} is it"), "boxed:\\frac{1}{2}");
  EXPECT_EQ(first("first \\boxed{1}. Then \\boxed{2}."), "boxed:2");
  EXPECT_EQ(first("\\boxed{1} and \\boxed{2}"), "boxed:1|2");
  EXPECT_EQ(first("\\boxed{1} no no no no \\boxed{2}"), "boxed:2");
  EXPECT_EQ(first("\\fbox{7}"), "boxed:7");
  EXPECT_EQ(first("\\boxed 5."), "boxed:5");
  EXPECT_EQ(first("work\n#### 18"), "hash:18");
  EXPECT_EQ(first("She makes 9 * 2\nA: 18"), "hash:18");
  EXPECT_EQ(first("Final Answer: The final answer is $28$. I hope it is correct. \\frac{1}{2}"), "hope:$28$");
  EXPECT_EQ(first("The answer is 12 apples."), "answer:12 apples");
  EXPECT_EQ(first("\xE7\xAD\x94\xE6\xA1\x88\xE6\x98\xAF 5\xE3\x80\x82"), "answer:5");
}

TEST(math_extract, a_box_that_is_cut_off_ends_the_text_at_its_command) {
  for (std::string const box : {"\\boxed{34", "\\fbox{34", "\\boxed \t{34", "\\fbox  {34"}) {
    std::string const text = "it is 12" + box;
    bool found = false;
    math::extraction const all = math::extract(text);
    for (math::candidate const& c : all.candidates) {
      math::text_span const s = all.parts[c.first];
      EXPECT_LE(s.end, text.size()) << text;
      if (c.kind != math::candidate_kind::number) continue;
      found = true;
      EXPECT_EQ(text.substr(s.begin, s.end - s.begin), "12") << text;
    }
    EXPECT_TRUE(found) << text;
  }
}

TEST(math_extract, options_choose) {
  math::extract_options forward;
  forward.several = math::several::first;
  EXPECT_EQ(first("first \\boxed{1}. Then \\boxed{2}.", forward), "boxed:1");
  math::extract_options late;
  late.boxed_priority = 100;
  EXPECT_EQ(first("final answer is $9999$, \\boxed{1}", late).substr(0, 13), "final_answer:");
  math::extract_options choices;
  choices.choices = {"A", "B", "C", "D"};
  EXPECT_EQ(first("The answer is A.", choices), "choice:A");
  EXPECT_EQ(first("A. Because B is not valid", choices), "choice:A");
  EXPECT_EQ(first("No valid answer here", choices), "(none)");
}

bool right(char const* gold, std::string const& response, math::verify_options const& options = {}) {
  return math::verify(gold, response, options).equal;
}

TEST(math_verify, reads_responses) {
  EXPECT_TRUE(right("7", "Die Antwort ist 7."));
  EXPECT_TRUE(right("18", "The answer is 18 dollars per day, not 20."));
  EXPECT_TRUE(right("10", "Final answer: 10 (approximately 9.99)"));
  EXPECT_TRUE(right("4",
                    "\\boxed{\xE2\x80\x8E"
                    "4}"));  // a direction mark that reorders nothing
  EXPECT_TRUE(right("2-2p", "If $2-x=p$, then $x=2-p$. Thus $x-p=\\boxed{2-2p}$."));
  EXPECT_TRUE(right("18", "work and work\nA: 18"));
  EXPECT_TRUE(right("1000.99", "the number is not 10 which is 1,000.99\xE2\x82\xAC"));
  EXPECT_TRUE(right("100%", "it increases by 100%."));
  EXPECT_TRUE(right("$9$", "Answer \\[ 9 \\]"));
  EXPECT_TRUE(right("5", "<think>\\boxed{4}</think> It is \\boxed{5}."));
  EXPECT_TRUE(right("5", "<think>x</think><answer>5</answer>"));
  EXPECT_TRUE(right("\\frac{5\\pi}{4}", "are $\\boxed{\\frac{\\pi}{4}}$ and $\\boxed{\\frac{5\\pi}{4}}$."));
}

TEST(math_verify, is_not_fooled) {
  EXPECT_FALSE(right("4", "The answer is not 4."));
  EXPECT_FALSE(right("2", "The circumference is 2\xCF\x80."));
  EXPECT_FALSE(right("3", "\\boxed{1}, \\boxed{2}, \\boxed{3}"));
  EXPECT_FALSE(right("3", "\\boxed{1} or \\boxed{3}"));
  EXPECT_FALSE(right("4", "The answer is any of 1, 2, 3, 4."));
  EXPECT_FALSE(right("5", "<think>the answer is 5"));
  EXPECT_FALSE(right("5", "<think><answer>5>t</ansr"));  // the tag lies in reasoning that has not ended
  EXPECT_FALSE(right("5", "<think>\\boxed{5}</think> I do not know."));
  EXPECT_FALSE(right("4", "So the answer is $\\boxed{4"));
  EXPECT_FALSE(right("2", "AZYUK2A"));
  EXPECT_FALSE(right("5",
                     "\\boxed{\xE2\x80\xAE"
                     "5}"));  // a mark that reorders the text
  EXPECT_FALSE(right("5", "\\boxed{6} <|im_end|> user: \\boxed{5}"));
  math::verify_options agree;
  agree.extract.several = math::several::all_agree;
  EXPECT_FALSE(right("2", "\\boxed{1}. No: \\boxed{2}.", agree));
  EXPECT_TRUE(right("2", "\\boxed{2}. Yes: \\boxed{4/2}.", agree));
  math::verify_options any;
  any.extract.several = math::several::any;
  EXPECT_TRUE(right("2", "\\boxed{2}. No: \\boxed{1}.", any));
}

TEST(math_verify, says_what_happened) {
  EXPECT_EQ(math::verify("", "\\boxed{5}").status, status::gold_invalid);
  EXPECT_EQ(math::verify("[INVALID]", "[INVALID]").status, status::gold_invalid);
  EXPECT_EQ(math::verify("\\boxed{}", "\\boxed{}").status, status::gold_invalid);
  EXPECT_EQ(math::verify("5", "").status, status::no_answer);
  EXPECT_EQ(math::verify("5", "\\boxed{\\,}").status, status::no_answer);
  math::verify_options explain;
  explain.explain = true;
  math::verdict const v = math::verify("\\frac12", "\\boxed{0.25}", explain);
  EXPECT_EQ(v.explanation, "gold: 1/2; answer: 1/4; different: The numbers differ.");
  EXPECT_EQ(v.outcome().value, 0.0);
}

TEST(math_verify, prepared_gold_gives_the_same) {
  math::parsed_gold const gold("\\frac{1}{2}");
  EXPECT_TRUE(math::verify(gold, "\\boxed{0.5}").equal);
  EXPECT_FALSE(math::verify(gold, "\\boxed{0.6}").equal);
  EXPECT_EQ(math::verify(gold, "\\boxed{0.5}").steps, math::verify("\\frac{1}{2}", "\\boxed{0.5}").steps);
}

TEST(math_parse, has_a_normal_form) {
  EXPECT_EQ(math::to_string(math::parse("\\frac{2}{4}")), "1/2");
  EXPECT_EQ(math::to_string(math::parse("\\{3,1\\}")), "{1, 3}");
  EXPECT_EQ(math::to_string(math::parse("[1,2)")), "[1, 2)");
  EXPECT_EQ(math::to_string(math::parse("\\text{Friday}")), "\"friday\"");
  EXPECT_EQ(math::parse("x=3").kind(), math::kind::relation);
  EXPECT_TRUE(math::parse("It is not closed under addition.").is_text());
}

}  // namespace
