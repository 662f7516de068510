// SPDX-License-Identifier: MIT
#pragma once

// What the device tests share: checks that are counted, and arrays in device memory with guards around them. Plain C++ and
// the CUDA runtime, since the machines that have a GPU may lack GoogleTest.

#include <cuda_runtime_api.h>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace check {

struct counts {
  long passed = 0;
  long failed = 0;
};
inline counts& all() {
  static counts c;
  return c;
}
/// What the next checks are about; printed where one fails.
inline std::string& about() {
  static std::string text;
  return text;
}
inline bool that(bool ok, char const* what) {
  ok ? ++all().passed : ++all().failed;
  if (!ok && all().failed <= 40) std::printf("FAILED %s: %s\n", about().c_str(), what);
  return ok;
}
/// |got - want| within `relative` of want and `absolute`; NaN and infinities must be the same.
inline bool near(double got, double want, double relative, double absolute, char const* what) {
  bool const same = got == want || (got != got && want != want);
  bool const ok = same || std::abs(got - want) <= relative * std::abs(want) + absolute;
  ok ? ++all().passed : ++all().failed;
  if (!ok && all().failed <= 40) {
    std::printf("FAILED %s: %s: %.17g, expected %.17g\n", about().c_str(), what, got, want);
  }
  return ok;
}
/// One check for a whole array: the worst entry is named.
template <class A, class B>
bool near_all(std::vector<A> const& got, std::vector<B> const& want, double relative, double absolute, char const* what) {
  std::size_t worst = 0;
  double most = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    double const g = static_cast<double>(got[i]);
    double const w = static_cast<double>(want[i]);
    if (g == w || (g != g && w != w)) continue;
    double excess = std::abs(g - w) / (relative * std::abs(w) + absolute);
    if (!(excess == excess)) excess = 1e300;
    if (excess > most) {
      most = excess;
      worst = i;
    }
  }
  bool const ok = got.size() == want.size() && most <= 1;
  ok ? ++all().passed : ++all().failed;
  if (!ok && all().failed <= 40) {
    std::printf("FAILED %s: %s[%zu]: %.9g, expected %.9g\n", about().c_str(), what, worst,
                worst < got.size() ? static_cast<double>(got[worst]) : 0.0, static_cast<double>(want[worst]));
  }
  return ok;
}
template <class T>
bool same_bits(T const& a, T const& b, char const* what) {
  return that(std::memcmp(&a, &b, sizeof a) == 0, what);
}
template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b, char const* what) {
  return that(a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0), what);
}
/// The text of the std::exception that f throws contains `part`.
template <class F>
bool raises(F const& f, char const* part) {
  std::string text = "nothing was thrown";
  try {
    f();
  } catch (std::exception const& e) {
    text = e.what();
    if (text.find(part) != std::string::npos) return that(true, part);
  }
  return that(false, (std::string("an error with \"") + part + "\", got \"" + text + "\"").c_str());
}
inline void cuda(cudaError_t code) {
  if (code == cudaSuccess) return;
  std::printf("CUDA: %s (%s)\n%ld passed, %ld failed\n", cudaGetErrorString(code), about().c_str(), all().passed,
              all().failed + 1);
  std::exit(1);
}
/// Ends a test program.
inline int finish() {
  cuda(cudaDeviceSynchronize());
  std::printf("%ld passed, %ld failed\n", all().passed, all().failed);
  return all().failed == 0 && all().passed > 0 ? 0 : 1;
}

/// An array in device memory, `shift` entries behind an aligned address, between guards.
template <class T>
class device_array {
 public:
  explicit device_array(std::size_t n = 0, int shift = 0) : n_(n), shift_(shift) {
    cuda(cudaMalloc(&memory_, bytes()));
    cuda(cudaMemset(memory_, guard, bytes()));
  }
  explicit device_array(std::vector<T> const& from, int shift = 0) : device_array(from.size(), shift) { set(from); }
  device_array(device_array const&) = delete;
  device_array& operator=(device_array const&) = delete;
  device_array(device_array&& o) noexcept : n_(o.n_), shift_(o.shift_), memory_(o.memory_) { o.memory_ = nullptr; }
  device_array& operator=(device_array&& o) noexcept {
    std::swap(n_, o.n_);
    std::swap(shift_, o.shift_);
    std::swap(memory_, o.memory_);
    return *this;
  }
  ~device_array() { cudaFree(memory_); }

  T* data() const { return reinterpret_cast<T*>(memory_ + edge) + shift_; }
  std::int64_t size() const { return static_cast<std::int64_t>(n_); }
  void set(std::vector<T> const& from) const {
    if (n_ > 0) cuda(cudaMemcpy(data(), from.data(), n_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  std::vector<T> get() const {
    std::vector<T> to(n_);
    if (n_ > 0) cuda(cudaMemcpy(to.data(), data(), n_ * sizeof(T), cudaMemcpyDeviceToHost));
    return to;
  }
  void copy_from(device_array const& o) const {
    if (n_ > 0) cuda(cudaMemcpy(data(), o.data(), n_ * sizeof(T), cudaMemcpyDeviceToDevice));
  }
  /// Nothing was written outside.
  bool intact() const {
    std::vector<unsigned char> all(bytes());
    cuda(cudaMemcpy(all.data(), memory_, bytes(), cudaMemcpyDeviceToHost));
    std::size_t const begin = edge + static_cast<std::size_t>(shift_) * sizeof(T);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((i < begin || i >= begin + n_ * sizeof(T)) && all[i] != guard) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t edge = 256;
  static constexpr int guard = 0xAB;
  std::size_t bytes() const { return 2 * edge + (n_ + 8) * sizeof(T); }
  std::size_t n_;
  int shift_;
  unsigned char* memory_ = nullptr;
};

}  // namespace check
