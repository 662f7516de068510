// SPDX-License-Identifier: MIT
// Usage: --tokens=N,N --rows=N --vocabulary=N --groups=N --threads=N,N, and the options of Google Benchmark.

#include "work.hpp"
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

template <class T>
std::vector<T> numbers(std::string_view text) {
  std::vector<T> found;
  std::string one;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != ',') {
      one += text[i];
    } else {
      found.push_back(static_cast<T>(std::atoll(one.c_str())));
      one.clear();
    }
  }
  return found;
}

/// The value of `--name=...`, taken out of the arguments.
std::string_view take(int& argc, char** argv, std::string const& name) {
  std::string const prefix = "--" + name + "=";
  for (int i = 1; i < argc; ++i) {
    std::string_view const argument = argv[i];
    if (argument.substr(0, prefix.size()) != prefix) continue;
    for (int k = i; k + 1 < argc; ++k) argv[k] = argv[k + 1];
    --argc;
    return argument.substr(prefix.size());
  }
  std::fprintf(stderr, "expected %s\n", prefix.c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  bench::sizes s;
  s.tokens = numbers<std::int64_t>(take(argc, argv, "tokens"));
  s.rows = numbers<std::int64_t>(take(argc, argv, "rows")).front();
  s.vocabulary = numbers<std::int64_t>(take(argc, argv, "vocabulary")).front();
  s.groups = numbers<std::int64_t>(take(argc, argv, "groups")).front();
  s.threads = numbers<int>(take(argc, argv, "threads"));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  bench::registry works(s);
  bench::register_logp(works);
  bench::register_dynamic(works);
  bench::register_logits(works);
  bench::register_advantages(works);
  bench::register_copy(works);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
