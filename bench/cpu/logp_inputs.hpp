// SPDX-License-Identifier: MIT
#pragma once

#include "inputs.hpp"
#include "work.hpp"

namespace bench {

/// Columns of `tokens` tokens in sequences of 1024: advantages a token and a mask of bytes, a tenth of it 0.
struct logp_inputs {
  std::vector<std::int64_t> cu_seqlens;
  std::vector<float> logp, old_logp, ref_logp, adv, dlogp;
  std::vector<std::uint8_t> mask;
  double counted = 0;

  explicit logp_inputs(std::int64_t n)
      : cu_seqlens(offsets(n, 1024)),
        logp(filled<float>(n, [](std::int64_t i) { return -3.0F * number(i, 0); })),
        old_logp(filled<float>(n, [&](std::int64_t i) { return logp[at(i)] + 0.6F * (number(i, 1) - 0.5F); })),
        ref_logp(filled<float>(n, [&](std::int64_t i) { return logp[at(i)] + 0.6F * (number(i, 2) - 0.5F); })),
        adv(filled<float>(n, [](std::int64_t i) { return 2.0F * number(i, 3) - 1.0F; })),
        dlogp(at(n)),
        mask(filled<std::uint8_t>(n, [](std::int64_t i) { return number(i, 4) < 0.9F ? 1 : 0; })) {
    for (std::uint8_t const m : mask) counted += m;
  }

  aha::token_batch<> batch() const {
    aha::token_batch<> b{aha::packed{cu_seqlens}};
    b.logp = logp;
    b.old_logp = old_logp;
    b.ref_logp = ref_logp;
    b.adv = aha::per_token(adv);
    b.mask = mask;
    b.totals = aha::totals{counted, cu_seqlens.size() - 1};
    return b;
  }

  /// The case of these columns: four floats and a byte read, a float written, for every token.
  row named(std::string const& implementation) const {
    auto const n = static_cast<std::int64_t>(logp.size());
    return {"logp_loss_grad", "[" + std::to_string(n) + "]", "float32", implementation, n * (4 * 4 + 1 + 4)};
  }

 private:
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
};

/// GRPO with the k3 penalty, the objective of every row of logp_loss_grad and logits_loss_grad.
inline auto grpo() {
  using namespace aha;
  return token_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
}

/// One row: an objective over these columns with the observers that are asked for.
template <class Objective>
void measure_logp(registry& to, std::shared_ptr<logp_inputs> const& in, std::string const& implementation,
                  Objective const& objective, unsigned observed) {
  auto const loss = std::make_shared<double>();
  to.measure(
      in->named(implementation),
      [=](int threads) {
        aha::outputs<float> out;
        out.dlogp = in->dlogp;
        *loss = aha::loss(aha::exec::cpu{threads}, objective, in->batch(), out, observed).loss;
      },
      [=] {
        return check{*loss, sum_of_magnitudes(in->dlogp.data(), in->dlogp.size())};
      });
}

}  // namespace bench
