// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/exec.cuh>
#include <aha/cuda/record.cuh>
#include <aha/cuda/workspace.cuh>
#include <aha/loss/check_batch.hpp>
#include <aha/loss/evaluate_tokens.hpp>

AHA_NAMESPACE_BEGIN

/// The unit of work: so many tokens of one sequence, counted from its first unmasked one, by a team of threads. Thread k
/// has the tokens k, k + 128, k + 256, ...: loads of a warp are contiguous whatever the alignment, so that neither it nor
/// left padding can move a bit, and sequences that begin anywhere in a packed batch cost the same.
inline constexpr int slot_tokens = 4096;
inline constexpr int team_threads = 128;
/// Up to so many slots a call is one block and one launch: one for each of its teams. More turns of one block take longer
/// than a second launch (24 slots: 100 us against 20, H100).
inline constexpr int small_slots = 4;

/// Where a slot's numbers lie among its `values`: sums of tokens first, then the smallest and largest log-ratio, then
/// counts. -1: not wanted.
struct slot_values {
  int parts = 0;
  int old_kl = -1;
  int ref_kl = -1;
  int ratio = -1;
  int entropy = -1;
  int ends = -1;
  int counts = 0;  ///< tokens, sequences, clip_low, clip_high, clip_dual, clip_value
  int values = 0;
  static constexpr int count_values = 6;

  slot_values() = default;
  slot_values(int part_count, unsigned on) : parts(part_count) {
    int at = part_count;
    auto const take = [&](bool wanted, int n) {
      int const here = at;
      at += wanted ? n : 0;
      return wanted ? here : -1;
    };
    bool const ratios = (on & (observe::ratio | observe::ess | observe::chi_square)) != 0;
    old_kl = take((on & observe::old_kl) != 0, 3);
    ref_kl = take((on & observe::ref_kl) != 0, 3);
    ratio = take(ratios, 2);
    entropy = take((on & observe::entropy) != 0, 1);
    ends = take(ratios, 2);
    counts = take(true, count_values);
    values = at;
  }
  /// Number v of no token.
  AHA_FN double nothing(int v) const {
    if (ends < 0 || v < ends || v > ends + 1) return 0;
    return v == ends ? double(INFINITY) : -double(INFINITY);
  }
};

/// One call from log-probs as its kernels see it.
template <class T>
struct token_problem {
  token_batch<device, T> batch;  ///< columns addressed by rows of the layout; `mask` is the one mask there is
  outputs<T, device> out;
  loss_record* record = nullptr;
  std::int64_t const* bad_targets = nullptr;  ///< what kernels over rows of logits counted before
  std::int64_t tokens = 0;                    ///< entries of a token column
  std::int64_t slots = 0;
  std::int64_t slots_a_row = 0;  ///< padded
  unsigned read = 0;             ///< columns that leaves or observers read
  unsigned on = 0;               ///< active observers
  unsigned differentiated = 0;   ///< active inputs, as flags of `reads`
  bool reads_statistic = false;
  bool more_outputs = false;  ///< others than dlogp
  bool adjoint = false;       ///< a second sweep adds the statistics' part to dlogp
  bool usual = false;         ///< log-probabilities and advantages in, dlogp out, nothing else
  slot_values at;
  aggregation kind[max_parts] = {};
  double base[max_parts] = {};  ///< `part_scale` of each part

  // In the workspace. A sequence under a mask: where its first unmasked token lies, counted from the end, how many there
  // are, and how far the last reaches, counted from the begin.
  unsigned long long* head = nullptr;
  unsigned long long* count = nullptr;
  unsigned long long* reach = nullptr;
  double* slot = nullptr;          ///< [slots, values]
  double* slot_sum = nullptr;      ///< [slots, statistic_slots] of a statistic, later of its adjoint
  double* sequence_sum = nullptr;  ///< [B, statistic_slots] S_i
  double* sequence_adjoint = nullptr;
  double* block = nullptr;  ///< [record_blocks, 2 values + 1]
  unsigned* arrived = nullptr;

  AHA_FN std::int64_t sequences() const { return batch.layout.sequences; }
  AHA_FN bool masked() const { return batch.mask.present(); }
  /// Slots that a block adds up: about as many as there are such blocks, which the last of them adds up in turn.
  AHA_FN std::int64_t slots_a_record_block() const {
    std::int64_t n = 16;
    while (n * n < slots) n *= 2;
    return n;
  }
  std::int64_t record_blocks() const {
    return slots == 0 ? 1 : (slots + slots_a_record_block() - 1) / slots_a_record_block();
  }

  template <class Objective>
  token_problem(Objective const& o, token_batch<device, T> const& b, outputs<T, device> const& wanted,
                unsigned observed)
      : batch(b), out(wanted) {
    rows_of_layout(batch, out);
    if (!batch.mask.present()) batch.mask = batch.layout.mask;
    batch.layout.mask = {};
    bool const packed = batch.layout.is_packed();
    tokens = batch.layout.is_packed() ? 0 : sequences() * batch.layout.width;
    if (packed) tokens = entries_of(b);
    slots_a_row = (batch.layout.width + slot_tokens - 1) / slot_tokens;
    slots = packed ? tokens / slot_tokens + sequences() : slots_a_row * sequences();
    if (tokens == 0) slots = 0;

    objective_needs const n = needs_of_objective(o);
    on = active_observers(b, observed);
    read = n.active | (reads_of_observers(on) & present(b));
    differentiated = n.active;
    reads_statistic = (n.active & reads::statistic) != 0;
    adjoint = n.adjoint && out.dlogp.present();
    more_outputs = out.dentropy.present() || out.dlse.present() || out.dvalue.present() || out.dgiven.present() ||
                   out.token_loss.present();
    constexpr unsigned usually = reads::logp | reads::old_logp | reads::ref_logp | reads::adv;
    usual = (read & ~usually) == 0 && !reads_statistic && !adjoint && !more_outputs;
    int p = 0;
    o.for_each_part([&](auto const& part) {
      kind[p] = part.aggregate.kind;
      base[p++] = part_scale(part.coefficient, part.aggregate, batch.totals, batch.scale);
    });
    at = slot_values(p, on);
  }

  /// The single place of the workspace's layout; the same whatever outputs there are. `has_adjoint`: the objective's.
  void place(workspace_layout& w, bool has_adjoint) {
    std::int64_t const B = sequences();
    if (masked()) {
      head = w.take<unsigned long long>(3 * B);
      count = head == nullptr ? nullptr : head + B;
      reach = head == nullptr ? nullptr : head + 2 * B;
    }
    slot = w.take<double>(slots * at.values);
    if (reads_statistic) {
      slot_sum = w.take<double>(slots * statistic_slots);
      sequence_sum = w.take<double>(B * statistic_slots);
    }
    if (has_adjoint) sequence_adjoint = w.take<double>(B * statistic_slots);
    block = w.take<double>(record_blocks() * (2 * at.values + 1));
    arrived = w.take<unsigned>(1);
  }

 private:
  static std::int64_t entries_of(token_batch<device, T> const& b) {
    std::int64_t n = 0;
    token_batch<device, T>::columns(b, [&](std::string_view, unsigned, column<T const, device> const& c) {
      if (c.present()) n = c.rank == 2 ? c.rows * c.width : c.width;
    });
    return n;
  }
  static unsigned present(token_batch<device, T> const& b) {
    unsigned r = 0;
    token_batch<device, T>::columns(b, [&](std::string_view, unsigned flag, column<T const, device> const& c) {
      if (c.present() || (flag == reads::old_logp && b.old_logp.given())) r |= flag;
    });
    return r;
  }
};

AHA_NAMESPACE_END
