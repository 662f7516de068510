// SPDX-License-Identifier: MIT
// A complete GRPO trainer whose policy lives in Eigen: sampling, rule reward, group advantages, old and reference
// log-probabilities, several epochs over a batch, Adam. The model and its backward are the host's; aha starts at its
// logits and ends at dlogits. Learns to sort three digits from nothing but the reward, in seconds on one core.
// Usage: 04_eigen_grpo [SEED]
// prints: the policy learned to sort: over 90 % of the held-out problems

#include "sorting_task.hpp"
#include <Eigen/Core>
#include <aha/aha.hpp>
#include <aha/interop/eigen.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using sorting::triple;
using table = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11U) * 0x1p-53; }

/// logits = relu(relu(sum over slots of E[slot, value]) W + b) U + c, for any number of contexts at once.
struct policy {
  static constexpr int width = 64;
  std::array<table, 5> weights;  // E, W, b, U, c

  explicit policy(std::mt19937_64& random)
      : weights{table(sorting::slots * sorting::slot_values, width), table(width, width), table(1, width),
                table(width, sorting::digits), table(1, sorting::digits)} {
    float const size[5] = {0.5F, 0.2F, 0, 0.02F, 0};
    for (std::size_t k = 0; k < weights.size(); ++k) {
      for (float& x : weights[k].reshaped()) x = size[k] * static_cast<float>(2 * uniform(random) - 1);
    }
  }

  struct activations {
    std::vector<int> rows;  // of E, `slots` for each context
    table first, second, logits;
  };

  void forward(std::vector<std::array<int, sorting::slots>> const& contexts, activations& a) const {
    auto const n = static_cast<Eigen::Index>(contexts.size());
    a.rows.clear();
    a.first.setZero(n, width);
    for (Eigen::Index i = 0; i < n; ++i) {
      for (int slot = 0; slot < sorting::slots; ++slot) {
        a.rows.push_back(slot * sorting::slot_values +
                         contexts[static_cast<std::size_t>(i)][static_cast<std::size_t>(slot)]);
        a.first.row(i) += weights[0].row(a.rows.back());
      }
    }
    a.first = a.first.cwiseMax(0);
    a.second = ((a.first * weights[1]).rowwise() + weights[2].row(0)).cwiseMax(0);
    a.logits = (a.second * weights[3]).rowwise() + weights[4].row(0);
  }

  std::array<table, 5> backward(activations const& a, table const& dlogits) const {
    std::array<table, 5> d;
    d[3] = a.second.transpose() * dlogits;
    d[4] = dlogits.colwise().sum();
    table const dsecond = ((dlogits * weights[3].transpose()).array() * (a.second.array() > 0).cast<float>()).matrix();
    d[1] = a.first.transpose() * dsecond;
    d[2] = dsecond.colwise().sum();
    table const dfirst = ((dsecond * weights[1].transpose()).array() * (a.first.array() > 0).cast<float>()).matrix();
    d[0].setZero(weights[0].rows(), width);
    for (std::size_t k = 0; k < a.rows.size(); ++k) {
      d[0].row(a.rows[k]) += dfirst.row(static_cast<Eigen::Index>(k) / sorting::slots);
    }
    return d;
  }
};

struct adam {
  float rate;
  std::array<table, 5> mean{}, square{};
  int steps = 0;

  void step(std::array<table, 5>& weights, std::array<table, 5> const& d) {
    ++steps;
    float const c1 = 1 - std::pow(0.9F, static_cast<float>(steps)), c2 = 1 - std::pow(0.99F, static_cast<float>(steps));
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (steps == 1) mean[k] = square[k] = table::Zero(d[k].rows(), d[k].cols());
      mean[k] = 0.9F * mean[k] + 0.1F * d[k];
      square[k] = 0.99F * square[k] + 0.01F * d[k].cwiseAbs2();
      weights[k].array() -= rate / c1 * mean[k].array() / ((square[k].array() / c2).sqrt() + 1e-8F);
    }
  }
};

/// One answer to each problem: drawn at temperature 1, or the likeliest digits without `random`.
std::vector<triple> answer(policy const& model, std::vector<triple> const& problems, std::mt19937_64* random) {
  std::vector<triple> answers(problems.size());
  std::vector<std::array<int, sorting::slots>> contexts(problems.size());
  policy::activations a;
  for (int step = 0; step < sorting::length; ++step) {
    for (std::size_t i = 0; i < problems.size(); ++i) contexts[i] = sorting::context(problems[i], answers[i], step);
    model.forward(contexts, a);
    for (std::size_t i = 0; i < problems.size(); ++i) {
      auto const row = a.logits.row(static_cast<Eigen::Index>(i));
      Eigen::Index choice = 0;
      float const top = row.maxCoeff(&choice);
      if (random != nullptr) {
        Eigen::ArrayXd const p = (row.array() - top).cast<double>().exp();
        double left = uniform(*random) * p.sum();
        for (choice = 0; choice + 1 < p.size() && left >= p[choice]; ++choice) left -= p[choice];
      }
      answers[i][static_cast<std::size_t>(step)] = static_cast<int>(choice);
    }
  }
  return answers;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace aha;
  constexpr int steps = 160, prompts = 32, samples = 16, epochs = 3;
  constexpr std::size_t sequences = prompts * samples, tokens = sequences * sorting::length;
  exec::cpu const here{1};
  std::mt19937_64 random(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 7);

  auto const problems = sorting::problems();
  std::vector<triple> const test(problems.begin(), problems.begin() + sorting::held_out);
  policy model(random);
  policy const reference = model;  // frozen
  adam optimiser{3e-3F};
  sorting::show("before", problems, answer(model, test, nullptr));

  // The entropy bonus keeps the sampler curious: without it one seed in sixteen ended at 74 %.
  auto const grpo = token_mean(clip{0.2, 0.28} + 0.002 * kl(k3)) - 0.01 * token_mean(entropy{});
  std::printf("\nobjective %s, %d problems of %d answers a step, %d epochs\n", to_string(grpo).c_str(), prompts,
              samples, epochs);
  std::printf("step  reward  ref_kl  clipped  entropy\n");

  std::vector<std::int64_t> cu_seqlens(sequences + 1), prompt_of(sequences), targets(tokens);
  for (std::size_t s = 0; s <= sequences; ++s) cu_seqlens[s] = static_cast<std::int64_t>(s) * sorting::length;
  std::vector<float> reward(sequences), adv(sequences), old_logp(tokens), ref_logp(tokens);
  std::vector<std::array<int, sorting::slots>> contexts(tokens);
  std::vector<std::byte> workspace;
  policy::activations a;
  table dlogits;

  for (int step = 1; step <= steps; ++step) {
    // Sampling, `samples` answers to each problem, and the rule that rewards them.
    std::vector<triple> asked(sequences);
    for (std::size_t s = 0; s < sequences; s += samples) {
      std::size_t const which = sorting::held_out + random() % (problems.size() - sorting::held_out);
      for (std::size_t k = 0; k < samples; ++k) {
        asked[s + k] = problems[which];
        prompt_of[s + k] = static_cast<std::int64_t>(s / samples);
      }
    }
    auto const answers = answer(model, asked, &random);
    float mean_reward = 0;
    for (std::size_t s = 0; s < sequences; ++s) {
      reward[s] = sorting::reward(asked[s], answers[s]);
      mean_reward += reward[s] / static_cast<float>(sequences);
      for (int k = 0; k < sorting::length; ++k) {
        std::size_t const t = s * sorting::length + static_cast<std::size_t>(k);
        contexts[t] = sorting::context(asked[s], answers[s], k);
        targets[t] = answers[s][static_cast<std::size_t>(k)];
      }
    }
    advantages(here, advantage::grpo, reward, groups<>::by_id(prompt_of), adv);

    // Eigen's row-major matrices are [T, V] as they are.
    auto const rows = [&] { return logit_rows{view(a.logits), targets}; };
    auto const logp_of = [&](policy const& p, std::vector<float>& logp) {
      p.forward(contexts, a);
      logp_outputs<float> out;
      out.logp = logp;
      token_logp(here, rows(), {}, out);
    };
    logp_of(reference, ref_logp);
    logp_of(model, old_logp);

    token_batch batch{packed{cu_seqlens}};
    batch.old_logp = old_logp;
    batch.ref_logp = ref_logp;
    batch.adv = per_sequence(adv);
    batch.totals = totals{tokens, sequences};
    loss_stats seen;  // of the last epoch, which moved furthest from the sampler
    for (int epoch = 0; epoch < epochs; ++epoch) {
      model.forward(contexts, a);
      dlogits.resize(a.logits.rows(), a.logits.cols());
      workspace.resize(static_cast<std::size_t>(workspace_bytes(here, grpo, rows())));
      matrix<float> const to = view(dlogits);
      seen = loss_from_logits(here, grpo, rows(), batch, to, workspace).stats;
      optimiser.step(model.weights, model.backward(a, dlogits));
    }
    if (step == 1 || step % 20 == 0) {
      auto const n = static_cast<double>(seen.tokens);
      std::printf("%4d  %6.3f  %6.3f  %7.3f  %7.3f\n", step, static_cast<double>(mean_reward), seen.ref_kl.k3 / n,
                  static_cast<double>(seen.clip_low + seen.clip_high) / n, seen.entropy_sum / n);
    }
  }

  std::printf("\n");
  auto const answers = answer(model, test, nullptr);
  sorting::show("after", problems, answers);
  bool const learned = sorting::accuracy(problems, answers) > 0.9;
  std::printf("the policy %s of the held-out problems\n", learned ? "learned to sort: over 90 %" : "sorts too few");
  return learned ? 0 : 1;
}
