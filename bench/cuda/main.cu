// SPDX-License-Identifier: MIT
// aha_bench_cuda [--smoke] [--filter REGEX]: the C++ rows of bench/run.sh cuda, one JSON object a line. Ceilings of the same run (a
// device-to-device copy, a read), the kernels over rows of logits at many vocabularies, the token engine, host costs.
#include <aha/cuda/loss_from_logits.cuh>
#include <cstring>

#include "timing.cuh"

using namespace aha;
using timing::candidate;

namespace {

template <class T>
struct device_memory {
  T* data = nullptr;
  std::int64_t n = 0;
  explicit device_memory(std::int64_t size) : n(size) {
    timing::require(cudaMalloc(&data, static_cast<std::size_t>(size) * sizeof(T) + 256), "memory");
  }
  device_memory(device_memory const&) = delete;
  device_memory& operator=(device_memory const&) = delete;
  ~device_memory() { cudaFree(data); }
  [[nodiscard]] span<T, device> all() const { return {data, n}; }
  void set(std::vector<T> const& from) const {
    timing::require(cudaMemcpy(data, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice), "copy");
  }
};

}  // namespace

/// Numbers like a language model's logits: about normal, a deviation of 3.
template <class Stored>
static __global__ void fill_logits_kernel(Stored* x, std::int64_t n) {
  std::int64_t const step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    unsigned long long h = static_cast<unsigned long long>(i) * 0x9E3779B97F4A7C15ULL;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9ULL;
    h ^= h >> 32;
    float const u = static_cast<float>(h & 0xFFFFFFU) / 16777216.0F + 1e-7F;
    float const v = static_cast<float>(h >> 24U & 0xFFFFFFU) / 16777216.0F;
    x[i] = narrowed<Stored>(3.0F * sqrtf(-2.0F * logf(u)) * cosf(6.2831853F * v));
  }
}
static __global__ void fill_kernel(float* x, std::int64_t n, float low, float high, unsigned seed) {
  std::int64_t const step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    unsigned h = (static_cast<unsigned>(i) + seed) * 2654435761U;
    h ^= h >> 15;
    h *= 2246822519U;
    h ^= h >> 13;
    x[i] = low + (high - low) * static_cast<float>(h & 0xFFFFFFU) / 16777216.0F;
  }
}
static __global__ void read_kernel(uint4 const* from, unsigned* to, std::int64_t n) {
  unsigned sum = 0;
  std::int64_t const step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  for (; i + 3 * step < n; i += 4 * step) {
    uint4 x[4];
#pragma unroll
    for (int k = 0; k < 4; ++k) x[k] = __ldcs(from + i + k * step);
#pragma unroll
    for (int k = 0; k < 4; ++k) sum += x[k].x ^ x[k].y ^ x[k].z ^ x[k].w;
  }
  for (; i < n; i += step) sum += from[i].x;
  if (sum == 12345U) *to = sum;  // never, but nobody knows
}

/// The batch of every case: sequences of `length` tokens, the columns of GRPO.
struct token_columns {
  device_memory<float> logp, old_logp, ref_logp, adv, dlogp;
  device_memory<std::int32_t> cu;
  device_memory<loss_record> record{1};
  token_batch<device> batch;
  token_columns(std::int64_t tokens, std::int64_t length)
      : logp(tokens),
        old_logp(tokens),
        ref_logp(tokens),
        adv(tokens),
        dlogp(tokens),
        cu((tokens + length - 1) / length + 1) {
    fill_kernel<<<1024, 256>>>(logp.data, tokens, -8, 0, 1);
    fill_kernel<<<1024, 256>>>(old_logp.data, tokens, -8, 0, 1);  // on policy but for the noise of the next line
    fill_kernel<<<1024, 256>>>(ref_logp.data, tokens, -8, 0, 1);
    fill_kernel<<<1024, 256>>>(adv.data, tokens, -2, 2, 7);
    std::vector<std::int32_t> offsets{0};
    while (offsets.back() < tokens) {
      std::int64_t const next = offsets.back() + length;
      offsets.push_back(static_cast<std::int32_t>(next < tokens ? next : tokens));
    }
    cu.set(offsets);
    auto const sequences = static_cast<std::int64_t>(offsets.size()) - 1;
    batch = token_batch<device>(packed<device>(span<std::int32_t const, device>(cu.data, sequences + 1)));
    batch.logp = span<float const, device>(logp.data, tokens);
    batch.old_logp = span<float const, device>(old_logp.data, tokens);
    batch.ref_logp = span<float const, device>(ref_logp.data, tokens);
    batch.adv = per_token(span<float const, device>(adv.data, tokens));
    batch.totals = totals(static_cast<double>(tokens), static_cast<double>(sequences));
  }
};

static auto const grpo = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
static auto const dapo = token_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
static auto const gspo = sequence_mean(clip<level::sequence>{3e-4, 4e-4} + 0.04 * kl(k3));

template <class Stored>
static void rows_of_logits(timing::clock& clock, std::int64_t rows, std::int64_t V, int rounds, bool everything) {
  std::int64_t const n = rows * V;
  device_memory<Stored> x(n);
  device_memory<Stored> g(n);
  fill_logits_kernel<<<2048, 256>>>(x.data, n);
  std::vector<std::int64_t> ids;
  for (std::int64_t r = 0; r < rows; ++r) ids.push_back(r * 7919 % V);
  device_memory<std::int64_t> targets(rows);
  targets.set(ids);
  token_columns t(rows, rows < 512 ? rows : 512);
  token_batch<device> b = t.batch;
  b.logp = {};
  logit_rows<device> const view(matrix<Stored const, device>(x.data, rows, V),
                                index_view<device>(span<std::int64_t const, device>(targets.data, rows)));
  logit_gradient<device> const apart(matrix<Stored, device>(g.data, rows, V));
  device_memory<std::byte> space(
      std::max(workspace_bytes(exec::cuda{}, grpo, view, b), workspace_bytes(exec::cuda{}, gspo, view, b)));
  device_memory<float> logp(rows), entropy(rows);
  logp_outputs<float, device> out;
  out.logp = logp.all();
  out.entropy = entropy.all();
  double const one_way = static_cast<double>(n) * sizeof(Stored);
  std::string const shape = "[" + std::to_string(rows) + ", " + std::to_string(V) + "]";
  std::string const type = name_of(dtype_of<Stored>());
  auto const row = [&](char const* work, char const* who, double bytes, std::function<void(cudaStream_t)> f) {
    return candidate{work, shape, type, who, bytes, std::move(f), {}};
  };
  auto const granules = static_cast<std::int64_t>(one_way) / 16;
  std::vector<candidate> all;
  all.push_back(row("copy", "cudaMemcpyAsync", 2 * one_way, [&](cudaStream_t s) {
    timing::require(cudaMemcpyAsync(g.data, x.data, static_cast<std::size_t>(one_way), cudaMemcpyDeviceToDevice, s),
                    "copy");
  }));
  all.push_back(row("read", "read kernel", one_way, [&](cudaStream_t s) {
    read_kernel<<<1056, 512, 0, s>>>(reinterpret_cast<uint4 const*>(x.data), reinterpret_cast<unsigned*>(logp.data),
                                     granules);
  }));
  all.push_back(row("logits_loss_grad", "aha", 2 * one_way, [&](cudaStream_t s) {
    loss_from_logits(exec::cuda{s}, grpo, view, b, apart, t.record.data, space.all(), observe::none);
  }));
  all.push_back(
      row("token_logp entropy", "aha", one_way, [&](cudaStream_t s) { token_logp(exec::cuda{s}, view, {}, out); }));
  if (everything) {
    logit_gradient<device> here(matrix<Stored, device>(x.data, rows, V));
    here.inplace = true;
    all.push_back(row("logits_loss_grad", "aha observed", 2 * one_way, [&](cudaStream_t s) {
      loss_from_logits(exec::cuda{s}, grpo, view, b, apart, t.record.data, space.all());
    }));
    all.push_back(row("logits_loss_grad sequence ratio", "aha", 3 * one_way, [&](cudaStream_t s) {
      loss_from_logits(exec::cuda{s}, gspo, view, b, apart, t.record.data, space.all(), observe::none);
    }));
    all.push_back(row("logits_loss_grad", "aha in place", 2 * one_way, [&, here](cudaStream_t s) {
      loss_from_logits(exec::cuda{s}, grpo, view, b, here, t.record.data, space.all(), observe::none);
    }));
  }
  clock.measure(all, rounds, rows < 1024 ? timing::short_calls : timing::long_calls);
}

static void tokens(timing::clock& clock, std::int64_t n, int rounds, timing::sampling const& sample) {
  token_columns t(n, 4096);
  device_memory<std::byte> space(workspace_bytes(exec::cuda{}, grpo, t.batch));
  outputs<float, device> out;
  out.dlogp = t.dlogp.all();
  std::string const shape = "[" + std::to_string(n) + "]";
  double const bytes = 20.0 * static_cast<double>(n);
  std::vector<candidate> all;
  device_memory<float> a(n * 5 / 2), b(n * 5 / 2);
  all.push_back(
      {"copy",
       shape,
       "float32",
       "cudaMemcpyAsync",
       bytes,
       [&](cudaStream_t s) {
         timing::require(
             cudaMemcpyAsync(b.data, a.data, static_cast<std::size_t>(bytes / 2), cudaMemcpyDeviceToDevice, s), "copy");
       },
       {}});
  all.push_back(
      {"logp_loss_grad",
       shape,
       "float32",
       "aha",
       bytes,
       [&](cudaStream_t s) { loss(exec::cuda{s}, grpo, t.batch, out, t.record.data, space.all(), observe::none); },
       {}});
  all.push_back({"logp_loss_grad",
                 shape,
                 "float32",
                 "aha observed",
                 bytes,
                 [&](cudaStream_t s) { loss(exec::cuda{s}, grpo, t.batch, out, t.record.data, space.all()); },
                 {}});
  // Rows of 4096 under a mask of bytes, the last eighth of each masked; an advantage a sequence.
  std::int64_t const width = 4096;
  std::int64_t const rows = n / width;
  device_memory<unsigned char> mask(n);
  timing::require(cudaMemset(mask.data, 0, static_cast<std::size_t>(n)), "mask");
  timing::require(cudaMemset2D(mask.data, static_cast<std::size_t>(width), 1, static_cast<std::size_t>(width * 7 / 8),
                               static_cast<std::size_t>(rows)),
                  "mask");
  token_batch<device> padded_batch(padded<device>(rows, width));
  auto const matrix_of = [&](device_memory<float> const& x) {
    return matrix<float const, device>(x.data, rows, width);
  };
  padded_batch.logp = matrix_of(t.logp);
  padded_batch.old_logp = matrix_of(t.old_logp);
  padded_batch.ref_logp = matrix_of(t.ref_logp);
  padded_batch.adv = per_sequence(span<float const, device>(t.adv.data, rows));
  padded_batch.mask = matrix<unsigned char const, device>(mask.data, rows, width);
  padded_batch.totals = t.batch.totals;
  device_memory<std::byte> masked_space(workspace_bytes(exec::cuda{}, dapo, padded_batch));
  outputs<float, device> masked_out;
  masked_out.dlogp = matrix<float, device>(t.dlogp.data, rows, width);
  dynamic_objective const chosen(dapo);
  double const masked_bytes = 17.0 * static_cast<double>(n);
  auto const masked = [&](char const* who, auto const& objective, unsigned observed) {
    all.push_back({"logp_loss_grad masked",
                   shape,
                   "float32",
                   who,
                   masked_bytes,
                   [&, observed](cudaStream_t s) {
                     loss(exec::cuda{s}, objective, padded_batch, masked_out, t.record.data, masked_space.all(),
                          observed);
                   },
                   {}});
  };
  if (rows * width == n) {
    masked("aha", dapo, observe::none);
    masked("aha observed", dapo, observe::defaults);
    masked("aha observed, chosen at run time", chosen, observe::defaults);
  }
  clock.measure(all, rounds, sample);
}

int main(int count, char** arguments) {
  bool smoke = false;
  char const* filter = "";
  for (int k = 1; k < count; ++k) {
    if (std::strcmp(arguments[k], "--smoke") == 0) smoke = true;
    if (std::strcmp(arguments[k], "--filter") == 0 && k + 1 < count) filter = arguments[++k];
  }
  timing::clock clock{filter};
  if (smoke) {
    rows_of_logits<bfloat16>(clock, 64, 1003, 2, true);
    tokens(clock, 5000, 2, timing::short_calls);
    return 0;
  }
  rows_of_logits<bfloat16>(clock, 8192, 151936, 25, true);
  for (std::int64_t V : {32000, 50257, 65536, 100352, 128256, 129280, 202048, 248320})
    rows_of_logits<bfloat16>(clock, 8192, V, 15, false);
  rows_of_logits<bfloat16>(clock, 65536, 32000, 10, false);
  for (std::int64_t rows : {1, 64}) rows_of_logits<bfloat16>(clock, rows, 151936, 25, true);
  rows_of_logits<float>(clock, 4096, 151936, 15, true);
  rows_of_logits<float>(clock, 8192, 50257, 15, false);
  rows_of_logits<float16>(clock, 8192, 151936, 15, false);
  tokens(clock, 33554432, 25, timing::long_calls);
  tokens(clock, 1048576, 25, timing::short_calls);
  tokens(clock, 4096, 25, timing::short_calls);
  // What the host spends: the smallest problem, so that the device never makes it wait.
  {
    token_columns t(256, 64);
    device_memory<std::byte> space(workspace_bytes(exec::cuda{}, grpo, t.batch));
    outputs<float, device> out;
    out.dlogp = t.dlogp.all();
    clock.measure_host({"host cost of a call",
                        "[256]",
                        "float32",
                        "aha loss",
                        0,
                        [&](cudaStream_t s) { loss(exec::cuda{s}, grpo, t.batch, out, t.record.data, space.all()); },
                        {}},
                       25);
  }
  {
    device_memory<bfloat16> x(64 * 1024), g(64 * 1024);
    fill_logits_kernel<<<64, 256>>>(x.data, 64 * 1024);
    device_memory<std::int64_t> targets(64);
    targets.set(std::vector<std::int64_t>(64, 5));
    token_columns t(64, 16);
    token_batch<device> b = t.batch;
    b.logp = {};
    logit_rows<device> const view(matrix<bfloat16 const, device>(x.data, 64, 1024),
                                  index_view<device>(span<std::int64_t const, device>(targets.data, 64)));
    device_memory<std::byte> space(workspace_bytes(exec::cuda{}, grpo, view, b));
    clock.measure_host({"host cost of a call",
                        "[64, 1024]",
                        "bfloat16",
                        "aha loss_from_logits",
                        0,
                        [&](cudaStream_t s) {
                          loss_from_logits(exec::cuda{s}, grpo, view, b,
                                           logit_gradient<device>(matrix<bfloat16, device>(g.data, 64, 1024)),
                                           t.record.data, space.all());
                        },
                        {}},
                       25);
  }
  return 0;
}
