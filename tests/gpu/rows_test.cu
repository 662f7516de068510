// SPDX-License-Identifier: MIT
// Kernels over rows of logits against float64 on the host: log-probabilities, entropies, gradients, shards; every storage
// type, vocabularies of every way in which a row is cut, alignments, strides, temperatures, kinds of rows.
#include <aha/cuda/logits_gradient.cuh>
#include <aha/cuda/vocab_shards.cuh>

#include "check.hpp"
#include "logits_oracle.hpp"

using namespace aha;
using check::about;
using check::device_array;

static double const taus[] = {1.0, 0.5, 1.5};

/// Rows on the device and on the host, `stride` apart, `shift` elements behind an aligned address.
template <class Stored>
struct rows_case {
  std::int64_t n, V, stride;
  int shift;
  double tau;
  std::vector<Stored> x;
  std::vector<std::int64_t> targets;
  device_array<Stored> logits;
  device_array<std::int64_t> ids;
  std::vector<oracle::row> want;

  rows_case(std::int64_t rows, std::int64_t vocabulary, std::int64_t gap, int s, double t, unsigned seed)
      : n(rows), V(vocabulary), stride(vocabulary + gap), shift(s), tau(t), logits(0), ids(0) {
    std::mt19937 g(seed);
    // Between rows lies what must never be read into a sum.
    x.assign(static_cast<std::size_t>(n * stride), oracle::rounded<Stored>(NAN));
    for (std::int64_t r = 0; r < n; ++r) {
      targets.push_back(static_cast<std::int64_t>(g() % static_cast<unsigned>(V)));
      if (r == 1) targets.back() = V - 1;
      if (r == 2) targets.back() = 0;
      fill_row(g, oracle::kinds[r % 6], row(r), static_cast<std::size_t>(V), static_cast<std::size_t>(targets.back()));
      want.push_back(oracle::softmax(row(r), static_cast<std::size_t>(V), targets.back(), tau));
    }
    logits = device_array<Stored>(x, shift);
    ids = device_array<std::int64_t>(targets);
  }
  Stored* row(std::int64_t r) { return x.data() + r * stride; }
  logit_rows<device> view() const {
    return logit_rows<device>(matrix<Stored const, device>(logits.data(), n, V, stride),
                              span<std::int64_t const, device>(ids.data(), n), tau);
  }
};

using floats = device_array<float>;
static column<float, device> column_of(floats const& a) { return span<float, device>(a.data(), a.size()); }
static column<float const, device> read(floats const& a) { return span<float const, device>(a.data(), a.size()); }

struct logp_arrays {
  floats logp, lse, entropy, max, log_sum;
  explicit logp_arrays(std::size_t n) : logp(n), lse(n), entropy(n), max(n), log_sum(n) {}
  logp_outputs<float, device> view(bool with_entropy = true) const {
    logp_outputs<float, device> o;
    o.logp = column_of(logp);
    o.lse = column_of(lse);
    if (with_entropy) o.entropy = column_of(entropy);
    o.max = column_of(max);
    o.log_sum = column_of(log_sum);
    return o;
  }
  /// What the backward reads.
  softmax_columns<float, device> softmax(bool with_entropy = true) const {
    softmax_columns<float, device> s;
    s.max = read(max);
    s.log_sum = read(log_sum);
    if (with_entropy) s.entropy = read(entropy);
    return s;
  }
};

template <class Stored>
void test_rows(std::int64_t V, std::int64_t n, std::int64_t gap, int shift, double tau) {
  about() = std::string(name_of(dtype_of<Stored>())) + " V " + std::to_string(V) + " gap " + std::to_string(gap) +
            " shift " + std::to_string(shift) + " tau " + std::to_string(tau);
  rows_case<Stored> c(n, V, gap, shift, tau, static_cast<unsigned>(V * 7 + shift));
  logp_arrays o(static_cast<std::size_t>(n));
  token_logp(exec::cuda{}, c.view(), {}, o.view());
  auto const logp = o.logp.get(), lse = o.lse.get(), entropy = o.entropy.get(), max = o.max.get();
  for (std::size_t r = 0; r < static_cast<std::size_t>(n); ++r) {
    oracle::row const& w = c.want[r];
    check::near(logp[r], w.logp, 0, 1e-5 * std::max(1.0, std::abs(w.logp) / 100), "logp");
    check::near(entropy[r], w.entropy, 0, 1e-5, "entropy");
    check::near(lse[r], w.lse, 2e-7, 1e-5, "lse");
    check::near(max[r], w.max, 0, 0, "max");
    check::that(logp[r] <= 0, "logp <= 0");
    check::that(entropy[r] >= 0 && entropy[r] <= std::log(static_cast<double>(V)) + 1e-5, "0 <= entropy <= ln V");
  }
  logp_arrays without(static_cast<std::size_t>(n));
  token_logp(exec::cuda{}, c.view(), {}, without.view(false));
  check::same_bits(without.logp.get(), logp, "logp with and without entropy");

  // The gradient, out of place at another alignment, and in place.
  std::vector<float> a, b, d;
  for (std::int64_t r = 0; r < n; ++r) {
    a.push_back(0.5F * static_cast<float>(r % 3) - 0.6F);
    b.push_back(r % 4 == 3 ? 0.0F : 0.125F * static_cast<float>(r % 4));
    d.push_back(r % 5 == 1 ? 0.25F : 0.0F);
  }
  floats const da(a), db(b), dd(d);
  logit_coefficients<float, device> by;
  by.dlogp = read(da);
  by.dentropy = read(db);
  by.dlse = read(dd);
  softmax_columns<float, device> const s = o.softmax();
  auto const compare = [&](std::vector<Stored> const& g, std::int64_t stride, char const* what) {
    for (std::int64_t r = 0; r < n; ++r) {
      auto const k = static_cast<std::size_t>(r);
      auto const want = oracle::gradient(c.want[k], c.targets[k], tau, a[k], b[k], d[k]);
      double const size = (std::abs(a[k]) + std::abs(b[k]) + std::abs(d[k])) / tau;
      std::vector<double> got, expected;
      for (std::int64_t v = 0; v < V; ++v) {
        got.push_back(oracle::wide(g[static_cast<std::size_t>(r * stride + v)]));
        expected.push_back(want[static_cast<std::size_t>(v)]);
      }
      bool const single = std::is_same_v<Stored, float>;
      check::near_all(got, expected, single ? 1e-5 : 2 * oracle::half_step<Stored>,
                      3e-7 * size + 2 * oracle::smallest_half_step<Stored>, what);
    }
  };
  std::int64_t const other = V + gap + 1;
  device_array<Stored> g(static_cast<std::size_t>(n * other), (shift + 3) % 8);
  logits_gradient(exec::cuda{}, c.view(), {}, s, by,
                  logit_gradient<device>(matrix<Stored, device>(g.data(), n, V, other)));
  compare(g.get(), other, "gradient at another alignment");
  check::that(g.intact(), "the gradient stays in its memory");
  device_array<Stored> same(c.x, shift);
  logit_rows<device> rows(matrix<Stored const, device>(same.data(), n, V, c.stride),
                          span<std::int64_t const, device>(c.ids.data(), n), tau);
  logit_gradient<device> place(matrix<Stored, device>(same.data(), n, V, c.stride));
  place.inplace = true;
  logits_gradient(exec::cuda{}, rows, {}, s, by, place);
  compare(same.get(), c.stride, "gradient in place");
  check::that(same.intact(), "in place writes rows only");
  device_array<Stored> aligned(static_cast<std::size_t>(n * c.stride), shift);
  aligned.set(c.x);
  logits_gradient(exec::cuda{}, c.view(), {}, s, by,
                  logit_gradient<device>(matrix<Stored, device>(aligned.data(), n, V, c.stride)));
  check::same_bits(aligned.get(), same.get(), "in place and out of place, gaps included");
}

/// A row's bits do not depend on its address, its neighbours or the run.
template <class Stored>
void test_address(std::int64_t V) {
  about() = std::string("address, ") + name_of(dtype_of<Stored>()) + " V " + std::to_string(V);
  rows_case<Stored> c(6, V, 0, 0, 1.0, 11);
  logp_arrays o(6);
  token_logp(exec::cuda{}, c.view(), {}, o.view());
  auto const logp = o.logp.get(), entropy = o.entropy.get(), sum = o.log_sum.get();
  for (int shift = 0; shift < 8; ++shift) {
    for (std::int64_t r = 0; r < 6; ++r) {
      device_array<Stored> alone(std::vector<Stored>(c.row(r), c.row(r) + V), shift);
      device_array<std::int64_t> id(std::vector<std::int64_t>{c.targets[static_cast<std::size_t>(r)]});
      logp_arrays one(1);
      token_logp(exec::cuda{},
                 logit_rows<device>(matrix<Stored const, device>(alone.data(), 1, V),
                                    span<std::int64_t const, device>(id.data(), 1)),
                 {}, one.view());
      auto const k = static_cast<std::size_t>(r);
      check::same_bits(one.logp.get()[0], logp[k], "logp of a row alone");
      check::same_bits(one.entropy.get()[0], entropy[k], "entropy of a row alone");
      check::same_bits(one.log_sum.get()[0], sum[k], "log_sum of a row alone");
    }
  }
  for (int run = 0; run < 100; ++run) {
    token_logp(exec::cuda{}, c.view(), {}, o.view());
    if (!check::same_bits(o.logp.get(), logp, "a hundred runs")) break;
  }
}

/// Masked and ignored rows hold NaN and are zeros; a target that is no id makes its row NaN and is counted.
template <class Stored>
void test_masked() {
  about() = std::string("masked, ") + name_of(dtype_of<Stored>());
  std::int64_t const V = 1000, n = 12;
  rows_case<Stored> c(n, V, 0, 0, 1.0, 5);
  std::vector<unsigned char> mask(static_cast<std::size_t>(n), 1);
  for (std::int64_t r : {1, 4}) {
    mask[static_cast<std::size_t>(r)] = 0;
    c.targets[static_cast<std::size_t>(r)] = 1LL << 40;
    for (std::int64_t v = 0; v < V; ++v) c.row(r)[v] = oracle::rounded<Stored>(NAN);
  }
  c.targets[6] = -100;
  for (std::int64_t v = 0; v < V; ++v) c.row(6)[v] = oracle::rounded<Stored>(INFINITY);
  c.targets[8] = V;
  c.targets[9] = -7;
  device_array<Stored> x(c.x);
  device_array<std::int64_t> ids(c.targets);
  device_array<unsigned char> m(mask);
  device_array<std::int64_t> bad(std::vector<std::int64_t>{0});
  mask_view<device> const view(span<unsigned char const, device>(m.data(), n));
  logit_rows<device> const rows(matrix<Stored const, device>(x.data(), n, V),
                                span<std::int64_t const, device>(ids.data(), n));
  logp_arrays o(static_cast<std::size_t>(n));
  token_logp(exec::cuda{}, rows, view, o.view(), bad.data());
  auto const logp = o.logp.get();
  check::that(bad.get()[0] == 2, "two bad targets are counted");
  floats const da(std::vector<float>(static_cast<std::size_t>(n), -1.0F));
  logit_coefficients<float, device> by;
  by.dlogp = read(da);
  softmax_columns<float, device> const s = o.softmax(false);
  device_array<Stored> g(static_cast<std::size_t>(n * V));
  logits_gradient(exec::cuda{}, rows, view, s, by, logit_gradient<device>(matrix<Stored, device>(g.data(), n, V)));
  auto const grad = g.get();
  for (std::int64_t r = 0; r < n; ++r) {
    bool const out = r == 1 || r == 4 || r == 6;
    bool const nan = r == 8 || r == 9;
    auto const k = static_cast<std::size_t>(r);
    check::that(out ? logp[k] == 0 : (nan ? std::isnan(logp[k]) : logp[k] < 0), "logp of masked and bad rows");
    long zeros = 0, nans = 0;
    for (std::int64_t v = 0; v < V; ++v) {
      double const y = oracle::wide(grad[static_cast<std::size_t>(r * V + v)]);
      zeros += y == 0 ? 1 : 0;
      nans += std::isnan(y) ? 1 : 0;
    }
    check::that(out ? zeros == V : (nan ? nans == V : nans == 0 && zeros < V), "gradient of masked and bad rows");
  }
}

template <class Stored>
void test_shards(std::int64_t V, int shards) {
  about() = std::string("shards, ") + name_of(dtype_of<Stored>()) + " " + std::to_string(shards);
  std::int64_t const n = 12;
  rows_case<Stored> c(n, V, 0, 0, 0.75, 3);
  std::vector<device_array<softmax_partial>> parts;
  std::vector<column<softmax_partial const, device>> list;
  std::vector<std::int64_t> cuts;
  for (int k = 0; k <= shards; ++k) cuts.push_back(k == 1 && shards > 2 ? 0 : V * k / shards);  // one shard is empty
  auto const shard = [&](int k) {
    auto const at = static_cast<std::size_t>(k);
    logit_rows<device> r(matrix<Stored const, device>(c.logits.data() + cuts[at], n, cuts[at + 1] - cuts[at], V),
                         span<std::int64_t const, device>(c.ids.data(), n), c.tau);
    r.vocab_offset = cuts[at];
    r.vocab_size = V;
    return r;
  };
  for (int k = 0; k < shards; ++k) {
    parts.emplace_back(static_cast<std::size_t>(n));
    softmax_partials(exec::cuda{}, shard(k), {}, true, span<softmax_partial, device>(parts.back().data(), n));
    list.emplace_back(span<softmax_partial const, device>(parts.back().data(), n));
  }
  device_array<softmax_partial> merged(static_cast<std::size_t>(n));
  merge_partials(exec::cuda{}, span<column<softmax_partial const, device> const, host>(list.data(), shards), c.tau,
                 span<softmax_partial, device>(merged.data(), n));
  logp_arrays o(static_cast<std::size_t>(n));
  token_logp_from_partials<float>(exec::cuda{}, span<softmax_partial const, device>(merged.data(), n), c.tau, o.view());
  auto const logp = o.logp.get(), entropy = o.entropy.get();
  floats const a(std::vector<float>(static_cast<std::size_t>(n), -1.0F)),
      b(std::vector<float>(static_cast<std::size_t>(n), 0.5F));
  logit_coefficients<float, device> by;
  by.dlogp = read(a);
  by.dentropy = read(b);
  softmax_columns<float, device> const s = o.softmax();
  device_array<Stored> g(static_cast<std::size_t>(n * V));
  for (int k = 0; k < shards; ++k) {
    auto const at = static_cast<std::size_t>(k);
    logits_gradient(exec::cuda{}, shard(k), {}, s, by,
                    logit_gradient<device>(matrix<Stored, device>(g.data() + cuts[at], n, cuts[at + 1] - cuts[at], V)));
  }
  auto const grad = g.get();
  for (std::size_t r = 0; r < static_cast<std::size_t>(n); ++r) {
    oracle::row const& w = c.want[r];
    check::near(logp[r], w.logp, 1e-6, 1e-6, "logp from shards");
    check::near(entropy[r], w.entropy, 1e-6, 2e-6, "entropy from shards");
    auto const want = oracle::gradient(w, c.targets[r], c.tau, -1.0, 0.5, 0.0);
    std::vector<double> got;
    for (std::int64_t v = 0; v < V; ++v)
      got.push_back(oracle::wide(grad[r * static_cast<std::size_t>(V) + static_cast<std::size_t>(v)]));
    bool const single = std::is_same_v<Stored, float>;
    check::near_all(got, want, single ? 1e-5 : 2 * oracle::half_step<Stored>,
                    3e-7 + 2 * oracle::smallest_half_step<Stored>, "gradient from shards");
  }
}

/// bf16 logits and the same values as float32 agree.
static void test_types_agree() {
  about() = "bf16 as fp32";
  std::int64_t const V = 50257, n = 12;
  rows_case<bfloat16> c(n, V, 0, 0, 1.0, 21);
  std::vector<float> same;
  for (bfloat16 const x : c.x) same.push_back(to_float(x));
  device_array<float> x(same);
  logp_arrays a(static_cast<std::size_t>(n)), b(static_cast<std::size_t>(n));
  token_logp(exec::cuda{}, c.view(), {}, a.view());
  token_logp(exec::cuda{},
             logit_rows<device>(matrix<float const, device>(x.data(), n, V),
                                span<std::int64_t const, device>(c.ids.data(), n)),
             {}, b.view());
  std::vector<float> const other = b.logp.get();
  check::near_all(a.logp.get(), other, 1e-6, 1e-6, "logp");
}

static void test_errors() {
  about() = "errors";
  device_array<float> x(40);
  device_array<std::int64_t> ids(4);
  logp_arrays o(4);
  logit_rows<device> rows(matrix<float const, device>(x.data(), 4, 10),
                          span<std::int64_t const, device>(ids.data(), 4));
  auto wrong = rows;
  wrong.temperature = 0;
  check::raises([&] { token_logp(exec::cuda{}, wrong, {}, o.view()); }, "aha::token_logp: temperature: expected");
  wrong = rows;
  wrong.type = dtype::float64;
  check::raises([&] { token_logp(exec::cuda{}, wrong, {}, o.view()); },
                "aha::token_logp: logits: expected float32, bfloat16 or float16 on a device, got float64");
  logp_arrays few(3);
  check::raises([&] { token_logp(exec::cuda{}, rows, {}, few.view()); }, "aha::token_logp: logp: expected shape [4]");
}

template <class Stored>
void test_type(bool small) {
  for (std::int64_t V : {1, 2, 7, 8, 9, 127, 129, 1000, 2047}) {
    for (int shift = 0; shift < 8; ++shift) {
      for (std::int64_t gap : {0, 1, 8}) test_rows<Stored>(V, 12, gap, shift, taus[(shift + gap) % 3]);
    }
  }
  std::vector<std::int64_t> sizes{50257, 129920};
  if (!small) sizes = {32000, 50257, 70001, 100000, 129920, 151665, 151936, 248320, 300000, 400000, 524288};
  for (std::int64_t V : sizes) {
    for (int shift : {0, 3}) test_rows<Stored>(V, 6, shift == 3 ? 1 : 0, shift, taus[shift % 3]);
  }
  test_address<Stored>(1000);
  test_address<Stored>(50257);
  test_masked<Stored>();
  for (int shards : {1, 2, 3, 8}) test_shards<Stored>(1001, shards);
}

int main(int count, char**) {
  bool const small = count > 1;  // under a checker that slows everything down
  test_type<bfloat16>(small);
  test_type<float16>(small);
  test_type<float>(small);
  test_types_agree();
  test_errors();
  return check::finish();
}
