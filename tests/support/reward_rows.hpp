// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>
#include <aha/reward/parse.hpp>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

/// Tables that own their columns, and evaluation into vectors, for the tests of rewards.
namespace reward_rows {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// What an evaluation has written.
struct written {
  std::vector<double> reward;
  std::vector<aha::reward::status> status;
  aha::reward::evaluation seen;
};

template <class E>
written run(E const& e, aha::reward::table const& rows, std::int64_t n, int threads = 1) {
  written w;
  w.reward.assign(static_cast<std::size_t>(n), -77.0);
  w.status.assign(static_cast<std::size_t>(n), aha::reward::status::error);
  w.seen = aha::reward::evaluate(aha::thread_executor{threads}, e, rows, {w.reward, w.status});
  return w;
}
/// The rewards of an expression over columns of doubles.
template <class E>
std::vector<double> values(E const& e, std::vector<std::vector<double>> const& columns,
                           std::vector<std::int64_t> const& ids = {}, double step = 0) {
  aha::reward::table rows;
  for (auto const& c : columns) rows.columns.emplace_back(c);
  if (!ids.empty()) rows.by = aha::groups<>::by_id(ids);
  rows.step = step;
  return run(e, rows, columns.empty() ? 1 : static_cast<std::int64_t>(columns[0].size())).reward;
}

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Random columns: 0 and 1 are 0 or 1, 2 and 3 scores, 4 a length; a share of the rows is missing for one reason or other.
struct random_table {
  std::vector<std::vector<aha::reward::outcome>> columns;
  std::vector<std::int64_t> ids;
  aha::reward::table rows;
  std::int64_t n;

  random_table(unsigned seed, std::int64_t count, double missing) : n(count) {
    std::mt19937_64 gen(seed);
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    std::normal_distribution<double> normal(0.3, 2.0);
    for (int c = 0; c < 5; ++c) {
      auto& column = columns.emplace_back();
      for (std::int64_t i = 0; i < n; ++i) {
        double x = c < 2 ? (uniform(gen) < 0.5 ? 0.0 : 1.0) : (c < 4 ? normal(gen) : std::floor(9000 * uniform(gen)));
        auto s = aha::reward::status::scored;
        if (uniform(gen) < missing) s = static_cast<aha::reward::status>(gen() % 6);
        if (s != aha::reward::status::scored && gen() % 2 == 0) x = nan;
        column.emplace_back(x, s);
      }
    }
    for (std::int64_t i = 0; i < n; ++i) ids.push_back(static_cast<std::int64_t>(gen() % (1 + gen() % 97)));
    for (auto const& c : columns) rows.columns.emplace_back(c);
    rows.by = aha::groups<>::by_id(ids);
    rows.step = 30.5;
    rows.running = {aha::moments{10, 0.25, 40.0}, aha::moments{}};
  }
  random_table(random_table const&) = delete;
  random_table& operator=(random_table const&) = delete;
};

}  // namespace reward_rows
