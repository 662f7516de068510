// SPDX-License-Identifier: MIT
// Loss and gradient straight from logits, and log-probabilities (with entropies) of given tokens.

#include "logp_inputs.hpp"

namespace bench {
namespace {

template <class T>
T stored(float x) {
  if constexpr (std::is_same_v<T, aha::bfloat16>) {
    return aha::to_bfloat16(x);
  } else {
    return x;
  }
}

/// Logits [rows, V] of one type in sequences of 64 rows, advantages a sequence.
template <class T>
struct logits_inputs {
  std::int64_t rows, vocabulary;
  std::vector<T> logits, dlogits;
  std::vector<std::int64_t> targets, cu_seqlens;
  std::vector<float> old_logp, ref_logp, adv, logp, entropy;
  std::vector<std::byte> workspace;

  logits_inputs(std::int64_t n, std::int64_t v)
      : rows(n),
        vocabulary(v),
        logits(filled<T>(n * v, [](std::int64_t i) { return stored<T>(16.0F * number(i, 7) - 8.0F); })),
        dlogits(static_cast<std::size_t>(n * v)),
        targets(filled<std::int64_t>(n, [v](std::int64_t i) { return i * 7919 % v; })),
        cu_seqlens(offsets(n, 64)),
        old_logp(filled<float>(n, [](std::int64_t i) { return -12.0F - 4.0F * number(i, 1); })),
        ref_logp(filled<float>(n, [](std::int64_t i) { return -12.0F - 4.0F * number(i, 2); })),
        adv(filled<float>(static_cast<std::int64_t>(cu_seqlens.size()) - 1,
                          [](std::int64_t i) { return 2.0F * number(i, 3) - 1.0F; })),
        logp(static_cast<std::size_t>(n)),
        entropy(static_cast<std::size_t>(n)),
        workspace(
            static_cast<std::size_t>(aha::workspace_bytes(aha::exec::cpu{}, grpo(), view(), aha::observe::none))) {}

  aha::logit_rows<aha::host> view() const { return {aha::matrix<T const>(logits.data(), rows, vocabulary), targets}; }
  std::string shape() const { return "[" + std::to_string(rows) + ", " + std::to_string(vocabulary) + "]"; }
  std::int64_t bytes() const { return rows * vocabulary * static_cast<std::int64_t>(sizeof(T)); }
};

double sum_of_magnitudes(std::vector<float> const& v) { return bench::sum_of_magnitudes(v.data(), v.size()); }
double sum_of_magnitudes(std::vector<aha::bfloat16> const& v) {
  double s = 0;
  for (aha::bfloat16 const x : v) s += std::abs(static_cast<double>(aha::to_float(x)));
  return s;
}

template <class T>
void register_type(registry& to, std::string const& dtype) {
  auto const in = std::make_shared<logits_inputs<T>>(to.sizes.rows, to.sizes.vocabulary);
  auto const loss = std::make_shared<double>();
  to.measure(
      {"logits_loss_grad", in->shape(), dtype, AHA_BENCH_LABEL, 2 * in->bytes()},
      [=](int threads) {
        aha::token_batch<> b{aha::packed{in->cu_seqlens}};
        b.old_logp = in->old_logp;
        b.ref_logp = in->ref_logp;
        b.adv = aha::per_sequence(in->adv);
        b.totals = aha::totals{in->rows, in->adv.size()};
        aha::matrix<T> const out(in->dlogits.data(), in->rows, in->vocabulary);
        *loss = aha::loss_from_logits(aha::exec::cpu{threads}, grpo(), in->view(), b, out, in->workspace,
                                      aha::observe::none)
                    .loss;
      },
      [=] {
        return check{*loss, sum_of_magnitudes(in->dlogits)};
      });
  for (bool const entropy : {false, true}) {
    to.measure(
        {"token_logp", in->shape() + (entropy ? " entropy" : ""), dtype, AHA_BENCH_LABEL, in->bytes()},
        [=](int threads) {
          aha::logp_outputs<float> out;
          out.logp = in->logp;
          if (entropy) out.entropy = in->entropy;
          aha::token_logp(aha::exec::cpu{threads}, in->view(), {}, out);
        },
        [=] {
          return check{sum_of_magnitudes(in->logp), entropy ? sum_of_magnitudes(in->entropy) : 0};
        });
  }
}

}  // namespace

void register_logits(registry& to) {
  register_type<float>(to, "float32");
  register_type<aha::bfloat16>(to, "bfloat16");
}

}  // namespace bench
