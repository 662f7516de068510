// SPDX-License-Identifier: MIT
#pragma once

// How rows of bench/cuda are timed: candidates of one case take turns, by CUDA events; short ones as replays of a graph.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime_api.h>
#include <functional>
#include <regex>
#include <string>
#include <vector>

namespace timing {

inline void require(cudaError_t code, char const* what) {
  if (code == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(code));
  std::exit(1);
}

/// One implementation of a case. `bytes`: the least that has to move.
struct candidate {
  std::string work, shape, dtype, implementation;
  double bytes = 0;
  std::function<void(cudaStream_t)> call;
  std::vector<double> seconds;
};

/// A row a line, for measure.py.
inline void print(candidate const& c) {
  std::printf(
      "{\"work\": \"%s\", \"shape\": \"%s\", \"dtype\": \"%s\", \"implementation\": \"%s\", \"bytes\": %.0f, "
      "\"seconds\": [",
      c.work.c_str(), c.shape.c_str(), c.dtype.c_str(), c.implementation.c_str(), c.bytes);
  for (std::size_t i = 0; i < c.seconds.size(); ++i) std::printf("%s%.9g", i == 0 ? "" : ", ", c.seconds[i]);
  std::printf("]}\n");
  std::fflush(stdout);
}

/// Calls of one sample: several even of the longest, for a call pays for what the one before has left unwritten in the L2
/// cache (up to 17 us of an H100), which should be its own kind. Short ones as a graph: the host would be measured. Long ones
/// not: copies of some sizes are a quarter slower in a graph.
struct sampling {
  int calls;
  bool graph;
};
inline constexpr sampling long_calls{4, false};
inline constexpr sampling short_calls{20, true};

class clock {
 public:
  /// Only candidates whose "work [shape] dtype implementation" matches are measured, copies and reads always.
  explicit clock(std::string const& filter) : filter_(filter) {
    require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "stream");
    require(cudaEventCreate(&begin_), "event");
    require(cudaEventCreate(&end_), "event");
  }
  clock(clock const&) = delete;
  clock& operator=(clock const&) = delete;
  ~clock() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
    cudaStreamDestroy(stream_);
  }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }

  /// `rounds` samples of every candidate, in turns.
  void measure(std::vector<candidate>& all, int rounds, sampling const& sample) {
    bool any = false;
    for (std::size_t i = all.size(); i-- > 0;) {
      bool const ceiling = all[i].work == "copy" || all[i].work == "read";
      any = any || (!ceiling && wanted(all[i]));
      if (!ceiling && !wanted(all[i])) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (!any) return;
    std::vector<cudaGraphExec_t> graphs(all.size(), nullptr);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].call(stream_);  // modules are loaded, caches of the library filled
      if (!sample.graph) continue;
      cudaGraph_t graph;
      require(cudaStreamSynchronize(stream_), all[i].implementation.c_str());
      require(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), "capture");
      for (int k = 0; k < sample.calls; ++k) all[i].call(stream_);
      require(cudaStreamEndCapture(stream_, &graph), "capture");
      require(cudaGraphInstantiate(&graphs[i], graph, 0), "graph");
      require(cudaGraphDestroy(graph), "graph");
    }
    for (int round = -1; round < rounds; ++round) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        require(cudaEventRecord(begin_, stream_), "record");
        if (sample.graph) {
          require(cudaGraphLaunch(graphs[i], stream_), "graph");
        } else {
          for (int k = 0; k < sample.calls; ++k) all[i].call(stream_);
        }
        require(cudaEventRecord(end_, stream_), "record");
        require(cudaEventSynchronize(end_), all[i].implementation.c_str());
        float ms = 0;
        require(cudaEventElapsedTime(&ms, begin_, end_), "time");
        if (round >= 0) all[i].seconds.push_back(static_cast<double>(ms) * 1e-3 / sample.calls);
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (graphs[i] != nullptr) require(cudaGraphExecDestroy(graphs[i]), "graph");
      print(all[i]);
    }
  }

  /// Seconds that the host spends in a call, the device kept busy enough not to be waited for.
  void measure_host(candidate c, int rounds) {
    if (!wanted(c)) return;
    c.call(stream_);
    require(cudaStreamSynchronize(stream_), "host");
    for (int round = 0; round < rounds; ++round) {
      constexpr int calls = 50;
      auto const begin = std::chrono::steady_clock::now();
      for (int k = 0; k < calls; ++k) c.call(stream_);
      std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
      require(cudaStreamSynchronize(stream_), "host");
      c.seconds.push_back(took.count() / calls);
    }
    print(c);
  }

 private:
  [[nodiscard]] bool wanted(candidate const& c) const {
    return std::regex_search(c.work + " " + c.shape + " " + c.dtype + " " + c.implementation, filter_);
  }

  std::regex filter_;
  cudaStream_t stream_{};
  cudaEvent_t begin_{};
  cudaEvent_t end_{};
};

}  // namespace timing
