// SPDX-License-Identifier: MIT
// aha inside a libtorch trainer: a torch::autograd::Function whose forward computes loss and gradient in one call and
// whose backward hands the gradient on. Model, sampling and optimiser are libtorch's. The task is that of 04_eigen_grpo.
// Built against the libtorch inside PyTorch's wheel, where CMake finds a Python that imports torch.
// Usage: 05_libtorch_grpo [SEED]
// prints: the policy learned to sort: over 90 % of the held-out problems

#include "sorting_task.hpp"
#include <aha/aha.hpp>
#include <cstdio>
#include <cstdlib>
#include <torch/torch.h>
#include <vector>

namespace {

using sorting::triple;

constexpr aha::exec::cpu here{1};  // tensors this small gain nothing from a second thread

template <class T>
aha::span<T const> view(torch::Tensor const& t) {
  TORCH_CHECK(t.is_contiguous() && t.device().is_cpu(), "a view needs a contiguous tensor on the CPU");
  return {t.const_data_ptr<T>(), t.numel()};
}
aha::logit_rows<aha::host> rows_of(torch::Tensor const& logits, torch::Tensor const& targets) {
  TORCH_CHECK(logits.dim() == 2 && logits.stride(1) == 1, "logits are [T, V]");
  return {aha::matrix<float const>(logits.const_data_ptr<float>(), logits.size(0), logits.size(1), logits.stride(0)),
          view<std::int64_t>(targets)};
}

/// loss(logits) with autograd, for any objective of aha. The gradient is ready when forward returns.
template <class Objective>
struct loss_from_logits : torch::autograd::Function<loss_from_logits<Objective>> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, torch::Tensor const& logits,
                               torch::Tensor const& targets, Objective const& objective,
                               aha::token_batch<> const& batch, aha::loss_stats* seen) {
    auto const rows = rows_of(logits, targets);
    auto const bytes = aha::workspace_bytes(here, objective, rows);
    torch::Tensor workspace = torch::empty({bytes}, torch::kUInt8);
    torch::Tensor dlogits = torch::empty_like(logits, torch::MemoryFormat::Contiguous);
    aha::matrix<float> const to(dlogits.mutable_data_ptr<float>(), dlogits.size(0), dlogits.size(1));
    auto const r = aha::loss_from_logits(
        here, objective, rows, batch, to,
        aha::span<std::byte>(reinterpret_cast<std::byte*>(workspace.mutable_data_ptr<std::uint8_t>()), bytes));
    *seen = r.stats;
    context->save_for_backward({dlogits});
    return torch::scalar_tensor(r.loss, logits.options());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list const& upstream) {
    return {context->get_saved_variables()[0] * upstream[0], {}, {}, {}, {}};
  }
};

struct policy_impl : torch::nn::Module {
  static constexpr int width = 64;
  torch::nn::Embedding embedding = nullptr;
  torch::nn::Linear inner = nullptr, head = nullptr;

  policy_impl() {
    embedding = register_module("embedding", torch::nn::Embedding(sorting::slots * sorting::slot_values, width));
    inner = register_module("inner", torch::nn::Linear(width, width));
    head = register_module("head", torch::nn::Linear(width, sorting::digits));
    torch::NoGradGuard const off;
    embedding->weight.mul_(0.3);
    head->weight.mul_(0.1);
  }
  torch::Tensor forward(torch::Tensor const& contexts) {
    return head(torch::relu(inner(torch::relu(embedding(contexts).sum(1)))));
  }
};
TORCH_MODULE_IMPL(policy, policy_impl);

/// [n, slots] indices into the embedding, of one digit of n answers.
torch::Tensor contexts_of(std::vector<triple> const& problems, std::vector<triple> const& answers, int step) {
  torch::Tensor all = torch::empty({static_cast<std::int64_t>(problems.size()), sorting::slots}, torch::kInt64);
  auto* to = all.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < problems.size(); ++i) {
    int slot = 0;
    for (int const value : sorting::context(problems[i], answers[i], step)) {
      *to++ = slot++ * sorting::slot_values + value;
    }
  }
  return all;
}

/// One answer to each problem: drawn at temperature 1, or the likeliest digits.
std::vector<triple> answer(policy& model, std::vector<triple> const& problems, bool draw) {
  torch::NoGradGuard const off;
  std::vector<triple> answers(problems.size());
  for (int step = 0; step < sorting::length; ++step) {
    torch::Tensor const logits = model(contexts_of(problems, answers, step));
    torch::Tensor const choice = draw ? torch::multinomial(logits.softmax(-1), 1).squeeze(1) : logits.argmax(-1);
    for (std::size_t i = 0; i < problems.size(); ++i) {
      answers[i][static_cast<std::size_t>(step)] = static_cast<int>(choice.const_data_ptr<std::int64_t>()[i]);
    }
  }
  return answers;
}

torch::Tensor logp_of(policy& model, torch::Tensor const& contexts, torch::Tensor const& targets) {
  torch::NoGradGuard const off;
  torch::Tensor const logits = model(contexts);
  torch::Tensor logp = torch::empty({logits.size(0)});
  aha::logp_outputs<float> out;
  out.logp = aha::span<float>(logp.mutable_data_ptr<float>(), logp.numel());
  aha::token_logp(here, rows_of(logits, targets), {}, out);
  return logp;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int steps = 160, prompts = 32, samples = 16, epochs = 3;
  constexpr std::size_t sequences = prompts * samples;
  std::uint64_t const seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 7;
  at::set_num_threads(1);
  torch::manual_seed(seed);
  std::mt19937_64 random(seed);

  auto const problems = sorting::problems();
  std::vector<triple> const test(problems.begin(), problems.begin() + sorting::held_out);
  policy model, reference;
  {
    torch::NoGradGuard const off;  // the reference starts as a copy and stays
    for (auto const& named : model->named_parameters()) reference->named_parameters()[named.key()].copy_(named.value());
  }
  torch::optim::Adam optimiser(model->parameters(), torch::optim::AdamOptions(3e-3).betas({0.9, 0.99}));
  sorting::show("before", problems, answer(model, test, false));

  auto const grpo = aha::token_mean(aha::clip{0.2, 0.28} + 0.002 * aha::kl(aha::k3)) -  //
                    0.01 * aha::token_mean(aha::entropy{});
  std::printf("\nobjective %s, %d problems of %d answers a step, %d epochs\n", to_string(grpo).c_str(), prompts,
              samples, epochs);
  std::printf("step  reward  ref_kl  clipped  entropy\n");
  torch::Tensor const cu_seqlens =
      torch::arange(0, static_cast<int>(sequences) * sorting::length + 1, sorting::length, torch::kInt32);
  torch::Tensor const prompt_of = torch::arange(prompts).repeat_interleave(samples);

  for (int step = 1; step <= steps; ++step) {
    std::vector<triple> asked;
    for (int p = 0; p < prompts; ++p) {
      asked.insert(asked.end(), samples,
                   problems[sorting::held_out + random() % (problems.size() - sorting::held_out)]);
    }
    auto const answers = answer(model, asked, true);
    torch::Tensor reward = torch::empty({sequences}), adv = torch::empty({sequences});
    torch::Tensor targets = torch::empty({sequences * sorting::length}, torch::kInt64);
    std::vector<torch::Tensor> contexts;
    for (std::size_t s = 0; s < sequences; ++s) {
      reward.mutable_data_ptr<float>()[s] = sorting::reward(asked[s], answers[s]);
      std::copy_n(answers[s].begin(), sorting::length, targets.mutable_data_ptr<std::int64_t>() + s * sorting::length);
    }
    for (int k = 0; k < sorting::length; ++k) contexts.push_back(contexts_of(asked, answers, k));
    torch::Tensor const context = torch::stack(contexts, 1).flatten(0, 1);
    aha::advantages(here, aha::advantage::grpo, view<float>(reward),
                    aha::groups<>::by_id(view<std::int64_t>(prompt_of)),
                    aha::span<float>(adv.mutable_data_ptr<float>(), adv.numel()));
    torch::Tensor const old_logp = logp_of(model, context, targets), ref_logp = logp_of(reference, context, targets);

    aha::token_batch<> batch{aha::packed<>{view<std::int32_t>(cu_seqlens)}};
    batch.old_logp = view<float>(old_logp);
    batch.ref_logp = view<float>(ref_logp);
    batch.adv = aha::per_sequence(view<float>(adv));
    batch.totals = aha::totals{targets.numel(), sequences};
    aha::loss_stats seen;  // of the last epoch, which moved furthest from the sampler
    for (int epoch = 0; epoch < epochs; ++epoch) {
      optimiser.zero_grad();
      loss_from_logits<decltype(grpo)>::apply(model(context), targets, grpo, batch, &seen).backward();
      optimiser.step();
    }
    if (step == 1 || step % 20 == 0) {
      auto const n = static_cast<double>(seen.tokens);
      std::printf("%4d  %6.3f  %6.3f  %7.3f  %7.3f\n", step, reward.mean().item<double>(), seen.ref_kl.k3 / n,
                  static_cast<double>(seen.clip_low + seen.clip_high) / n, seen.entropy_sum / n);
    }
  }

  std::printf("\n");
  auto const answers = answer(model, test, false);
  sorting::show("after", problems, answers);
  bool const learned = sorting::accuracy(problems, answers) > 0.9;
  std::printf("the policy %s of the held-out problems\n", learned ? "learned to sort: over 90 %" : "sorts too few");
  return learned ? 0 : 1;
}
