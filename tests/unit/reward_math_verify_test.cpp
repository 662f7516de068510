// SPDX-License-Identifier: MIT
#include <aha/reward/math/math.hpp>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace math = aha::reward::math;
using aha::reward::status;

struct pair {
  char const *gold, *answer;
};

void expect_equal(std::vector<pair> const& pairs, math::verify_options const& options = {}) {
  for (pair const& p : pairs) {
    math::verify_options with = options;
    with.explain = true;
    math::verdict const v = math::verify_answer(p.gold, p.answer, with);
    EXPECT_TRUE(v.equal) << p.gold << " | " << p.answer << " | " << v.explanation;
    EXPECT_EQ(v.status, status::scored);
  }
}
void expect_different(std::vector<pair> const& pairs, math::verify_options const& options = {}) {
  for (pair const& p : pairs) {
    math::verify_options with = options;
    with.explain = true;
    math::verdict const v = math::verify_answer(p.gold, p.answer, with);
    EXPECT_FALSE(v.equal) << p.gold << " | " << p.answer << " | " << v.explanation;
  }
}

TEST(math_numbers, equal) {
  expect_equal({{"1/2", "\\frac12"},
                {"0.5", "\\dfrac{1}{2}"},
                {"3/4", "\\frac 34"},
                {"1000", "1,000"},
                {"10000", "10{,}000"},
                {"10000", "10\\,000"},
                {"1234567", "1,\\!234,\\!567"},
                {"1\\frac45", "9/5"},
                {"4 1/2", "4.5"},
                {"1/3", "0.\\overline{3}"},
                {"1/3", "0.333..."},
                {"41/333", "0.\\overline{123}"},
                {"1.5e3", "1500"},
                {"2.7\\times 10^9", "2700000000"},
                {"\\frac{1}{2^{99}}", "2^{-99}"},
                {"120", "5!"},
                {"10", "\\binom{5}{2}"},
                {"10", "{5 \\choose 2}"},
                {"2", "\\sqrt[3]{8}"},
                {"-2", "\\sqrt[3]{-8}"},
                {"55", "\\sum_{k=1}^{10} k"},
                {"24", "\\prod_{i=1}^{4} i"},
                {"512", "2212_6"},
                {"7", "\\gcd(14, 21)"},
                {"-3", "\\lfloor -2.5 \\rfloor"},
                {"2", "8 \\bmod 3"},
                {"\\frac12", "\xC2\xBD"},
                {"12", "\xEF\xBC\x91\xEF\xBC\x92"}});
}
TEST(math_numbers, different) {
  expect_different({{"\\frac{1}{2^{99}}", "\\frac{1}{2^{98}}"},
                    {"32349", "32, 349"},
                    {"1/2", "\\frac{1}{3}"},
                    {"1000", "1000.1"},
                    {"\\frac{1}{2004!}", "\\frac{1}{2006!}"},
                    {"1112112_3", "1112122_3"},
                    {"0.1", "0.01"},
                    {"1e-8", "1e-9"},
                    {"5", "-5"},
                    {"4", "3=4"},
                    {"4", "\\frac{4}{}"},
                    {"4", "4 + )"},
                    {"4", "4 + input()"}});
}

TEST(math_expressions, equal) {
  expect_equal({{"2\\sqrt2", "\\sqrt{8}"},
                {"\\frac{\\sqrt2}{2}", "\\frac{1}{\\sqrt{2}}"},
                {"\\frac{\\sqrt3}{3}", "1/\\sqrt 3"},
                {"x^2+2x+1", "(x+1)^2"},
                {"ab^2", "b^2 a"},
                {"x\\sqrt{x}", "x^{3/2}"},
                {"x^{4/3}", "\\sqrt[3]{x^4}"},
                {"\\sin^2 x+\\cos^2 x", "1"},
                {"2\\sin b\\cos a", "2\\cos(a)\\sin(b)"},
                {"\\ln 4", "2\\ln 2"},
                {"e^{a+b}", "e^a e^b"},
                {"\\frac{1}{n(n+1)}", "\\frac1n-\\frac1{n+1}"},
                {"(n+1)!", "(n+1)\\cdot n!"},
                {"\\frac{\\sqrt{\\sqrt{11}+\\sqrt{194}}}{15+2\\sqrt{33}}",
                 "\\frac{\\sqrt{\\sqrt{11}+\\sqrt{194}}}{2\\sqrt{33}+15}"},
                {"-1-5i", "-(1+5i)"},
                {"(1+i)^2", "2i"},
                {"\\arcsin \\frac12", "\\frac{\\pi}{6}"},
                {"\\sin^{-1}(x)", "\\arcsin x"},
                {"\\log_2 8", "3"},
                {"\\cos 60^\\circ", "1/2"},
                {"\\sum_{n=0}^{\\infty} x^n", "\\sum_{n=0}^{\\infty} x^{n}"},
                {"\\frac{e^{2 t}}{2}", "0.5 \\exp(2t)"},
                {"|x|", "\\left|x\\right|"},
                {"\\binom{2n}{n}", "\\frac{(2n)!}{(n!)^2}"}});
}
TEST(math_expressions, different) {
  expect_different({{"(ab)^2", "ab^2"},
                    {"x^2+1", "(x+1)^2"},
                    {"\\sqrt{x^2}", "x"},
                    {"2x", "3x"},
                    {"e^x", "e^x+10^{-20}"},
                    {"\\sqrt{2}", "1.41421"},
                    {"1\\sqrt{19}", "1"},
                    {"1-\\frac1e", "1+\\frac1e"},
                    {"\\pi", "22/7"},
                    {"x", "x+1560246372784690457"},
                    {"\\sin x", "\\cos x"},
                    {"0", "\\infty-\\infty"},
                    {"0", "0\\cdot\\infty"},
                    {"-8", "\\ln 0"}});
}

TEST(math_expressions, near_misses_differ) {
  expect_different({{"e^{\\pi\\sqrt{163}}", "262537412640768744"},
                    {"\\sqrt{10^{40}+1}", "10^{20}"},
                    {"\\tanh 50", "1"},
                    {"\\pi", "\\frac{3587785776203}{1142027682075}"},
                    {"10^{40}+\\sqrt2", "10^{40}+\\sqrt3"},
                    {"x^2", "x^2+10^{-30}"},
                    {"\\lfloor x\\rfloor", "x"},
                    {"\\lceil x\\rceil", "x"},
                    {"\\ln(1+10^{-20})", "10^{-20}"},
                    {"\\frac10", "\\frac10"}});
}

TEST(math_collections, equal) {
  expect_equal({{"\\{1,2,3\\}", "3, 1, 2"},
                {"1,-2", "\\{-2, 1\\}"},
                {"(1,2)", "\\left( 1,\\, \\frac42 \\right)"},
                {"(0;0;0),(4;-2;0)", "(4,-2,0), (0,0,0)"},
                {"3 \\pm 2\\sqrt2", "3-2\\sqrt2, 3+2\\sqrt2"},
                {"\\pm 2021", "{-2021, 2021}"},
                {"[-1,2)", "[-1, 2)"},
                {"(-\\infty,0)\\cup(0,1]", "(0,1] \\cup (-\\infty, 0)"},
                {"\\{-1\\}\\cup[0,7)", "[0,7) \\cup \\{-1\\}"},
                {"\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{bmatrix}1 & 2\\\\3 & 8/2\\end{bmatrix}"},
                {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)"},
                {"x \\in [-2,7]", "[-2,7]"},
                {"(-\\infty,\\infty)", "\\mathbb{R}"},
                {"all real numbers", "\\mathbb{R}"},
                {"6 \\text{ and } 8", "8, 6"},
                {"2 or 3", "3 or 2"},
                {"-12;-11", "\\{-11,-12\\}"},
                {"\\{x \\mid x>2\\}", "\\{x | x > 2\\}"},
                {"\\emptyset", "no solution"}});
}
TEST(math_collections, sets_on_the_line_have_one_form) {
  expect_equal({{"[1,2]\\cup[2,3]", "[1,3]"},
                {"[1,3]\\cap[2,4]", "[2,3]"},
                {"\\mathbb{R}\\setminus\\{0\\}", "(-\\infty,0)\\cup(0,\\infty)"},
                {"\\{x \\mid x \\ge 1\\}", "[1,\\infty)"},
                {"[1,2)\\cup\\{2\\}", "[1,2]"},
                {"(0,1)\\cap(1,2)", "\\emptyset"},
                {"\\{x \\mid x \\neq 0\\}", "(0,\\infty)\\cup(-\\infty,0)"},
                {"(0,3)\\setminus[1,2]", "(0,1)\\cup(2,3)"}});
  expect_different({{"[1,2)\\cup(2,3]", "[1,3]"},
                    {"\\mathbb{R}\\setminus\\{0\\}", "\\mathbb{R}"},
                    {"\\{x \\mid x > 1\\}", "[1,\\infty)"}});
}

TEST(math_collections, different) {
  expect_different({{"(0,9)", "[0,9)"},
                    {"(1,2)", "(2,1)"},
                    {"\\{1,2\\}", "\\{1,2,3\\}"},
                    {"[1,2]", "[1,3]"},
                    {"1", "-[0,1)"},
                    {"\\begin{pmatrix}1 & -27 & 30\\end{pmatrix}", "(-26, 30)"},
                    {"\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1&3\\end{pmatrix}"},
                    {"\\pm 2021", "2021"},
                    {"[-3,2]", "(-\\infty,-3]\\cup[2,\\infty)"},
                    {"(1,2)", "\\{1,2\\}"}});
  math::verify_options loose;
  loose.strict = false;
  expect_equal({{"(1,2)", "\\{1,2\\}"}, {"(0,9)", "[0,9)"}}, loose);
}

TEST(math_relations, equal) {
  expect_equal({{"x=4", "4"},
                {"4", "x = 4"},
                {"\\text{Area}=5", "5"},
                {"x=11", "x = 5+5+1 = 7 = 11"},
                {"11", "x \\approx 11"},
                {"2x+4y-3=0", "y=-\\frac12 x+\\frac34"},
                {"x^2/4+y^2/3=1", "3x^2+4y^2=12"},
                {"y=2x", "2x-y=0"},
                {"x<3", "3>x"},
                {"x \\geq 5", "x >= 5"},
                {"x \\neq 5", "x != 5"},
                {"2x<6", "x<3"},
                {"-x<-3", "x>3"},
                {"1<x\\le 2", "2 \\ge x > 1"},
                {"-2\\le x\\le 7", "x \\in [-2,7]"},
                {"1\\le|z|\\le\\frac32", "z \\in [-\\frac32,-1]\\cup[1,\\frac32]"},
                {"f(x)=x-1", "f(x)=-1+x"},
                {"AB=4, CD=5", "4, 5"},
                {"x=1, x=2", "1, 2"},
                {"S:T=7:32", "7:32"}});
}
TEST(math_relations, different) {
  expect_different({{"x<1", "x>-1"},
                    {"x\\ge5", "x\\le5"},
                    {"a^2+b=0", "0"},
                    {"x=2", "y=2"},
                    {"y=2x", "x=2y"},
                    {"x<3", "x\\le 3"},
                    {"x>3", "(3,\\infty)"},
                    {"D=(0,1)", "D=(0,1.5)"}});
  math::verify_options sets;
  sets.allow_set_relation = true;
  expect_equal({{"x>3", "(3,\\infty)"}, {"-2\\le x<7", "[-2,7)"}}, sets);
  expect_different({{"x>3", "[3,\\infty)"}}, sets);
}

TEST(math_units_and_words, equal) {
  expect_equal({{"15\\mbox{ cm}^2", "15"},
                {"440\\text{ cm}^2", "0.044 \\mathrm{m}^2"},
                {"36 \\mathrm{~km}/\\mathrm{h}", "10 \\mathrm{m/s}"},
                {"90^\\circ", "90"},
                {"\\$15.48", "15.48"},
                {"28\\%", "28"},
                {"28\\%", "0.28"},
                {"350,000 pages", "350000"},
                {"\\text{(C)}", "C"},
                {"\\text{B}", "(B)"},
                {"\\text{odd}", "odd"},
                {"Even", "\\text{even}"},
                {"yes", "\\text{Yes}."},
                {"4:30 p.m.", "4:30 \\text{ PM}"},
                {"12:00", "12:00"},
                {"\\text{June 20}", "june 20"},
                {"5 am", "5 a.m."},
                {"10\xE5\x92\x8C"
                 "11",
                 "11, 10"}});
}
TEST(math_units_and_words, different) {
  expect_different({{"\\text{13}", "13"},
                    {"5 \\mathrm{cm}", "5 \\mathrm{kg}"},
                    {"5 \\mathrm{cm}", "5 \\mathrm{m}"},
                    {"4:30 p.m.", "4:30 a.m."},
                    {"yes", "no"},
                    {"\\text{A}", "\\text{B}"},
                    {"odd", "even"},
                    {"\\text{4:30 p.m.}", "4:30 \\text{ p.m.}"}});
  math::verify_options value;
  value.percent = math::percent_policy::value;
  expect_different({{"28\\%", "28"}}, value);
  expect_equal({{"28\\%", "0.28"}}, value);
}

TEST(math_tolerance, follows_the_options) {
  math::verify_options places;
  places.float_rounding = 3;
  expect_equal({{"\\frac13+1", "1.333"}}, places);
  places.float_rounding = 4;
  expect_different({{"\\frac13+1", "1.333"}}, places);
  places.float_rounding = -1;
  expect_different({{"0.3333333333333", "1/3"}}, places);
  math::verify_options wide;
  wide.relative = 0.01;
  expect_equal({{"\\pi", "3.14"}}, wide);
  expect_different({{"\\pi", "3.2"}}, wide);
  math::verify_options decimals;
  decimals.rounding = math::rounding_rule::decimals;
  expect_equal({{"1e-8", "2e-8"}}, decimals);
}

}  // namespace
