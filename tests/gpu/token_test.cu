// SPDX-License-Identifier: MIT
// The token engine on a device against the oracle in float64: every term, aggregate, layout, mask, alignment and type, on
// both its paths (one launch, many). Build with -fmad=false: static and dynamic forms are compared bit for bit.
#include <aha/cuda/to_tokens.cuh>
#include <aha/loss/parse.hpp>
#include <cstdlib>

#include "token_batches.cuh"

using namespace aha;
using check::about;
using check::device_array;

/// One launch of one block; several launches, with lengths around a slot's; those over more slots than one block adds up.
enum class size { small, medium, large };
constexpr size sizes[] = {size::small, size::medium, size::large};
constexpr char const* name_of_size[] = {"small", "medium", "large"};
static char const* name_of(size s) { return name_of_size[static_cast<int>(s)]; }

static std::vector<int> lengths(size s) {
  if (s == size::small) return {700, slot_tokens + 52};
  std::vector<int> n{1, 700, 0, 129, slot_tokens, slot_tokens + 1, 3, 2 * slot_tokens - 1, 512, 0};
  if (s == size::large) {
    for (int i = 0; i < 40; ++i) n.push_back(17 * i % 301 + (i == 7 ? 4000 : 0));
  }
  return n;
}
static std::vector<sequence_samples> sequences_of(std::vector<int> const& n, unsigned seed) {
  std::mt19937 g(seed);
  std::vector<sequence_samples> s;
  for (int const k : n) s.push_back(random_sequence(g, k));
  return s;
}

template <class T>
struct answer {
  loss_record record;
  std::vector<T> out[6];  // dlogp, dentropy, dlse, dvalue, dgiven, token_loss
};

enum class wanted { all, dlogp };

template <class T, class Objective>
answer<T> run(laid_out<T> const& l, Objective const& o, unsigned observed = observe::defaults, int shift = 0,
              wanted outs = wanted::all) {
  std::vector<device_array<T>> to;
  cudaStream_t const stream = nullptr;
  outputs<T, device> out = l.outputs(to, shift);
  if (outs == wanted::dlogp) {
    outputs<T, device> one;
    one.dlogp = out.dlogp;
    out = one;
  }
  device_array<loss_record> record(1);
  exec::cuda const e{stream};
  device_array<unsigned char> space(static_cast<std::size_t>(workspace_bytes(e, o, l.view, observed)));
  span<std::byte, device> const w(reinterpret_cast<std::byte*>(space.data()), space.size());
  loss(e, o, l.view, out, record.data(), w, observed);
  check::cuda(cudaStreamSynchronize(stream));
  answer<T> a;
  a.record = record.get()[0];
  for (int k = 0; k < 6; ++k) {
    a.out[k] = to[static_cast<std::size_t>(k)].get();
    check::that(to[static_cast<std::size_t>(k)].intact(), "outputs are written inside of their memory only");
  }
  check::that(space.intact() && record.intact(), "workspace and record are written inside of their memory only");
  return a;
}

/// Entries of a strided column that belong to no row keep the guard's bytes; the comparison looks at rows alone.
template <class T, class X>
std::vector<X> in_rows(laid_out<T> const& l, std::vector<X> const& x) {
  if (l.is_packed || l.stride == 0 || l.stride == l.width) return x;
  std::vector<X> r;
  for (std::int64_t i = 0; i < l.rows; ++i) {
    for (std::int64_t t = 0; t < l.width; ++t) r.push_back(x[static_cast<std::size_t>(i * l.stride + t)]);
  }
  return r;
}

template <class T>
void compare(laid_out<T> const& l, dynamic_objective const& o, answer<T> const& a, char const* what) {
  double const tight = std::is_same_v<T, float> ? 1e-5 : 1e-12;
  oracle::result const r = oracle::evaluate(o, l.host, l.entries);
  double size = 0;
  for (double const x : r.token_loss) size += std::abs(x);
  check::near(a.record.loss, r.loss, tight, tight * size, "loss");
  char const* const names[] = {"dlogp", "dentropy", "dlse", "dvalue", "dgiven"};
  for (int k = 0; k < active_inputs; ++k) {
    double most = 0;
    for (double const x : r.d[k]) most = std::max(most, std::abs(x));
    check::near_all(in_rows(l, a.out[k]), in_rows(l, r.d[k]), tight, tight * most + 1e-300, names[k]);
  }
  double most = 0;
  for (double const x : r.token_loss) most = std::max(most, std::abs(x));
  check::near_all(in_rows(l, a.out[5]), in_rows(l, r.token_loss), tight, tight * most + 1e-300, what);
  loss_stats const& s = a.record.stats;
  auto const count = [&](std::int64_t got, std::int64_t want, char const* name) {
    check::near(static_cast<double>(got), static_cast<double>(want), 0, 0, name);
  };
  count(s.tokens, r.stats.tokens, "tokens");
  count(s.sequences, r.stats.sequences, "sequences");
  count(a.record.bad_offsets, 0, "bad_offsets");
  count(s.parts, static_cast<std::int64_t>(o.parts.size()), "parts");
  for (std::size_t p = 0; p < o.parts.size(); ++p) check::near(s.part_loss[p], r.part[p], tight, tight * size, "part");
  double const N = static_cast<double>(r.stats.tokens);
  if ((s.observed & observe::clip) != 0) {
    count(s.clip_low, r.stats.clip_low, "clip_low");
    count(s.clip_high, r.stats.clip_high, "clip_high");
    count(s.clip_dual, r.stats.clip_dual, "clip_dual");
    count(s.clip_value, r.stats.clip_value, "clip_value");
  }
  auto const kl = [&](kl_sums const& got, kl_sums const& want, double most_kl, char const* name) {
    count(got.count, r.stats.tokens, name);
    check::near(got.k1, want.k1, tight, tight * N, name);
    check::near(got.k2, want.k2, tight, 0, name);
    check::near(got.k3, want.k3, tight, tight * most_kl, name);
  };
  if ((s.observed & observe::old_kl) != 0) kl(s.old_kl, r.stats.old_kl, 0, "old_kl");
  if ((s.observed & observe::ref_kl) != 0) kl(s.ref_kl, r.stats.ref_kl, 0, "ref_kl");
  if ((s.observed & observe::ratio) != 0) {
    check::near(s.ratio_sum, r.stats.ratio_sum, tight, 0, "ratio_sum");
    check::near(s.ratio_square_sum, r.stats.ratio_square_sum, tight, 0, "ratio_square_sum");
    check::near(s.log_ratio_min, r.stats.log_ratio_min, 0, 0, "log_ratio_min");
    check::near(s.log_ratio_max, r.stats.log_ratio_max, 0, 0, "log_ratio_max");
    count(s.ratio_count, r.stats.tokens, "ratio_count");
  }
  if ((s.observed & observe::entropy) != 0) check::near(s.entropy_sum, r.stats.entropy_sum, tight, 0, "entropy_sum");
}

/// Every term under every aggregate, and sums of them, in every layout.
template <class T>
void parity(size s, bool small) {
  std::vector<std::pair<std::string, dynamic_objective>> all;
  aggregation const kinds[] = {aggregation::token_mean,      aggregation::sequence_mean, aggregation::sequence_sum,
                               aggregation::constant_length, aggregation::token_sum,     aggregation::prompt_mean,
                               aggregation::positive_mean};
  int k = 0;
  for_each_type(terms{}, [&](auto tag) {
    using Term = typename decltype(tag)::type;
    for (aggregation const kind : kinds) {
      dynamic_expression e(0.7 * Term{});
      if (k % 3 == 1) e = weight * e;
      if (k % 3 == 2) e = keep * (weight * (weight * e));
      struct aggregate const a{kind, kind == aggregation::constant_length ? 100.0 : 0.0, no_total};
      all.emplace_back(std::string(Term::name) + " " + std::string(name_of(kind)), make_part(a, e));
      ++k;
    }
  });
  char const* const sums[] = {
      "sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\"))",
      "sequence_mean(weight * clip(0.2, 0.3, level=\"sequence\") + 0.04 * kl(\"k2\")) - 0.01 * token_mean(entropy())",
      "token_mean(keep * dual_clip(0.2, 0.2, 3) + kl(\"k1\", gradient=\"k2\")) + 0.5 * sequence_sum(value_loss(0.2), "
      "total=9) + 1e-4 * token_sum(z_loss()) + token_mean(given(), total=77) + 0 * token_mean(entropy())",
      "token_mean(clip(0.1, 0.1, level=\"sequence\")) + 2 * sequence_mean(kl(\"k3\", gradient=\"ratio\", "
      "level=\"sequence\")) + prompt_mean(clip(0.2, 0.2, level=\"sequence_token\"))",
  };
  for (char const* const text : sums) all.emplace_back(text, parse(text));
  auto const data = sequences_of(lengths(s), 7);
  int turn = 0;
  for (auto const& [name, o] : all) {
    for (shape const form : shapes) {
      int const number = turn + static_cast<int>(form);
      if (s != size::medium && number % 4 != 0) continue;  // the slots are the same
      if (small && (number % 4 != 0 || turn % 5 != 0)) continue;
      batch_options<T> options;
      options.needs = needs_of_objective(o);
      options.shift = (turn + static_cast<int>(form)) % 4;
      options.garbage = turn % 2 == 0 ? NAN : 1e38;
      options.scale = 1 + turn % 3;
      options.length = turn % 5 == 0;
      about() = name + " shape " + std::to_string(static_cast<int>(form)) + " " + name_of(s) +
                (std::is_same_v<T, float> ? " float" : " double");
      laid_out<T> const l = lay_out(data, form, options);
      bool const one_block = token_problem<T>(o, l.view, {}, observe::none).slots <= small_slots;
      if (s == size::small) check::that(one_block, "a small batch is one block");
      if (s != size::small && form == shape::packed32) check::that(!one_block, "a larger one is not");
      unsigned observed = observe::defaults;
      if ((options.needs.named & reads::old_logp) != 0) observed |= observe::ess;
      compare(l, o, run(l, o, observed, options.shift), "token_loss");
    }
    ++turn;
  }
}

/// What may not change a bit: the run, the path, the layout, the place in the batch, garbage, alignment, the form.
template <class T>
void bits() {
  auto const fixed = token_mean(weight * clip<level::sequence>{0.2, 0.28} + 0.04 * kl(k3)) +
                     0.5 * sequence_mean(clip{0.2, 0.2} + 0.1 * kl(k2));
  dynamic_objective const o(fixed);
  batch_options<T> options;
  options.needs = needs_of_objective(o);
  for (size const s : sizes) {
    about() = std::string("bits ") + name_of(s) + (std::is_same_v<T, float> ? " float" : " double");
    auto const data = sequences_of(lengths(s), 11);
    laid_out<T> const l = lay_out(data, shape::packed32, options);
    answer<T> const first = run(l, o);
    auto const same = [&](answer<T> const& a, char const* what) {
      for (int k = 0; k < 6; ++k) check::same_bits(a.out[k], first.out[k], what);
      check::same_bits(a.record.loss, first.record.loss, what);
    };
    int const runs = std::getenv("AHA_TEST_RUNS") != nullptr ? std::atoi(std::getenv("AHA_TEST_RUNS")) : 100;
    for (int k = 0; k < runs; ++k) {
      answer<T> const a = run(l, o, observe::defaults, 0);
      same(a, "the same call again");
      check::that(std::memcmp(&a.record, &first.record, sizeof a.record) == 0, "the same record again");
    }
    same(run(l, fixed), "the static form");
    for (int shift = 1; shift < 4; ++shift) same(run(l, o, observe::defaults, shift), "outputs elsewhere");

    // Layouts and places: a sequence's gradient, token by token.
    auto const of_sequence = [](laid_out<T> const& in, std::vector<T> const& x, std::size_t i) {
      std::vector<T> r;
      for (int const e : in.host.token[i]) r.push_back(x[static_cast<std::size_t>(e)]);
      return r;
    };
    for (shape const form : {shape::lens32, shape::right, shape::left}) {
      for (double const garbage : {static_cast<double>(NAN), -INFINITY * 1.0, 1e38}) {
        options.garbage = garbage;
        laid_out<T> const other = lay_out(data, form, options);
        answer<T> const a = run(other, o);
        for (std::size_t i = 0; i < data.size(); ++i) {
          check::same_bits(of_sequence(other, a.out[0], i), of_sequence(l, first.out[0], i), "another layout");
        }
        check::same_bits(a.record.loss, first.record.loss, "the loss in another layout");
      }
    }
    options.garbage = NAN;
    std::vector<sequence_samples> turned(data.rbegin(), data.rend());
    laid_out<T> const back = lay_out(turned, shape::packed32, options);
    answer<T> const reversed = run(back, o);
    for (std::size_t i = 0; i < data.size(); ++i) {
      check::same_bits(of_sequence(back, reversed.out[0], data.size() - 1 - i), of_sequence(l, first.out[0], i),
                       "sequences in another order");
    }
    check::same_bits(reversed.record.loss, first.record.loss, "the loss in another order");
    std::vector<sequence_samples> const few(data.begin(), data.begin() + (s == size::small ? 1 : 6));
    laid_out<T> const part = lay_out(few, shape::packed32, options);
    answer<T> const alone = run(part, o);
    for (std::size_t i = 0; i < few.size(); ++i) {
      check::same_bits(of_sequence(part, alone.out[0], i), of_sequence(l, first.out[0], i), "without the others");
    }
  }
}

template <class T>
outputs<T, device> run_dlogp(laid_out<T> const& l) {
  static std::vector<device_array<T>> to;
  to.clear();
  outputs<T, device> one;
  one.dlogp = l.outputs(to, 0).dlogp;
  return one;
}

/// A usual objective with dlogp alone, static or known when it is chosen at run time, which has kernels of its own: the bits
/// of the kernels for everything, whatever is masked. Also over so many slots that blocks have several.
template <class T>
void usual() {
  auto const fixed = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
  auto const unusual = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k2));
  // Limits that bite in every warp: what observers see is the ratio before them.
  auto const limited = sequence_mean(clip{0.2, 0.28, log_ratio_bounds{-0.1, 0.1}} + 0.04 * kl(k3, -0.5, 0.5));
  batch_options<T> options;
  options.needs = needs_of_objective(fixed);
  std::vector<int> many;
  for (int i = 0; i < 9000; ++i) many.push_back(i % 1000 == 7 ? slot_tokens + i % 13 : i % 5);
  std::vector<std::vector<int>> all;
  for (size const s : sizes) all.push_back(lengths(s));
  all.push_back(many);
  for (std::vector<int> const& n : all) {
    auto const data = sequences_of(n, 13);
    bool const is_many = &n == &all.back();
    for (shape const form : shapes) {
      // A row for each sequence would be gigabytes.
      if (is_many && form != shape::packed32 && form != shape::packed64_mask) continue;
      about() = "usual shape " + std::to_string(static_cast<int>(form)) + " sequences " + std::to_string(n.size());
      laid_out<T> const l = lay_out(data, form, options);
      token_problem<T> const p(fixed, l.view, run_dlogp<T>(l), observe::none);
      check::that(p.usual && is_usual_objective(fixed), "the usual kernels are taken");
      if (is_many) check::that(p.slots >= 8192, "blocks have several slots");
      auto const both = [&](auto const& objective, unsigned observed) {
        dynamic_objective const o(objective);
        answer<T> const want = run(l, o, observed);
        if (form == shape::packed32) compare(l, o, want, "token_loss");
        auto const same = [&](answer<T> const& got) {
          check::same_bits(got.out[0], want.out[0], "dlogp");
          check::that(std::memcmp(&got.record, &want.record, sizeof got.record) == 0, "the record");
        };
        same(run(l, objective, observed, 1, wanted::dlogp));
        same(run(l, o, observed, 1, wanted::dlogp));
      };
      both(fixed, observe::defaults);
      both(fixed, observe::none);
      both(unusual, observe::defaults);
      both(limited, observe::defaults);
    }
  }
}

/// A call captured once and replayed on new data.
template <class T>
void graphs() {
  dynamic_objective const o = parse("sequence_mean(clip(0.2, 0.28, level=\"sequence\") + 0.04 * kl(\"k3\"))");
  for (size const s : sizes) {
    about() = std::string("graph ") + name_of(s);
    batch_options<T> options;
    options.needs = needs_of_objective(o);
    laid_out<T> const l = lay_out(sequences_of(lengths(s), 3), shape::left, options);
    laid_out<T> const next = lay_out(sequences_of(lengths(s), 4), shape::left, options);
    answer<T> const want = run(next, o);
    std::vector<device_array<T>> to;
    outputs<T, device> const out = l.outputs(to, 1);
    device_array<loss_record> record(1);
    device_array<unsigned char> space(static_cast<std::size_t>(workspace_bytes(exec::cuda{}, o, l.view)));
    span<std::byte, device> const w(reinterpret_cast<std::byte*>(space.data()), space.size());
    cudaStream_t stream;
    check::cuda(cudaStreamCreate(&stream));
    cudaGraph_t graph;
    cudaGraphExec_t ready;
    check::cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    loss(exec::cuda{stream}, o, l.view, out, record.data(), w);
    check::cuda(cudaStreamEndCapture(stream, &graph));
    check::cuda(cudaGraphInstantiate(&ready, graph, 0));
    for (std::size_t k = 0; k < l.columns.size(); ++k) l.columns[k].copy_from(next.columns[k]);
    for (int k = 0; k < 3; ++k) check::cuda(cudaGraphLaunch(ready, stream));
    check::cuda(cudaStreamSynchronize(stream));
    check::same_bits(to[0].get(), want.out[0], "the replayed gradient");
    check::same_bits(record.get()[0].loss, want.record.loss, "the replayed loss");
    check::cuda(cudaGraphExecDestroy(ready));
    check::cuda(cudaGraphDestroy(graph));
    check::cuda(cudaStreamDestroy(stream));
  }
}

/// Empty problems, offsets out of order, and what the host refuses.
template <class T>
void edges() {
  dynamic_objective const o = parse("sequence_mean(clip(0.2, 0.28, level=\"sequence\") + 0.04 * kl(\"k3\"))");
  batch_options<T> options;
  options.needs = needs_of_objective(o);
  for (std::vector<int> const& n : {std::vector<int>{}, std::vector<int>{0, 0, 0}}) {
    about() = "empty";
    for (shape const form : {shape::packed32, shape::packed64_mask, shape::right, shape::left}) {
      laid_out<T> const l = lay_out(sequences_of(n, 1), form, options);
      answer<T> const a = run(l, o);
      check::that(a.record.loss == 0 && a.record.stats.tokens == 0 && a.record.stats.parts == 1, "zeros");
      for (T const x : in_rows(l, a.out[0])) check::that(x == 0, "gradients are written as zero");
    }
  }
  about() = "on_policy";
  laid_out<T> same = lay_out(sequences_of(lengths(size::medium), 6), shape::left, options);
  same.view.old_logp = same.view.logp;
  same.host.old_logp = same.host.logp;
  answer<T> const spelled = run(same, o);
  compare(same, o, spelled, "token_loss");
  same.view.old_logp = on_policy;
  check::same_bits(run(same, o).out[0], spelled.out[0], "old_logp is logp");

  about() = "offsets";
  laid_out<T> const l = lay_out(sequences_of(lengths(size::large), 5), shape::packed32, options);
  std::int64_t const tokens = l.view.logp.width;
  for (int const wrong : {-5, 7, 1 << 30, static_cast<int>(tokens) + 1}) {
    std::vector<std::int32_t> cu = l.int32[0].get();
    cu[9] = wrong;
    l.int32[0].set(cu);
    check::that(run(l, o).record.bad_offsets > 0, "are counted");
    for (std::size_t k = 0; k < cu.size(); ++k) cu[k] = static_cast<std::int32_t>(wrong * static_cast<int>(k % 3));
    l.int32[0].set(cu);
    check::that(run(l, o).record.bad_offsets > 0, "are counted, all of them");
  }
  about() = "lengths";
  laid_out<T> const p = lay_out(sequences_of(lengths(size::medium), 5), shape::lens32, options);
  std::vector<std::int32_t> lens = p.int32[0].get();
  lens[0] = -1;
  lens[1] = 1 << 20;
  p.int32[0].set(lens);
  check::that(run(p, o).record.bad_offsets == 2, "are counted");

  about() = "errors";
  laid_out<T> good = lay_out(sequences_of({5, 6}, 5), shape::packed32, options);
  auto const call = [&](dynamic_objective const& objective, auto const& view, std::int64_t less = 0) {
    device_array<loss_record> record(1);
    device_array<unsigned char> space(static_cast<std::size_t>(workspace_bytes(exec::cuda{}, objective, good.view)));
    span<std::byte, device> const w(reinterpret_cast<std::byte*>(space.data()), space.size() - less);
    loss(exec::cuda{}, objective, view, outputs<T, device>{}, record.data(), w);
  };
  call(o, good.view);
  check::raises([&] { call(o, good.view, 1); }, "aha::loss: workspace: expected at least");
  auto without = good.view;
  without.adv = {};
  check::raises([&] { call(o, without); }, "aha::loss: adv: expected a column");
  dynamic_objective many = o;
  for (int k = 0; k < 12; ++k) many.parts[0].expression.leaves.push_back(many.parts[0].expression.leaves[0]);
  call(many, good.view);
  for (int k = 0; k < 12; ++k) many.parts[0].expression.leaves.push_back(many.parts[0].expression.leaves[0]);
  check::raises([&] { call(many, good.view); }, "at most 24 terms");
  check::raises(
      [&] {
        device_array<T> wrong(3);
        device_array<loss_record> record(1);
        outputs<T, device> out;
        out.dlogp = span<T, device>(wrong.data(), 3);
        loss(exec::cuda{}, o, good.view, out, record.data(), span<std::byte, device>{});
      },
      "aha::loss: dlogp: expected [11]");
}

/// A value a sequence at each of its tokens.
template <class T>
void spread() {
  auto const data = sequences_of(lengths(size::large), 8);
  std::vector<T> values;
  for (std::size_t i = 0; i < data.size(); ++i) values.push_back(static_cast<T>(i + 1) / T(3));
  device_array<T> const from(values, 1);
  for (shape const form : shapes) {
    about() = "to_tokens shape " + std::to_string(static_cast<int>(form));
    laid_out<T> const l = lay_out(data, form, batch_options<T>{});
    device_array<T> const to(l.entries, 2);
    to_tokens(exec::cuda{}, column<T const, device>(span<T const, device>(from.data(), from.size())), l.view.layout,
              l.column_of(to.data()), l.view.mask);
    std::vector<T> want(l.entries, T(0));
    for (std::size_t i = 0; i < data.size(); ++i) {
      for (int const e : l.host.token[i]) {
        if (l.host.mask[static_cast<std::size_t>(e)] != 0) want[static_cast<std::size_t>(e)] = values[i];
      }
    }
    check::same_bits(in_rows(l, to.get()), in_rows(l, want), "values of sequences");
    check::that(to.intact(), "memory outside is untouched");
  }
}

int main(int count, char**) {
  bool const small = count > 1;  // under a checker that slows everything down
  for (size const s : sizes) {
    parity<float>(s, small);
    if (!small) parity<double>(s, small);
  }
  bits<float>();
  if (!small) bits<double>();
  usual<float>();
  if (!small) usual<double>();
  graphs<float>();
  spread<float>();
  spread<double>();
  edges<float>();
  edges<double>();
  return check::finish();
}
