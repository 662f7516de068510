// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/lexer.hpp>
#include <aha/reward/math/unit_table.hpp>
#include <string>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Recursive descent over the tokens of one answer (grammar in the folder's README). Every function returns the index of
/// the node that it read, or `none`, after which everything returns. Nesting is counted: beyond `max_depth` the budget is
/// refused, so the stack is bounded whatever the text.
class parser {
 public:
  static constexpr std::int32_t none = -1;

  parser(std::string_view text, std::vector<token> tokens, tree& into, parse_options const& options, budget& steps)
      : text_(text), tokens_(std::move(tokens)), tree_(into), options_(options), steps_(steps) {}

  /// The whole answer: one value, or a list of several; `none` where the text is not mathematics.
  std::int32_t answer();

 private:
  std::string_view text_;
  std::vector<token> tokens_;
  tree& tree_;
  parse_options const& options_;
  budget& steps_;
  std::size_t at_ = 0;
  int depth_ = 0, bars_ = 0, builders_ = 0;
  bool aligned_ = false;  ///< inside of aligned lines, where & says nothing

  /// Counts one level of nesting while it lives.
  struct level {
    parser& owner;
    explicit level(parser& p) : owner(p) { ++owner.depth_; }
    ~level() { --owner.depth_; }
    level(level const&) = delete;
    level& operator=(level const&) = delete;
    [[nodiscard]] bool fits() const {
      if (owner.depth_ > owner.options_.max_depth) owner.steps_.refuse();
      if (owner.tree_.too_high) owner.steps_.refuse();
      return owner.steps_.charge(4);
    }
  };

  [[nodiscard]] token const& peek(std::size_t ahead = 0) const {
    std::size_t const k = at_ + ahead;
    return tokens_[k < tokens_.size() ? k : tokens_.size() - 1];
  }
  [[nodiscard]] bool is(tk k, std::size_t ahead = 0) const { return peek(ahead).kind == k; }
  [[nodiscard]] bool is_relation(relation_sign s, std::size_t ahead = 0) const {
    return is(tk::relation, ahead) && peek(ahead).data == rel(s);
  }
  bool accept(tk k) {
    if (!is(k)) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] std::string_view source(token const& t) const { return text_.substr(t.begin, t.end - t.begin); }
  [[nodiscard]] bool is_integer_literal(std::int32_t n) const {
    return n != none && tree_.at(n).kind == kind::number && tree_.number_of(tree_.at(n)).is_integer() &&
           tree_.at(n).below == 0;
  }

  // parse_list.hpp: several answers, relations, unions
  std::int32_t item();
  std::int32_t set_expression();
  bool items(std::vector<std::int32_t>& into);
  void skip_label();
  bool skip_separators();
  // parse_sum.hpp: sums, products, powers
  std::int32_t sum();
  std::int32_t term();
  std::int32_t signed_factor();
  std::int32_t power();
  std::int32_t postfix(std::int32_t base);
  std::int32_t exponent();
  std::int32_t juxtaposed(std::int32_t left, bool number);
  [[nodiscard]] bool starts_factor() const;
  // parse_unit.hpp: units, times of day
  std::int32_t with_unit(std::int32_t value);
  [[nodiscard]] bool starts_unit() const;
  std::int32_t clock_time(std::int32_t value, std::int64_t hour, std::int64_t minute);
  // parse_atom.hpp: numbers, symbols, fractions, roots
  std::int32_t atom();
  std::int32_t number_atom();
  std::int32_t letter_atom();
  std::int32_t word_atom();
  std::int32_t text_atom();
  std::int32_t argument(bool whole_number);
  std::int32_t fraction();
  std::int32_t root();
  std::int32_t subscripted(std::string name);
  std::int32_t symbol(std::string_view name);
  bool skip_group(std::string& name);
  std::int32_t call(std::string const& name);
  [[nodiscard]] bool is_call() const;
  // parse_function.hpp: functions, sums and products with bounds, limits
  std::int32_t function();
  std::int32_t function_argument();
  std::int32_t applied(std::int32_t code, std::int32_t base, std::vector<std::int32_t> const& arguments);
  std::int32_t big_operator();
  // parse_bracket.hpp: groups, tuples, intervals, sets, matrices, absolute values
  std::int32_t bracketed();
  std::int32_t braced();
  std::int32_t set_braces();
  std::int32_t between(tk close, function_name f);
  std::int32_t environment();
};

}  // namespace reward::math::detail
AHA_NAMESPACE_END
