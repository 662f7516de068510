// SPDX-License-Identifier: MIT
#pragma once

// One measured work: what it is called in the table, what it moves, and how it is run and checked.

#include <aha/aha.hpp>
#include <benchmark/benchmark.h>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// What the caller of this program chose; there are no defaults here, so that no peer can run at another size.
struct sizes {
  std::vector<std::int64_t> tokens;  ///< of logp_loss_grad, one case each
  std::int64_t rows = 0;             ///< of logits
  std::int64_t vocabulary = 0;
  std::int64_t groups = 0;  ///< of group_advantages
  std::vector<int> threads;
};

/// Two numbers that tell whether an implementation did the work: the loss and the sum of |gradient|, or the like. The
/// report refuses a run in which two implementations of one case disagree.
struct check {
  double value = 0;
  double size = 0;
};

struct row {
  std::string work, shape, dtype, implementation;
  std::int64_t bytes = 0;  ///< the least that has to move: every input read once, every output written once
};

inline double sum_of_magnitudes(float const* p, std::size_t n) {
  double s = 0;
  for (std::size_t i = 0; i < n; ++i) s += std::abs(static_cast<double>(p[i]));
  return s;
}

/// Where works are registered.
class registry {
 public:
  explicit registry(bench::sizes chosen) : sizes(std::move(chosen)) {}

  bench::sizes const sizes;

  /// Registers `call(threads)` under the row's name for every number of threads. `checked` is asked once, after a call
  /// that is not timed.
  void measure(row const& r, std::function<void(int)> const& call, std::function<check()> const& checked) {
    if (r.work != "copy") moved_.insert(r.bytes);
    for (int const threads : sizes.threads) {
      std::string const name =
          r.work + "|" + r.shape + "|" + r.dtype + "|" + r.implementation + "|" + std::to_string(threads);
      auto const known = std::make_shared<std::vector<check>>();
      benchmark::RegisterBenchmark(name.c_str(),
                                   [=](benchmark::State& state) {
                                     if (known->empty()) {
                                       call(threads);
                                       known->push_back(checked());
                                     }
                                     for (auto _ : state) {
                                       call(threads);
                                       benchmark::ClobberMemory();
                                     }
                                     state.counters["bytes"] = static_cast<double>(r.bytes);
                                     state.counters["value"] = known->front().value;
                                     state.counters["size"] = known->front().size;
                                   })
          ->UseRealTime()
          ->Unit(benchmark::kNanosecond);
    }
  }

  /// The traffic of every work so far: the copy is measured at each.
  std::set<std::int64_t> const& moved() const { return moved_; }

 private:
  std::set<std::int64_t> moved_;
};

/// The works of this program, each in its own file. The copy comes last: it follows the others' sizes.
void register_logp(registry& to);
void register_dynamic(registry& to);
void register_logits(registry& to);
void register_advantages(registry& to);
void register_copy(registry& to);

}  // namespace bench
