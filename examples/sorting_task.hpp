// SPDX-License-Identifier: MIT
#pragma once

// The task of the two trainers: sort three digits. 7 2 5 is answered by 2 5 7, one digit after the other.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

namespace sorting {

inline constexpr int digits = 10;  ///< symbols of the vocabulary
inline constexpr int length = 3;   ///< digits of a problem and of its answer
using triple = std::array<int, length>;

/// All thousand problems in an order of their own, and how many of them (from the front) are never trained on.
inline constexpr std::size_t held_out = 200;
inline std::vector<triple> problems() {
  std::vector<triple> all;
  for (int i = 0; i < digits * digits * digits; ++i) all.push_back({i / 100, i / 10 % 10, i % 10});
  std::mt19937_64 random(1);
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random() % i]);
  return all;
}

inline triple sorted(triple problem) {
  std::sort(problem.begin(), problem.end());
  return problem;
}

/// The rule that rewards an answer: the fraction of its digits that are right.
inline float reward(triple const& problem, triple const& answer) {
  triple const right = sorted(problem);
  int n = 0;
  for (std::size_t k = 0; k < length; ++k) n += answer[k] == right[k] ? 1 : 0;
  return static_cast<float>(n) / length;
}

/// What a policy reads before it writes digit `step`: the problem, its answer so far (`digits` where there is none yet)
/// and the step. Each of the slots has `slot_values` possible values.
inline constexpr int slots = 2 * length;
inline constexpr int slot_values = digits + 1;
inline std::array<int, slots> context(triple const& problem, triple const& answer, int step) {
  return {problem[0], problem[1], problem[2], step > 0 ? answer[0] : digits, step > 1 ? answer[1] : digits, step};
}

/// Some held-out problems with their answers, and the fraction of all of them that is sorted. `answers` are those of the
/// first `held_out` problems.
inline double accuracy(std::vector<triple> const& all, std::vector<triple> const& answers) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) right += answers[i] == sorted(all[i]) ? 1U : 0U;
  return static_cast<double>(right) / static_cast<double>(answers.size());
}
inline void show(char const* when, std::vector<triple> const& all, std::vector<triple> const& answers) {
  std::printf("%s, on %zu problems that are never trained on: %.1f %% sorted\n", when, answers.size(),
              100 * accuracy(all, answers));
  for (std::size_t i = 0; i < 4; ++i) {
    std::printf("  %d %d %d -> %d %d %d%s\n", all[i][0], all[i][1], all[i][2], answers[i][0], answers[i][1],
                answers[i][2], answers[i] == sorted(all[i]) ? "" : "   wrong");
  }
}

}  // namespace sorting
