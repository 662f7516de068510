// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/text/character.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

// Peers are written in Python: what their strings, numbers and simplest regular expressions do, each in linear time.

/// str.replace: every occurrence, from the left.
inline std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = text.find(what); !what.empty() && at != std::string_view::npos; at = text.find(what, begin)) {
    result.append(text.substr(begin, at - begin)).append(with);
    begin = at + what.size();
  }
  return result.append(text.substr(begin));
}
/// str.split with a separator.
inline std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}
/// str.count: occurrences that do not overlap.
inline std::int64_t count(std::string_view text, std::string_view what) {
  return static_cast<std::int64_t>(split(text, what).size()) - 1;
}
/// What stands behind the last occurrence; the whole text where there is none.
inline std::string_view after_last(std::string_view text, std::string_view separator) {
  std::size_t const at = text.rfind(separator);
  return at == std::string_view::npos ? text : text.substr(at + separator.size());
}
/// True where a text begins or ends with another.
inline bool starts_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }
inline bool ends_with(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}
/// True where a text occurs in another.
inline bool contains(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }
/// The characters between the first occurrence of `open` and what `close` is sought for behind it: first (.*?) or last (.*).
inline std::optional<std::string_view> between(std::string_view text, std::string_view open, std::string_view close,
                                               bool last = false) {
  std::size_t const at = text.find(open);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t const begin = at + open.size();
  std::size_t const end = last ? text.rfind(close) : text.find(close, begin);
  if (end == std::string_view::npos || end < begin) return std::nullopt;
  return text.substr(begin, end - begin);
}
/// The last of the stretches that <open>(.*?)<close> finds from the left, the dot stopping at line ends unless `lines`.
inline std::optional<std::string_view> last_between(std::string_view text, std::string_view open,
                                                    std::string_view close, bool lines) {
  std::optional<std::string_view> found;
  std::size_t end = 0;
  std::size_t line_end = lines ? std::string_view::npos : 0;
  for (std::size_t at = text.find(open); at != std::string_view::npos;) {
    std::size_t const begin = at + open.size();
    if (end < begin) end = text.find(close, begin);
    if (end == std::string_view::npos) break;
    if (!lines && line_end < begin) line_end = text.find('\n', begin);
    if (line_end < end) {
      at = text.find(open, at + 1);
      continue;
    }
    found = text.substr(begin, end - begin);
    at = text.find(open, end + close.size());
  }
  return found;
}

/// A text of ASCII digits.
inline bool all_digits(std::string_view text) {
  for (char const c : text) {
    if (!unicode::is_ascii_digit(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}
/// The text with single underscores between digits taken out, as Python's numbers allow them; nullopt where one is amiss.
inline std::optional<std::string> without_underscores(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const digit = [&](std::size_t k) {
      return k < text.size() && unicode::is_ascii_digit(static_cast<unsigned char>(text[k]));
    };
    if (text[i] != '_') {
      plain.push_back(text[i]);
    } else if (i == 0 || !digit(i - 1) || !digit(i + 1)) {
      return std::nullopt;
    }
  }
  return plain;
}
/// float(text): white space around it, a sign, digits with underscores, an exponent, inf, infinity, nan in any case.
inline std::optional<double> to_float(std::string_view text) {
  std::optional<std::string> const plain = without_underscores(unicode::stripped(text));
  if (!plain || plain->empty()) return std::nullopt;
  std::string_view s = *plain;
  bool const negative = s.front() == '-';
  if (negative || s.front() == '+') s.remove_prefix(1);
  std::string const small = unicode::lowered(s);
  double value = 0;
  if (small == "inf" || small == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (small == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (s.empty() || (!unicode::is_ascii_digit(static_cast<unsigned char>(s.front())) && s.front() != '.')) {
      return std::nullopt;
    }
    auto const [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (end != s.data() + s.size() || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      // from_chars leaves the value alone: too large is infinite, too small is 0, by the exponent's sign.
      bool const tiny = contains(small, "e-") || (!contains(small, "e") && starts_with(small, "0")) || small[0] == '.';
      value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    }
  }
  return negative ? -value : value;
}
/// int(text) as the decimal text that str() gives it: no leading zeros, no plus sign; any length.
inline std::optional<std::string> to_int_text(std::string_view text) {
  std::optional<std::string> const plain = without_underscores(unicode::stripped(text));
  if (!plain) return std::nullopt;
  std::string_view s = *plain;
  bool const negative = starts_with(s, "-");
  if (negative || starts_with(s, "+")) s.remove_prefix(1);
  if (!all_digits(s)) return std::nullopt;
  while (s.size() > 1 && s.front() == '0') s.remove_prefix(1);
  return (negative && s != "0" ? "-" : "") + std::string(s);
}
/// str(int(x)) of a finite number.
inline std::string int_text(double x) {
  char buffer[400];
  double const whole = std::trunc(x);
  int const n = std::snprintf(buffer, sizeof buffer, "%.0f", whole == 0.0 ? 0.0 : whole);
  return std::string(buffer, static_cast<std::size_t>(n));
}
/// str(x) of a float: the shortest digits that read back as x, "1.0", "1e-07", "1e+16", "inf".
inline std::string float_text(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  char buffer[400];
  double const size = std::fabs(x);
  bool const exponent = size != 0.0 && (size < 1e-4 || size >= 1e16);
  auto const format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  std::string s(buffer, std::to_chars(buffer, buffer + sizeof buffer, x, format).ptr);
  if (!exponent && !contains(s, ".")) s += ".0";
  return s;
}

}  // namespace reward::compat
AHA_NAMESPACE_END
