// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

AHA_NAMESPACE_BEGIN

/// Outcome of a validation: `ok()` or a message `aha::<function>: <argument>: expected <what>, got <what>`.
/// Entry points throw `std::invalid_argument` with that message; without exceptions they return it.
class status {
 public:
  status() = default;
  explicit status(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] bool ok() const noexcept { return message_.empty(); }
  [[nodiscard]] std::string const& message() const noexcept { return message_; }

 private:
  std::string message_;
};

/// Decimal text of a number for an error message; text passes through.
template <class X>
std::string to_text(X const& x) {
  if constexpr (std::is_convertible_v<X const&, std::string_view>) {
    return std::string(std::string_view(x));
  } else if constexpr (std::is_same_v<X, bool>) {
    return x ? "true" : "false";
  } else if constexpr (std::is_floating_point_v<X>) {
    // std::to_string prints six decimals, which turns 1e-9 into 0.
    char buffer[32];
    int const n = std::snprintf(buffer, sizeof buffer, "%.9g", static_cast<double>(x));
    return std::string(buffer, static_cast<std::size_t>(n));
  } else {
    return std::to_string(x);
  }
}

/// The one shape of every error text. `expected` and `got` are pieces that are joined without separators by the caller.
inline status bad_argument(std::string_view function, std::string_view argument, std::string_view expected,
                           std::string_view got) {
  std::string text("aha::");
  text.append(function)
      .append(": ")
      .append(argument)
      .append(": expected ")
      .append(expected)
      .append(", got ")
      .append(got);
  return status(std::move(text));
}

/// Joins numbers and text: `text("a column of ", 12, " tokens")`.
template <class... Xs>
std::string text(Xs const&... xs) {
  std::string joined;
  (joined.append(to_text(xs)), ...);
  return joined;
}

/// Ends an entry point whose validation failed: throws `std::invalid_argument`, or, without exceptions, returns a
/// value-initialised `Result` that carries the status (its member `status`).
template <class Result>
Result fail(status const& why) {
#if AHA_EXCEPTIONS
  throw std::invalid_argument(why.message());
#else
  Result result{};
  result.status = why;
  return result;
#endif
}

/// Ends a function whose result has no room for a status: throws, or puts the status into `why`. Without exceptions and
/// without `why` the caller sees from the (empty) result that something was wrong.
inline void report(status const& s, status* why) {
  if (why != nullptr) *why = s;
#if AHA_EXCEPTIONS
  if (why == nullptr && !s.ok()) throw std::invalid_argument(s.message());
#endif
}

AHA_NAMESPACE_END
