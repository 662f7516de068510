// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

AHA_NAMESPACE_BEGIN

/// What readers of expressions share: a position in a text, words, numbers, a limit of depth, and the first mistake with its
/// place. Letters and blanks are ASCII's, whatever the locale; every other byte is only ever quoted.
class text_reader {
 public:
  static constexpr int max_depth = 64;

  /// `function` reads `source`, which must outlive the reader.
  text_reader(std::string_view function, std::string_view source) : function_(function), source_(source) {}
  [[nodiscard]] status const& result() const { return status_; }

 protected:
  static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  static constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static constexpr bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

  /// Keeps the first mistake and goes to the end, so that nothing more is read.
  void fail(std::string_view expected) {
    if (!status_.ok()) return;
    std::string const got = at_end() ? "its end" : "'" + quoted(source_.substr(position_, 12)) + "'";
    status_ = bad_argument(function_, "text", expected, got + " at position " + to_text(position_));
    position_ = source_.size();
  }
  /// Bytes outside printable ASCII as \xNN: an error text is valid in every encoding.
  static std::string quoted(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string all;
    for (char const c : bytes) {
      auto const b = static_cast<unsigned char>(c);
      if (b >= 0x20 && b < 0x7F) {
        all += c;
      } else {
        all += "\\x";
        all += digits[b / 16U];
        all += digits[b % 16U];
      }
    }
    return all;
  }
  void skip_space() {
    while (position_ < source_.size() && is_space(source_[position_])) ++position_;
  }
  bool at_end() {
    skip_space();
    return position_ >= source_.size();
  }
  char peek() { return at_end() ? '\0' : source_[position_]; }
  bool accept(char c) {
    if (at_end() || source_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("'") + c + "'");
  }
  std::string word() {
    std::size_t const first = (skip_space(), position_);
    while (position_ < source_.size() && is_word(source_[position_])) ++position_;
    return std::string(source_.substr(first, position_ - first));
  }
  bool starts_number() {
    char const c = peek();
    return is_digit(c) || c == '.';
  }
  /// A number with its sign, or `inf`.
  double number() {
    bool const negative = accept('-');
    skip_space();
    double x = 0;
    if (source_.substr(position_, 3) == "inf") {
      position_ += 3;
      x = std::numeric_limits<double>::infinity();
    } else {
      char const* const first = source_.data() + position_;
      auto const [end, error] = std::from_chars(first, source_.data() + source_.size(), x);
      if (error != std::errc() || !starts_number()) {
        fail("a number");
        return 0;
      }
      position_ += static_cast<std::size_t>(end - first);
    }
    return negative ? -x : x;
  }
  /// One level down, to be left with `--depth_`; false where the text is too deep or wrong already.
  bool deeper() {
    if (++depth_ > max_depth) fail(text("at most ", max_depth, " levels of nesting"));
    return status_.ok();
  }

  std::string_view function_;
  std::string_view source_;
  std::size_t position_ = 0;
  int depth_ = 0;
  status status_;
};

AHA_NAMESPACE_END
