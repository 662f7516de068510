// SPDX-License-Identifier: MIT
// Built with -fno-exceptions -fno-rtti: every entry point computes, and says in a status what it refuses.
#include <aha/aha.hpp>
#include <aha/interop/dlpack.hpp>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>
#include <vector>

#if AHA_EXCEPTIONS
#error "this program is about a compiler without exceptions"
#endif

namespace {

int wrong = 0;
void check(bool good, char const* what) {
  if (good) return;
  ++wrong;
  std::printf("wrong: %s\n", what);
}
/// The status refuses and its text begins as it should.
void refused(aha::status const& s, std::string_view text) {
  bool const as_expected = !s.ok() && std::string_view(s.message()).substr(0, text.size()) == text;
  if (!as_expected) std::printf("expected %s\ngot      %s\n", text.data(), s.message().c_str());
  check(as_expected, "a refusal");
}

}  // namespace

int main() {
  using namespace aha;
  std::vector<std::int64_t> const cu{0, 3, 5}, falls{0, 4, 3}, targets{0, 1, 2, 1, 0}, beyond{0, 1, 3, 1, 0};
  std::vector<float> const logp{-0.9F, -0.2F, -1.1F, -0.7F, -2.0F}, adv{1.0F, -1.0F}, logits(15, 0.5F);
  std::vector<float> dlogp(5, -7.0F), dlogits(15, -7.0F);

  status why;
  dynamic_objective const objective = parse("token_mean(clip(0.2, 0.28))", &why);
  check(why.ok(), "parse");
  parse("token_mean(clap())", &why);
  refused(why, "aha::parse: ");
  parse_expression("clip(", &why);
  refused(why, "aha::parse");

  token_batch batch{packed{cu}};
  batch.logp = logp;
  batch.old_logp = on_policy;
  batch.adv = per_sequence(adv);
  batch.totals = totals{5, 2};
  loss_result r = loss(exec::cpu{}, objective, batch, outputs{dlogp});
  check(r.status.ok() && std::abs(r.loss + 0.2) < 1e-7 && std::abs(dlogp[0] + 0.2) < 1e-7, "loss");
  r = loss(exec::cpu{1}, token_mean(clip{-1.0, 0.2}), batch, outputs{dlogp});
  refused(r.status, "aha::clip: eps_low: expected a number >= 0, got -1");
  batch.layout = packed{falls};
  dlogp.assign(5, -7.0F);
  refused(loss(exec::scalar{}, objective, batch, outputs{dlogp}).status, "aha::loss: ");
  check(dlogp[0] == -7.0F, "nothing is written before validation has passed");
  refused(count_totals(packed{falls}).status, "aha::count_totals: ");
  check(count_totals(packed{cu}).tokens == 5, "count_totals");

  std::vector<std::int64_t> shifted(5);
  check(target_shift(targets, packed{cu}, shifted).targets == 3, "target_shift");
  refused(target_shift(targets, packed{falls}, shifted).status, "aha::target_shift: ");

  logit_rows const rows{matrix(logits.data(), 5, 3), targets};
  logit_rows const bad_rows{matrix(logits.data(), 5, 3), beyond};
  std::vector<float> out(5), max(5), log_sum(5);
  logp_outputs<float> forward;
  forward.logp = out;
  forward.max = max;
  forward.log_sum = log_sum;
  check(token_logp(exec::cpu{}, rows, {}, forward).status.ok() && std::abs(out[0] + std::log(3.0)) < 1e-6,
        "token_logp");
  refused(token_logp(exec::cpu{}, bad_rows, {}, forward).status,
          "aha::token_logp: targets: expected ids in [0, 3) or -100, got 3 at position 2");
  softmax_columns<float> softmax;
  softmax.max = max;
  softmax.log_sum = log_sum;
  logit_coefficients<float> by;
  by.dlogp = logp;
  matrix const gradient(dlogits.data(), 5, 3);
  check(logits_gradient(exec::cpu{}, rows, {}, softmax, by, gradient).status.ok() && dlogits[0] != -7.0F, "gradient");
  refused(logits_gradient(exec::cpu{}, bad_rows, {}, softmax, by, gradient).status, "aha::logits_gradient: targets: ");

  batch.layout = packed{cu};
  batch.logp = {};
  std::vector<std::byte> workspace(static_cast<std::size_t>(workspace_bytes(exec::cpu{}, objective, rows)));
  r = loss_from_logits(exec::cpu{}, objective, rows, batch, gradient, workspace);
  check(r.status.ok() && std::abs(r.loss + 0.2) < 1e-7, "loss_from_logits");
  r = loss_from_logits(exec::cpu{}, objective, rows, batch, gradient, span(workspace.data(), 3));
  refused(r.status, "aha::loss_from_logits: workspace: expected at least ");

  std::vector<float> const reward{0.0F, 1.0F};
  std::vector<float> a(2), short_of(1);
  std::vector<std::int64_t> const ids{4, 4};
  auto const one_group = groups<>::by_id(ids);
  check(advantages(exec::cpu{}, advantage::grpo, reward, one_group, a).status.ok() && a[1] > 0, "advantages");
  refused(advantages(exec::cpu{}, advantage::grpo, reward, one_group, short_of).status, "aha::advantages: adv: ");

  std::vector<float> white(2), spread(5);
  check(whiten(exec::cpu{}, advantage::whitening{}, reward, white).status.ok() && white[1] > 0, "whiten");
  refused(whiten(exec::cpu{}, advantage::whitening{}, reward, short_of).status, "aha::whiten: out: ");
  std::vector<float> const endless{1.0F, std::numeric_limits<float>::infinity()};
  check(measure(exec::cpu{}, reward).moments.count == 2, "measure");
  refused(measure(exec::cpu{}, endless).status, "aha::measure: x: ");
  check(to_tokens(exec::cpu{}, adv, packed{cu}, spread).ok() && spread[4] == -1.0F, "to_tokens");
  refused(to_tokens(exec::cpu{}, adv, packed{cu}, short_of), "aha::to_tokens: ");

  // Views have no room for a status: it is reported beside them, and the view is empty.
  std::int64_t shape[] = {5};
  dlpack::tensor t{dlogp.data(), {2, 0}, 1, {2, 32, 1}, shape, nullptr, 0};
  check(!dlpack::column_of<float>(t, "dlogp", &why).present(), "column_of");
  refused(why, "aha::dlpack::column_of: dlogp: expected host memory (CPU), got cuda:0");
  batch.logp = dlpack::column_of<float const>(t, "logp");
  refused(loss(exec::cpu{}, objective, batch).status, "aha::loss: logp: expected a column");

  std::printf("%d wrong\n", wrong);
  return wrong == 0 ? 0 : 1;
}
