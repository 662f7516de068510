// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/glyph.hpp>
#include <aha/reward/math/options.hpp>
#include <string>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Reads one number: digits with thousands separators (`1,000`, `1,\!000`, `10{,}000`, `10\,000`), a decimal part, a
/// repeating part (`0.\overline{3}`, `0.333...`), an exponent (`1.5e-6`).
class number_reader {
 public:
  number_reader(std::string_view text, std::size_t at, budget& steps) : text_(text), at_(at), steps_(steps) {}

  /// True where a number starts here; `end()` is then behind it. `grouped`: a comma before three digits separates
  /// thousands (not inside brackets, where it separates entries); `comma`: any other comma before digits is a point.
  bool read(bool grouped, bool comma) {
    std::size_t const begin = at_;
    while (digit(at_)) take(at_++);
    std::size_t const first = at_ - begin;
    if (first >= 1 && first <= 3 && text_[begin] != '0') groups(grouped);
    bool const whole = !digits_.empty();
    if (point(comma, begin)) fraction();
    if (digits_.empty() || (!whole && !decimal_)) return false;
    exponent();
    return true;
  }
  [[nodiscard]] std::size_t end() const { return at_; }
  [[nodiscard]] bool decimal() const { return decimal_ && period_ == 0; }

  [[nodiscard]] rational value() {
    if (!steps_.charge(digits_.size() / 8 + digits_.size() / 64 * (digits_.size() / 64))) return rational();
    rational const all = integer(digits_);
    rational result = scaled(all, scale_ - decimals_);
    if (period_ != 0) {
      // (all - head) / (10^head_decimals (10^period - 1)), head without the repeating digits
      rational const head = integer(digits_.substr(0, digits_.size() - period_));
      rational const below = add(power(rational(10), period_, steps_), rational(-1), steps_);
      result = multiply(add(all, negate(head), steps_), reciprocal(below), steps_);
      result = scaled(result, scale_ - (decimals_ - static_cast<std::int64_t>(period_)));
    }
    return result;
  }

 private:
  std::string_view text_;
  std::size_t at_;
  budget& steps_;
  std::string digits_;
  std::int64_t decimals_ = 0, scale_ = 0;
  std::size_t period_ = 0;
  bool decimal_ = false;

  [[nodiscard]] bool digit(std::size_t k) const { return k < text_.size() && is_digit(text_[k]); }
  void take(std::size_t k) { digits_.push_back(text_[k]); }
  [[nodiscard]] bool three(std::size_t k) const { return digit(k) && digit(k + 1) && digit(k + 2) && !digit(k + 3); }

  void groups(bool grouped) {
    for (;;) {
      std::size_t k = at_;
      for (std::string_view mark : {",\\!", "{,}", "\\,", ",\\,", "\\!\\,", ",~"})
        if (starts_at(text_, at_, mark)) k = at_ + mark.size();
      if (k != at_ && mark_then_blank(k) && three(k)) {
      } else if (grouped && k == at_ && at_ < text_.size() && text_[at_] == ',' && three(at_ + 1)) {
        ++k;
      } else {
        return;
      }
      for (at_ = k; digit(at_);) take(at_++);
    }
  }
  bool mark_then_blank(std::size_t& k) const {
    while (k < text_.size() && text_[k] == ' ') ++k;
    return true;
  }
  bool point(bool comma, std::size_t begin) {
    if (at_ >= text_.size()) return false;
    if (text_[at_] == '.')
      return digit(at_ + 1) || (!digits_.empty() && !starts_at(text_, at_, "..")) ? step_over() : false;
    if (text_[at_] != ',' || digits_.empty() || !digit(at_ + 1)) return false;
    bool const zero = at_ == begin + 1 && text_[begin] == '0' && digit(at_ + 2) && digit(at_ + 3);
    if (!comma && !zero) return false;
    std::size_t k = at_ + 1;
    while (digit(k)) ++k;
    return k < text_.size() && text_[k] == ',' ? false : step_over();
  }
  bool step_over() {
    // "5." at the end of a sentence is the integer 5: a point counts only with digits or an overline behind it.
    if (!digit(at_ + 1) && !starts_at(text_, at_ + 1, "\\overline{") && !starts_at(text_, at_ + 1, "\\dot{") &&
        !starts_at(text_, at_ + 1, "\\bar{"))
      return at_ + 1 < text_.size() && text_[at_ + 1] == '/' ? (++at_, false) : false;
    ++at_;
    return true;
  }
  void fraction() {
    decimal_ = true;
    while (digit(at_)) take(at_++), ++decimals_;
    for (std::string_view mark : {"\\overline{", "\\bar{", "\\dot{"}) {
      if (!starts_at(text_, at_, mark)) continue;
      std::size_t k = at_ + mark.size();
      while (digit(k)) ++k;
      if (k == at_ + mark.size() || k >= text_.size() || text_[k] != '}') return;
      for (at_ += mark.size(); at_ < k;) take(at_++), ++decimals_, ++period_;
      ++at_;
      return;
    }
    ellipsis();
  }
  // "0.333..." repeats what has been written at least three times, the shortest such period.
  void ellipsis() {
    std::size_t length = 0;
    for (std::string_view mark : {"...", "\\ldots", "\\dots", "\\cdots", "\xE2\x80\xA6"})
      if (starts_at(text_, at_, mark)) length = mark.size();
    if (length == 0) return;
    at_ += length;
    auto const count = static_cast<std::size_t>(decimals_);
    std::string_view const tail = std::string_view(digits_).substr(digits_.size() - count);
    for (std::size_t p = 1; p <= 6 && 3 * p <= count; ++p) {
      std::string_view const last = tail.substr(count - p);
      if (tail.substr(count - 2 * p, p) == last && tail.substr(count - 3 * p, p) == last) {
        period_ = p;
        return;
      }
    }
  }
  void exponent() {
    if (at_ >= text_.size() || (text_[at_] != 'e' && text_[at_] != 'E')) return;
    std::size_t k = at_ + 1;
    bool const minus = k < text_.size() && text_[k] == '-';
    if (k < text_.size() && (text_[k] == '-' || text_[k] == '+')) ++k;
    if (!digit(k)) return;
    std::int64_t value = 0;
    for (; digit(k); ++k) value = value > 1'000'000 ? value : value * 10 + (text_[k] - '0');
    if (k < text_.size() && is_letter(text_[k])) return;
    scale_ = minus ? -value : value;
    decimal_ = true;
    at_ = k;
  }
  rational integer(std::string_view digits) {
    if (digits.size() <= 18) {
      std::int64_t value = 0;
      for (char c : digits) value = value * 10 + (c - '0');
      return rational(value);
    }
    while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
    if (digits.size() > 30'000) {
      steps_.refuse();
      return rational();
    }
    return rational(big_integer(std::string(digits)), big_integer(1));
  }
  rational scaled(rational const& x, std::int64_t ten) {
    rational const factor = power(rational(10), static_cast<std::uint64_t>(ten < 0 ? -ten : ten), steps_);
    if (steps_.exhausted()) return rational();
    return multiply(x, ten < 0 ? reciprocal(factor) : factor, steps_);
  }
};

}  // namespace reward::math::detail
AHA_NAMESPACE_END
