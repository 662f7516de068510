// SPDX-License-Identifier: MIT
#include <aha/reward/task/registry.hpp>

#include "bounds.hpp"

// Named rewards: gold and response, divided by the first zero byte. Values lie in [-1, 1], the same twice; only `scored` is right;
// what is right of a list of numbers stays right whatever their order.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using aha_fuzz::require;
  namespace task = aha::reward::task;
  auto const all = aha_fuzz::text(data, size);
  std::size_t const cut = all.find('\0');
  auto const gold = all.substr(0, cut);
  auto const response = cut == decltype(all)::npos ? all : all.substr(cut + 1);
  for (task::named_reward const& r : task::named_rewards) {
    auto const once = r.judge(gold, response), twice = r.judge(gold, response);
    require(once.value == twice.value && once.status == twice.status && once.reason == twice.reason, "the same twice");
    require(once.value >= -1 && once.value <= 1, "between -1 and 1");
    require(once.value < 1 || once.status == aha::reward::status::scored, "only scored is right");
  }
  task::choice_rules rules;
  rules.texts = {"1/2", std::string(gold), "none of these"};
  auto const chosen = task::multiple_choice("B", response, rules);
  require(chosen.value == 0 || chosen.value == 1, "right or wrong");
  if (auto problem = task::countdown_problem_of(gold)) {
    double const value = task::countdown(*problem, response).value;
    std::reverse(problem->numbers.begin(), problem->numbers.end());
    require(task::countdown(*problem, response).value == value, "the order of the numbers is nothing");
  }
  return 0;
}
