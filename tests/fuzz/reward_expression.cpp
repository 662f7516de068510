// SPDX-License-Identifier: MIT
// The reader of reward expressions: an error text is printable, an expression reads back to the same text and the same bits.
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>
#include <aha/reward/parse.hpp>
#include <cstdlib>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace aha;
  status why;
  auto const e = reward::parse(std::string_view(reinterpret_cast<char const*>(data), size), &why);
  if (!why.ok()) {
    for (char const c : why.message()) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) std::abort();
    }
    return 0;
  }
  std::string const text = to_string(e);
  auto const back = reward::parse(text);
  if (to_string(back) != text) std::abort();
  std::vector<double> const x{1, 0, -2.5, 1e139};
  std::vector<double> const y{0, 1, 2, 3};
  std::vector<double> one(4);
  std::vector<double> two(4);
  std::vector<std::int64_t> const ids{0, 0, 1, 1};
  reward::table rows{{reward::component(x, "a"), reward::component(y, "b"), y}, groups<>::by_id(ids), 3};
  rows.running = {moments{3, 1, 2}, moments{}};
  try {
    reward::evaluate(serial_executor{}, e, rows, {one});
  } catch (std::invalid_argument const&) {
    return 0;  // a column that is not there
  }
  reward::evaluate(serial_executor{}, back, rows, {two});
  if (std::memcmp(one.data(), two.data(), 4 * sizeof(double)) != 0) std::abort();
  return 0;
}
