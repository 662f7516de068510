// SPDX-License-Identifier: MIT
// The loss from logits on a device against float64 on the host: every term of the type list, storage types, layouts, cuts
// of a row, in place and out of place; bits, graphs, sizes beyond 32 bits, targets that are no ids. Build with -fmad=false:
// static and dynamic forms are compared bit for bit.
#include <aha/cuda/loss_from_logits.cuh>
#include <aha/loss/parse.hpp>

#include "logits_oracle.hpp"
#include "token_batches.cuh"

using namespace aha;
using check::about;
using check::device_array;

/// Logits beside a batch: rows as the layout has them, on the device and as the oracle sees them.
template <class Stored>
struct logits_case {
  laid_out<float>& l;
  std::int64_t V, gap, rows_all, width, entries_a_row;
  int shift;
  double tau;
  std::vector<Stored> x;
  std::vector<std::int64_t> targets;
  std::vector<oracle::row> want;  ///< by entry; empty where masked
  device_array<Stored> logits;
  device_array<std::int64_t> ids;

  logits_case(laid_out<float>& batch, std::int64_t vocabulary, std::int64_t g, int s, double t, unsigned seed)
      : l(batch), V(vocabulary), gap(g), shift(s), tau(t), logits(0), ids(0) {
    bool const packed = l.is_packed;
    width = packed ? static_cast<std::int64_t>(l.entries) : l.width;
    rows_all = packed ? width : l.rows * l.width;
    entries_a_row = packed ? 0 : static_cast<std::int64_t>(l.entries) / std::max<std::int64_t>(l.rows, 1);
    std::mt19937 random(seed);
    x.assign(static_cast<std::size_t>(rows_all * (V + gap)), oracle::rounded<Stored>(NAN));
    targets.assign(static_cast<std::size_t>(rows_all), 1LL << 50);
    want.resize(l.entries);
    std::vector<char> in(l.entries, 0);
    for (auto const& sequence : l.host.token) {
      for (int const e : sequence) in[static_cast<std::size_t>(e)] = l.host.mask[static_cast<std::size_t>(e)] != 0;
    }
    for (std::int64_t r = 0; r < rows_all; ++r) {
      auto const e = static_cast<std::size_t>(entry(r));
      auto const k = static_cast<std::size_t>(r);
      if (!in[e]) continue;
      if (random() % 11 == 0) {  // a target that says: not this one. Its row is not read either.
        targets[k] = -100;
        l.host.mask[e] = 0;
        continue;
      }
      targets[k] = static_cast<std::int64_t>(random() % static_cast<unsigned>(V));
      oracle::kind const kind = r % 9 == 0 ? oracle::kind::peaked : oracle::kind::normal;
      fill_row(random, kind, row(r), static_cast<std::size_t>(V), static_cast<std::size_t>(targets[k]));
      want[e] = oracle::softmax(row(r), static_cast<std::size_t>(V), targets[k], tau);
      l.host.logp[e] = want[e].logp;
      l.host.entropy[e] = want[e].entropy;
      l.host.lse[e] = want[e].lse;
    }
    l.view.logp = {};
    l.view.entropy = {};
    l.view.lse = {};
    logits = device_array<Stored>(x, shift);
    ids = device_array<std::int64_t>(targets);
  }
  std::int64_t entry(std::int64_t r) const { return l.is_packed ? r : r / width * entries_a_row + r % width; }
  Stored* row(std::int64_t r) { return x.data() + r * (V + gap); }
  logit_rows<device> view(Stored const* at) const {
    index_view<device> i = span<std::int64_t const, device>(ids.data(), rows_all);
    if (l.is_packed) return logit_rows<device>(matrix<Stored const, device>(at, rows_all, V, V + gap), i, tau);
    i = matrix<std::int64_t const, device>(ids.data(), l.rows, width);
    return logit_rows<device>(cube<Stored const, device>(at, l.rows, width, V, width * (V + gap), V + gap), i, tau);
  }
  logit_gradient<device> place(Stored* at, std::int64_t stride) const {
    if (l.is_packed) return logit_gradient<device>(matrix<Stored, device>(at, rows_all, V, stride));
    return logit_gradient<device>(cube<Stored, device>(at, l.rows, width, V, width * stride, stride));
  }
};

template <class Stored>
struct answer {
  loss_record record;
  std::vector<Stored> gradient;
  std::vector<float> token_loss;
};

enum class way { apart, in_place, loss_alone };
template <class Stored, class Objective>
answer<Stored> run(logits_case<Stored> const& c, Objective const& o, way how = way::apart,
                   cudaStream_t stream = nullptr) {
  bool const here = how == way::in_place;
  std::int64_t const stride = c.V + c.gap;
  device_array<Stored> to(c.x.size(), c.shift);
  if (here) to.set(c.x);
  device_array<float> losses(c.l.entries);
  device_array<loss_record> record(1);
  logit_rows<device> const rows = c.view(here ? to.data() : c.logits.data());
  logit_gradient<device> g = how == way::loss_alone ? logit_gradient<device>() : c.place(to.data(), stride);
  g.inplace = here;
  exec::cuda const e{stream};
  device_array<unsigned char> space(static_cast<std::size_t>(workspace_bytes(e, o, rows, c.l.view)));
  outputs<float, device> out;
  out.token_loss = c.l.column_of(losses.data());
  loss_from_logits(e, o, rows, c.l.view, g, record.data(),
                   span<std::byte, device>(reinterpret_cast<std::byte*>(space.data()), space.size()), observe::defaults,
                   out);
  check::cuda(cudaStreamSynchronize(stream));
  check::that(to.intact() && space.intact() && record.intact() && losses.intact(), "nothing is written outside");
  return {record.get()[0], to.get(), losses.get()};
}

template <class Stored>
void compare(logits_case<Stored> const& c, dynamic_objective const& o, answer<Stored> const& a, bool gradient = true) {
  oracle::result const r = oracle::evaluate(o, c.l.host, c.l.entries);
  double size = 0;
  for (double const y : r.token_loss) size += std::abs(y);
  check::near(a.record.loss, r.loss, 1e-5, 1e-5 * size, "loss");
  check::near(static_cast<double>(a.record.stats.tokens), static_cast<double>(r.stats.tokens), 0, 0, "tokens");
  check::near(static_cast<double>(a.record.bad_targets), 0, 0, 0, "bad targets");
  if (!gradient) return;
  // What 16-bit outputs may differ by is twice what rounding does; a coefficient carries the float error of log p.
  double most[3] = {};
  for (int k = 0; k < 3; ++k) {
    for (double const y : r.d[k]) most[k] = std::max(most[k], std::abs(y));
  }
  double const scale = (most[0] + most[1] + most[2]) / c.tau;
  std::vector<double> got, want;
  for (std::int64_t row = 0; row < c.rows_all; ++row) {
    auto const e = static_cast<std::size_t>(c.entry(row));
    std::vector<double> g(static_cast<std::size_t>(c.V), 0.0);
    if (!c.want[e].log_p.empty()) {
      g = oracle::gradient(c.want[e], c.targets[static_cast<std::size_t>(row)], c.tau, r.d[0][e], r.d[1][e], r.d[2][e]);
    }
    for (std::int64_t v = 0; v < c.V; ++v) {
      got.push_back(oracle::wide(a.gradient[static_cast<std::size_t>(row * (c.V + c.gap) + v)]));
      want.push_back(g[static_cast<std::size_t>(v)]);
    }
  }
  bool const single = std::is_same_v<Stored, float>;
  check::near_all(got, want, single ? 1e-5 : 2 * oracle::half_step<Stored>,
                  1e-5 * scale + 2 * oracle::smallest_half_step<Stored>, "gradient");
}

static std::vector<sequence_samples> sequences_of(std::vector<int> const& n, unsigned seed) {
  std::mt19937 g(seed);
  std::vector<sequence_samples> s;
  for (int const k : n) s.push_back(random_sequence(g, k));
  return s;
}

template <class Stored>
void parity(std::int64_t V, std::vector<int> const& lengths, bool all) {
  std::vector<std::pair<std::string, dynamic_objective>> objectives;
  char const* const sums[] = {
      "sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\"))",
      "sequence_mean(weight * clip(0.2, 0.3, level=\"sequence\") + 0.04 * kl(\"k2\")) - 0.01 * token_mean(entropy())",
      "token_mean(keep * dual_clip(0.2, 0.2, 3)) + 1e-2 * token_mean(z_loss()) - 0.1 * sequence_mean(entropy())",
      "token_mean(clip(0.2, 0.2, level=\"sequence_token\")) + 0.5 * token_mean(value_loss(0.2)) + token_mean(given())",
  };
  for (char const* const text : sums) objectives.emplace_back(text, parse(text));
  if (all) {
    int k = 0;
    for_each_type(terms{}, [&](auto tag) {
      using Term = typename decltype(tag)::type;
      dynamic_expression e(0.7 * Term{});
      if (k % 3 == 1) e = weight * e;
      if (k % 3 == 2) e = keep * (weight * e);
      objectives.emplace_back(
          std::string(Term::name),
          make_part({k % 2 == 0 ? aggregation::sequence_mean : aggregation::token_mean, 0, no_total}, e));
      ++k;
    });
  }
  int turn = 0;
  for (auto const& [name, o] : objectives) {
    for (shape const form : shapes) {
      if (!all && (turn + static_cast<int>(form)) % 3 != 0) continue;
      batch_options<float> options;
      options.needs = needs_of_objective(o);
      options.shift = turn % 4;
      laid_out<float> l = lay_out(sequences_of(lengths, 7), form, options);
      logits_case<Stored> const c(l, V, turn % 3 == 0 ? 0 : turn % 3 + 6, turn % 8, turn % 2 == 0 ? 1.0 : 0.7, 31);
      about() = name + " " + name_of(dtype_of<Stored>()) + " V " + std::to_string(V) + " shape " +
                std::to_string(static_cast<int>(form));
      answer<Stored> const a = run(c, o);
      compare(c, o, a);
      answer<Stored> const here = run(c, o, way::in_place);
      std::vector<Stored> expected = c.x;
      for (std::int64_t r = 0; r < c.rows_all; ++r) {
        std::copy_n(a.gradient.begin() + r * (V + c.gap), V, expected.begin() + r * (V + c.gap));
      }
      check::same_bits(here.gradient, expected, "in place as apart");
      check::same_bits(here.record.loss, a.record.loss, "the loss in place");
      compare(c, o, run(c, o, way::loss_alone), false);
      ++turn;
    }
  }
}

/// What may not change a bit: the run, the form of the objective, the order of sequences, the rest of the batch.
template <class Stored>
void bits(std::int64_t V) {
  auto const fixed = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k3)) - 0.01 * token_mean(entropy{});
  auto const gspo = token_mean(clip<level::sequence>{0.2, 0.28} + 0.04 * kl(k3));
  about() = std::string("bits ") + name_of(dtype_of<Stored>()) + " V " + std::to_string(V);
  auto const test = [&](auto const& objective) {
    dynamic_objective const o(objective);
    batch_options<float> options;
    options.needs = needs_of_objective(o);
    auto const data = sequences_of({5, 1, 0, 9, 16}, 11);
    laid_out<float> l = lay_out(data, shape::packed32, options);
    logits_case<Stored> const c(l, V, 0, 0, 1.0, 31);
    answer<Stored> const first = run(c, o);
    for (int k = 0; k < 100; ++k) {
      answer<Stored> const a = run(c, o);
      if (!check::same_bits(a.gradient, first.gradient, "a hundred runs")) break;
      check::that(std::memcmp(&a.record, &first.record, sizeof a.record) == 0, "the same record");
    }
    // The static form is compiled for every storage type: one objective, once, is enough to wait for.
    if constexpr (std::is_same_v<Stored, bfloat16> &&
                  std::is_same_v<std::decay_t<decltype(objective)>, std::decay_t<decltype(fixed)>>) {
      answer<Stored> const st = run(c, objective);
      check::same_bits(st.gradient, first.gradient, "static and dynamic");
      check::same_bits(st.record.loss, first.record.loss, "static and dynamic loss");
    }
    // The same sequences in another order: rows have other addresses and neighbours.
    std::vector<sequence_samples> turned(data.rbegin(), data.rend());
    laid_out<float> back = lay_out(turned, shape::packed32, options);
    logits_case<Stored> other(back, V, 0, 0, 1.0, 31);
    std::int64_t to = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
      auto const& tokens = l.host.token[data.size() - 1 - i];
      for (int const e : tokens) {
        std::copy_n(c.x.begin() + e * V, V, other.row(to));
        other.targets[static_cast<std::size_t>(to)] = c.targets[static_cast<std::size_t>(e)];
        ++to;
      }
    }
    other.logits.set(other.x);
    other.ids.set(other.targets);
    answer<Stored> const b = run(other, o);
    to = 0;
    bool same = true;
    for (std::size_t i = 0; i < data.size(); ++i) {
      for (int const e : l.host.token[data.size() - 1 - i]) {
        same = same && std::memcmp(b.gradient.data() + to * V, first.gradient.data() + e * V,
                                   static_cast<std::size_t>(V) * sizeof(Stored)) == 0;
        ++to;
      }
    }
    check::that(same, "a row's gradient wherever its sequence lies");
  };
  test(fixed);
  test(gspo);
}

/// The gradient of a confident token keeps its value: at most 0.25 % in bf16.
static void confident() {
  for (std::int64_t V : {32000, 151936}) {
    for (double p : {0.9, 0.99, 0.999}) {
      about() = "confident " + std::to_string(V) + " " + std::to_string(p);
      std::vector<bfloat16> x(static_cast<std::size_t>(V), to_bfloat16(0.0F));
      double const top = std::log(p / (1 - p) * static_cast<double>(V - 1));
      x[5] = to_bfloat16(static_cast<float>(top));
      oracle::row const w = oracle::softmax(x.data(), x.size(), 5, 1.0);
      device_array<bfloat16> logits(x), g(x.size());
      device_array<std::int64_t> id(std::vector<std::int64_t>{5});
      device_array<std::int32_t> cu(std::vector<std::int32_t>{0, 1});
      device_array<float> one(std::vector<float>{1.0F});
      token_batch<device> b(packed<device>(span<std::int32_t const, device>(cu.data(), 2)));
      b.old_logp = on_policy;
      b.adv = per_sequence(span<float const, device>(one.data(), 1));
      b.totals = totals(1, 1);
      auto const o = token_mean(clip{0.2, 0.2});
      logit_rows<device> const rows(matrix<bfloat16 const, device>(logits.data(), 1, V),
                                    span<std::int64_t const, device>(id.data(), 1));
      device_array<loss_record> record(1);
      device_array<unsigned char> space(static_cast<std::size_t>(workspace_bytes(exec::cuda{}, o, rows, b)));
      loss_from_logits(exec::cuda{}, o, rows, b, logit_gradient<device>(matrix<bfloat16, device>(g.data(), 1, V)),
                       record.data(),
                       span<std::byte, device>(reinterpret_cast<std::byte*>(space.data()), space.size()));
      check::near(oracle::wide(g.get()[5]), std::expm1(w.logp), 0.0025, 0, "dlogit of the token");
    }
  }
}

/// A call captured in global mode and replayed on new logits; on a stream of its own.
static void graphs() {
  about() = "graph";
  dynamic_objective const o =
      parse("sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\")) - 0.01 * token_mean(entropy())");
  batch_options<float> options;
  options.needs = needs_of_objective(o);
  laid_out<float> l = lay_out(sequences_of({40, 3, 77}, 3), shape::packed32, options);
  logits_case<bfloat16> c(l, 50257, 0, 0, 1.0, 8);
  laid_out<float> same = lay_out(sequences_of({40, 3, 77}, 3), shape::packed32, options);
  logits_case<bfloat16> next(same, 50257, 0, 0, 1.0, 9);
  answer<bfloat16> const want = run(next, o);
  cudaStream_t stream;
  check::cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  device_array<bfloat16> to(c.x.size());
  device_array<loss_record> record(1);
  device_array<unsigned char> space(
      static_cast<std::size_t>(workspace_bytes(exec::cuda{}, o, c.view(c.logits.data()), l.view)));
  cudaGraph_t graph;
  cudaGraphExec_t ready;
  check::cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  loss_from_logits(exec::cuda{stream}, o, c.view(c.logits.data()), l.view, c.place(to.data(), 50257), record.data(),
                   span<std::byte, device>(reinterpret_cast<std::byte*>(space.data()), space.size()));
  check::cuda(cudaStreamEndCapture(stream, &graph));
  check::cuda(cudaGraphInstantiate(&ready, graph, 0));
  c.logits.copy_from(next.logits);
  c.ids.copy_from(next.ids);
  check::cuda(cudaDeviceSynchronize());
  for (int k = 0; k < 3; ++k) check::cuda(cudaGraphLaunch(ready, stream));
  check::cuda(cudaStreamSynchronize(stream));
  check::same_bits(to.get(), want.gradient, "the replayed gradient");
  check::same_bits(record.get()[0].loss, want.record.loss, "the replayed loss");
  check::cuda(cudaGraphExecDestroy(ready));
  check::cuda(cudaGraphDestroy(graph));
  check::cuda(cudaStreamDestroy(stream));
}

static __global__ void fill_kernel(bfloat16* x, std::int64_t n) {
  std::int64_t const step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    unsigned h = static_cast<unsigned>(i) * 2654435761U ^ static_cast<unsigned>(i >> 32);
    h ^= h >> 15;
    x[i] = narrowed<bfloat16>(static_cast<float>(h % 4096U) / 256.0F - 8.0F);
  }
}

/// More than 2^31 elements, more than 65535 rows: the first and last rows equal the oracle. In place.
static void sizes(std::int64_t rows, std::int64_t V) {
  about() = "size [" + std::to_string(rows) + ", " + std::to_string(V) + "]";
  std::int64_t const n = rows * V;
  bfloat16* x = nullptr;
  check::cuda(cudaMalloc(&x, static_cast<std::size_t>(n) * 2));
  fill_kernel<<<4096, 256>>>(x, n);
  std::vector<std::int64_t> const picks{0, 1, rows / 2, rows - 2, rows - 1};
  std::vector<std::vector<bfloat16>> before;
  for (std::int64_t const r : picks) {
    before.emplace_back(static_cast<std::size_t>(V));
    check::cuda(cudaMemcpy(before.back().data(), x + r * V, static_cast<std::size_t>(V) * 2, cudaMemcpyDeviceToHost));
  }
  std::vector<std::int64_t> ids;
  for (std::int64_t r = 0; r < rows; ++r) ids.push_back(r * 131 % V);
  device_array<std::int64_t> targets(ids);
  device_array<std::int32_t> cu(std::vector<std::int32_t>{0, static_cast<std::int32_t>(rows)});
  device_array<float> one(std::vector<float>{1.0F});
  token_batch<device> b(packed<device>(span<std::int32_t const, device>(cu.data(), 2)));
  b.old_logp = on_policy;
  b.adv = per_sequence(span<float const, device>(one.data(), 1));
  auto const o = token_sum(clip{0.2, 0.2});
  logit_rows<device> const view(matrix<bfloat16 const, device>(x, rows, V),
                                span<std::int64_t const, device>(targets.data(), rows));
  logit_gradient<device> g(matrix<bfloat16, device>(x, rows, V));
  g.inplace = true;
  device_array<loss_record> record(1);
  device_array<unsigned char> space(static_cast<std::size_t>(workspace_bytes(exec::cuda{}, o, view, b)));
  loss_from_logits(exec::cuda{}, o, view, b, g, record.data(),
                   span<std::byte, device>(reinterpret_cast<std::byte*>(space.data()), space.size()));
  check::near(record.get()[0].loss, -static_cast<double>(rows), 1e-6, 0, "loss");
  for (std::size_t k = 0; k < picks.size(); ++k) {
    std::int64_t const r = picks[k];
    std::int64_t const target = ids[static_cast<std::size_t>(r)];
    oracle::row const w = oracle::softmax(before[k].data(), before[k].size(), target, 1.0);
    std::vector<double> const want = oracle::gradient(w, target, 1.0, -1.0, 0, 0);
    std::vector<bfloat16> got(static_cast<std::size_t>(V));
    check::cuda(cudaMemcpy(got.data(), x + r * V, static_cast<std::size_t>(V) * 2, cudaMemcpyDeviceToHost));
    std::vector<double> wide;
    for (bfloat16 const y : got) wide.push_back(oracle::wide(y));
    check::near_all(wide, want, 2 * oracle::half_step<bfloat16>, 1e-9, "a row's gradient");
  }
  check::cuda(cudaFree(x));
}

/// Targets that are no ids: their rows are NaN, they are counted, the others stay as they are.
static void bad_targets() {
  for (char const* const text :
       {"token_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\"))", "token_mean(clip(0.2, 0.28, level=\"sequence\"))"}) {
    about() = text;
    dynamic_objective const o = parse(text);
    batch_options<float> options;
    options.needs = needs_of_objective(o);
    laid_out<float> l = lay_out(sequences_of({6, 5}, 3), shape::packed32, options);
    logits_case<float> c(l, 300, 0, 0, 1.0, 8);
    c.targets[1] = 300;
    c.targets[2] = -5;
    c.ids.set(c.targets);
    answer<float> const a = run(c, o);
    check::that(a.record.bad_targets == 2, "two are counted");
    for (std::int64_t r : {1, 2}) {
      for (std::int64_t v = 0; v < 300; ++v)
        check::that(std::isnan(a.gradient[static_cast<std::size_t>(r * 300 + v)]), "NaN");
    }
    check::that(!std::isnan(a.gradient[6 * 300]), "another sequence is not");
  }
}

static void errors() {
  about() = "errors";
  dynamic_objective const o = parse("token_mean(clip(0.2, 0.28))");
  batch_options<float> options;
  options.needs = needs_of_objective(o);
  laid_out<float> l = lay_out(sequences_of({6, 5}, 3), shape::packed32, options);
  logits_case<float> const c(l, 300, 0, 0, 1.0, 8);
  device_array<float> to(11 * 300);
  device_array<loss_record> record(1);
  auto const rows = c.view(c.logits.data());
  device_array<unsigned char> space(static_cast<std::size_t>(workspace_bytes(exec::cuda{}, o, rows, l.view)));
  auto const call = [&](auto const& batch, logit_gradient<device> const& g, loss_record* r, std::int64_t less) {
    loss_from_logits(exec::cuda{}, o, rows, batch, g, r,
                     span<std::byte, device>(reinterpret_cast<std::byte*>(space.data()), space.size() - less));
  };
  auto const g = c.place(to.data(), 300);
  call(l.view, g, record.data(), 0);
  check::raises([&] { call(l.view, g, record.data(), 1); }, "aha::loss_from_logits: workspace: expected at least");
  check::raises([&] { call(l.view, g, nullptr, 0); },
                "aha::loss_from_logits: record: expected one in device memory, got none");
  check::raises([&] { call(l.view, c.place(c.logits.data(), 300), record.data(), 0); },
                "aha::loss_from_logits: dlogits: expected memory apart from logits");
  auto with = l.view;
  with.logp = span<float const, device>(to.data(), 11);
  check::raises([&] { call(with, g, record.data(), 0); }, "aha::loss_from_logits: logp");
}

int main(int count, char**) {
  bool const small = count > 1;  // under a checker that slows everything down
  std::vector<int> const few{5, 0, 3, 8};
  parity<float>(57, few, true);
  parity<bfloat16>(1001, few, true);
  parity<float16>(257, few, true);
  if (!small) {
    // Every way in which a row is cut: one block to eight, and rows too long for shared memory.
    for (std::int64_t V : {50257, 70001, 100000, 151936, 248320, 400000}) parity<bfloat16>(V, {2, 1}, false);
    parity<float>(151936, {2, 1}, false);
    parity<float>(520000, {2, 1}, false);
    parity<float16>(1 << 20, {2, 1}, false);
    sizes(14200, 151936);
    sizes(70000, 1024);
  }
  bits<bfloat16>(1001);
  bits<bfloat16>(small ? 2001 : 151937);
  bits<float>(small ? 501 : 50257);
  confident();
  graphs();
  bad_targets();
  errors();
  return check::finish();
}
