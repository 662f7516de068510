// SPDX-License-Identifier: MIT
// run: what of the CUDA engine runs without a GPU. The twin of an objective, the workspace, the numbers of a slot, refusals.
#include <aha/cuda/loss.cuh>
#include <aha/loss/parse.hpp>
#include <cstdio>

using namespace aha;

static int failed = 0;
static void expect(bool ok, char const* what) {
  if (!ok) std::printf("FAILED %s\n", what);
  failed += ok ? 0 : 1;
}

/// The same parts, leaves, parameters, in the same order; terms compared by what they compute.
static bool same(dynamic_objective const& a, device_objective const& b) {
  std::vector<double> x;
  std::vector<double> y;
  auto const list = [](auto const& o, std::vector<double>& to) {
    o.for_each_part([&](auto const& part) {
      to.insert(to.end(), {part.coefficient, static_cast<double>(part.aggregate.kind), part.aggregate.length});
      to.push_back(part.aggregate.total == part.aggregate.total ? part.aggregate.total : -1);
      part.for_each_leaf([&](auto const& l) {
        using Term = std::decay_t<decltype(l.term)>;
        token_inputs<double> in;
        in.logp = -1.25;
        in.old_logp = -1.5;
        in.ref_logp = -0.5;
        in.entropy = 0.75;
        in.lse = 3.5;
        in.value = 0.5;
        in.old_value = -1;
        in.returns = 2;
        in.given = 7;
        in.adv = -1.5;
        double const S[statistic_slots] = {0.375};
        to.insert(to.end(), {l.coefficient, static_cast<double>(l.weight), l.keep ? 1.0 : 0.0,
                             static_cast<double>(term_index<Term>), l.term(record_of<Term>(in, S))});
      });
    });
  };
  list(a, x);
  list(b, y);
  return x == y && !x.empty();
}

int main() {
  for (char const* const text :
       {"sequence_mean(clip(0.1, 0.3) + 0.04 * kl(\"k3\"))",
        "token_mean(keep * weight * weight * dual_clip(0.2, 0.2, 4) - kl(\"k1\", gradient=\"k2\", low=-3)) + "
        "0.5 * sequence_sum(value_loss(0.2), total=9) - 1e-4 * constant_length(100)(z_loss() + given() + entropy())",
        "prompt_mean(clip(0.2, 0.25, level=\"sequence\") + 2 * kl(\"k3\", gradient=\"ratio\", level=\"sequence\") + "
        "clip(0.2, 0.25, level=\"sequence_token\"))"}) {
    dynamic_objective const o = parse(text);
    device_objective d;
    expect(to_device("loss", o, d).ok() && same(o, d), text);
  }
  dynamic_objective many = parse("token_mean(entropy())");
  device_objective d;
  for (int k = 1; k < max_device_leaves; ++k)
    many.parts[0].expression.leaves.push_back(many.parts[0].expression.leaves[0]);
  expect(to_device("loss", many, d).ok() && same(many, d), "as many leaves as fit");
  many.parts[0].expression.leaves.push_back(many.parts[0].expression.leaves[0]);
  status const s = to_device("loss", many, d);
  expect(s.message() == "aha::loss: objective: expected at most 24 terms in at most 16 parts on a device, got 25 in 1",
         "one leaf more is refused by name");

  // Nothing below is dereferenced: addresses only.
  auto* const memory = reinterpret_cast<float*>(std::uintptr_t(1) << 20U);
  auto const tokens = [&](std::int64_t n) { return span<float const, device>(memory, n); };
  dynamic_objective const grpo = parse("sequence_mean(clip(0.2, 0.28, level=\"sequence\"))");
  auto const batch_of = [&](std::int64_t B, std::int64_t n) {
    auto* const cu = reinterpret_cast<int const*>(std::uintptr_t(1) << 50U);
    token_batch<device, float> b{packed<device>(span<int const, device>(cu, B + 1))};
    b.logp = tokens(n);
    b.old_logp = span<float const, device>(memory + n, n);
    b.adv = per_sequence(span<float const, device>(memory + 2 * n, B));
    b.totals = totals(n, B);
    return b;
  };
  token_problem<float> const p(grpo, batch_of(3, 5000), {}, observe::defaults);
  expect(p.tokens == 5000 && p.slots == 5000 / slot_tokens + 3, "slots of a packed batch");
  expect(p.at.parts == 1 && p.at.old_kl == 1 && p.at.ref_kl < 0 && p.at.ratio == 4 && p.at.ends == 6 &&
             p.at.counts == 8 && p.at.values == 14,
         "numbers of a slot");
  expect(p.reads_statistic && !p.adjoint, "no second sweep without dlogp");
  std::int64_t const huge = std::int64_t(3) << 32U;
  token_problem<float> const q(grpo, batch_of(70000, huge), {}, observe::defaults);
  expect(q.slots == huge / slot_tokens + 70000, "more than 2^32 tokens");
  exec::cuda const e{};
  std::int64_t const bytes = workspace_bytes(e, grpo, batch_of(3, 5000));
  expect(bytes % workspace_layout::alignment == 0 && bytes > 7 * 14 * 8 && bytes < 8192, "bytes of a workspace");
  expect(workspace_bytes(e, grpo, batch_of(0, 0)) > 0, "an empty batch has a record to write");

  auto const refused = [&](auto const& f, char const* part) {
    try {
      f();
      expect(false, part);
    } catch (std::invalid_argument const& why) {
      expect(std::string(why.what()).find(part) != std::string::npos, why.what());
    }
  };
  auto* const record = reinterpret_cast<loss_record*>(std::uintptr_t(1) << 40U);
  auto* const space = reinterpret_cast<std::byte*>(std::uintptr_t(1) << 41U);
  outputs<float, device> out;
  refused([&] { loss(e, grpo, batch_of(3, 5000), out, nullptr, span<std::byte, device>(space, bytes)); },
          "aha::loss: record: expected one in device memory, got none");
  refused([&] { loss(e, grpo, batch_of(3, 5000), out, record, span<std::byte, device>(space, bytes - 1)); },
          "aha::loss: workspace: expected at least");
  refused([&] { loss(e, grpo, batch_of(3, 5000), out, record, span<std::byte, device>(space + 8, bytes)); },
          "aha::loss: workspace: expected an address divisible by 256");
  auto* const inside = reinterpret_cast<loss_record*>(memory + 12);
  refused([&] { loss(e, grpo, batch_of(3, 5000), out, inside, span<std::byte, device>(space, bytes)); },
          "aha::loss: record: expected memory apart from logp");
  out.dlogp = span<float, device>(memory + 5, 5000);
  refused([&] { loss(e, grpo, batch_of(3, 5000), out, record, span<std::byte, device>(space, bytes)); },
          "aha::loss: dlogp: expected memory apart from logp");
  out.dlogp = span<float, device>(memory - 9000, 4999);
  refused([&] { loss(e, grpo, batch_of(3, 5000), out, record, span<std::byte, device>(space, bytes)); },
          "aha::loss: dlogp: expected [5000] (a token each), got [4999]");
  std::printf("%s\n", failed == 0 ? "passed" : "failed");
  return failed;
}
