// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

/// The losses again, in array notation over `[B, L]` float64 arrays, gradients written out by hand. Shares no code with
/// the library.
namespace oracle {

enum class kl_form { none, k1, k2, k3, k3_grad_k2, k3_ratio, k3_sequence_ratio };
enum class reduction { token_mean, sequence_mean, sequence_sum, constant_length, token_sum };

struct problem {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::vector<double> logp, old_logp, ref_logp, entropy;  // [B * L]
  std::vector<double> mask;                               // [B * L], 0 or 1
  std::vector<double> adv, weight, keep;                  // [B * L] or [B]; weight and keep may be empty (all 1)
  double clip = 1;                                        // coefficient of the surrogate
  bool sequence_clip = false;
  double eps_low = 0.2;
  double eps_high = 0.2;
  double bound = 20;
  kl_form kl = kl_form::none;
  double kl_coefficient = 0;
  bool weight_on_kl = false;
  reduction main = reduction::token_mean;
  double tokens = 1;
  double sequences = 1;
  double constant = 1;
  double scale = 1;
  double entropy_coefficient = 0;  // of token_mean(entropy)
  double entropy_tokens = 1;
};

struct answer {
  double loss = 0;
  double magnitude = 0;  // sum of |w_t l_t|
  std::vector<double> dlogp, dentropy, token_loss;
};

answer solve(problem const& p);

}  // namespace oracle
