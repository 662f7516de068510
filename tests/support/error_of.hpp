// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

/// The error text of a call that raises; "no error" where it does not.
template <class F>
std::string error_of(F const& call) {
  try {
    call();
  } catch (std::invalid_argument const& e) {
    return e.what();
  }
  return "no error";
}
