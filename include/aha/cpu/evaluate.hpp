// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/exec.hpp>
#include <aha/cpu/observe_block.hpp>
#include <aha/loss/check_batch.hpp>
#include <aha/loss/part_weight.hpp>

AHA_NAMESPACE_BEGIN

/// What a loss call gives back. `status` is only ever not ok without exceptions.
struct loss_result {
  double loss = 0;
  loss_stats stats;
  aha::status status;
};

/// First and last unmasked token of a sequence in its row, and how many are unmasked.
struct token_range {
  std::int64_t first = 0;
  std::int64_t last = -1;
  std::int64_t count = 0;
};
inline token_range unmasked_range(mask_view<host> const& m, std::int64_t row, std::int64_t begin, std::int64_t end) {
  token_range r{begin, end - 1, end - begin};
  if (!m.present() || begin == end) return r;
  visit_mask(m, [&](auto const* p) {
    auto const* from = p + row * m.row_stride;
    std::int64_t n = 0;
    for (std::int64_t t = begin; t < end; ++t) n += from[t] != 0 ? 1 : 0;
    r.count = n;
    if (n == 0) return;
    while (from[r.first] == 0) ++r.first;
    while (from[r.last] == 0) --r.last;
  });
  return r;
}

/// The loss of one sequence after another over one lane type: the whole engine between staging and summing up.
template <class V, class Objective, class T>
class sequence_engine {
 public:
  sequence_engine(Objective const& objective, token_batch<host, T> const& b, outputs<T, host> const& out, unsigned on)
      : objective_(objective), b_(b), out_(out), on_(on), stager_(b), needs_(needs_of_objective(objective)) {}

  /// Evaluates sequence i, writes its outputs, adds its sums to `stats`.
  void run(std::int64_t i, loss_stats& stats) {
    std::int64_t const begin = b_.layout.begin(i);
    std::int64_t const end = b_.layout.end(i);
    std::int64_t const row_end = b_.layout.is_packed() ? end : b_.layout.width;
    row_ = b_.layout.row(i);
    mask_view<host> const& mask = b_.mask.present() ? b_.mask : b_.layout.mask;
    range_ = unmasked_range(mask, row_, begin, end);
    zero(begin, range_.count > 0 ? range_.first : row_end);
    if (range_.count == 0) return finish_sequence({}, on_, 0, stats);
    zero(range_.last + 1, row_end);
    n_ = b_.length.present() ? static_cast<double>(b_.length[i]) : static_cast<double>(range_.count);
    prompt_tokens_ = b_.prompt_tokens.present() ? static_cast<double>(b_.prompt_tokens[i]) : 0;
    stager_.sequence(i, range_.last + 1 - range_.first);

    sequence_sums observed;
    fixed_sum losses[max_parts];
    fixed_sum adjoint[statistic_slots];
    bool const reads_S = (needs_.active & reads::statistic) != 0;
    if (reads_S) statistic_pass();
    each_block([&](std::int64_t first, int n) {
      stager_.stage(first, n, block_);
      evaluate_block(losses, adjoint, stats);
      if ((on_ & ~observe::parts) != 0) observe_block<V>(block_, on_, observed, stats);
      write(first, n);
    });
    if (needs_.adjoint && out_.dlogp.present()) adjoint_pass(adjoint);
    int p = 0;
    objective_.for_each_part([&](auto const& part) {
      double const w = weight_of(part);
      if (w != 0) stats.part_loss[static_cast<std::size_t>(p)] += w * losses[p].total();
      ++p;
    });
    stats.parts = p;
    finish_sequence(observed, on_, range_.count, stats);
  }

 private:
  template <class F>
  void each_block(F const& f) {
    for (std::int64_t t = range_.first; t <= range_.last; t += block_tokens) {
      f(t, static_cast<int>(std::min<std::int64_t>(block_tokens, range_.last + 1 - t)));
    }
  }
  template <class Part>
  double weight_of(Part const& part) const {
    return part_weight(part.coefficient, part.aggregate, b_.totals, b_.scale, n_, prompt_tokens_);
  }

  /// S_i = a_i sum_t m_t g(x_t).
  void statistic_pass() {
    fixed_sum sums[statistic_slots];
    alignas(64) T values[block_tokens];
    each_block([&](std::int64_t first, int n) {
      stager_.stage(first, n, block_);
      int slot = 0;
      for_each_type(statistics{}, [&](auto tag) {
        using Statistic = typename decltype(tag)::type;
        for (int j = 0; j < block_.padded; j += lane_ops<V>::width) {
          mask_t<V> const m = lane_ops<V>::load(block_.mask + j) > lane<V>(0);
          V const g = Statistic::map(passive_token<V, term>(block_, j, m));
          lane_ops<V>::store(values + j, math::select(m, g, lane<V>(0)));
        }
        sums[slot++].add(values, block_.padded);
      });
    });
    int slot = 0;
    for_each_type(statistics{}, [&](auto tag) {
      block_.S[slot] = static_cast<T>(sums[slot].total() * normaliser<typename decltype(tag)::type>());
      ++slot;
    });
  }
  template <class Statistic>
  double normaliser() const {
    return Statistic::mean ? (n_ > 0 ? 1 / n_ : 0.0) : 1.0;
  }

  void evaluate_block(fixed_sum* losses, fixed_sum* adjoint, loss_stats& stats) {
    int const padded = block_.padded;
    for (int k = 0; k < active_inputs; ++k) {
      if (differentiated(static_cast<active_input>(k))) std::fill_n(sums_.d[k], padded, T(0));
    }
    std::fill_n(token_loss_, padded, T(0));
    if (needs_.adjoint) std::fill_n(&sums_.dS[0][0], statistic_slots * block_tokens, T(0));
    bool const clip = (on_ & observe::clip) != 0;
    if (clip) clipped_.clear(padded);
    int p = 0;
    objective_.for_each_part([&](auto const& part) {
      double const w = weight_of(part);
      int const mine = p++;
      if (w == 0) return;
      std::fill_n(sums_.value, padded, T(0));
      part.for_each_leaf([&](auto const& l) {
        if (l.coefficient == 0) return;
        add_leaf<V>(l, block_, l.coefficient, w * l.coefficient, sums_);
        if (clip) mark_clipped<V>(l.term, block_, clipped_);
      });
      losses[mine].add(sums_.value, padded);
      if (out_.token_loss.present()) {
        T const wt = static_cast<T>(w);
        for (int j = 0; j < padded; ++j) token_loss_[j] += wt * sums_.value[j];
      }
    });
    if (needs_.adjoint) {
      for (int k = 0; k < statistic_slots; ++k) adjoint[k].add(sums_.dS[k], padded);
    }
    if (clip) clipped_.count(padded, stats);
  }

  /// dlogp_t += (sum_u w_u dl_u/dS) a_i m_t g'(x_t), for every statistic.
  void adjoint_pass(fixed_sum const* adjoint) {
    using D = dual<V, 1>;
    each_block([&](std::int64_t first, int n) {
      stager_.stage(first, n, block_);
      T* const to = out_.dlogp.row(row_) + first;
      T* const sum = sums_.d[static_cast<int>(active_input::logp)];
      std::copy_n(to, n, sum);
      int slot = 0;
      for_each_type(statistics{}, [&](auto tag) {
        using Statistic = typename decltype(tag)::type;
        V const e = lane<V>(adjoint[slot++].total() * normaliser<Statistic>());
        for (int j = 0; j < block_.padded; j += lane_ops<V>::width) {
          mask_t<V> const m = lane_ops<V>::load(block_.mask + j) > lane<V>(0);
          token<V> const p = passive_token<V, term>(block_, j, m);
          token<D> t;
          t.logp = D::seeded(p.logp, 0);
          t.old_logp = p.old_logp;
          V const d = math::select(m, e * Statistic::map(t).d[0], lane<V>(0));
          lane_ops<V>::store(sum + j, lane_ops<V>::load(sum + j) + d);
        }
      });
      std::copy_n(sum, n, to);
    });
  }

  void write(std::int64_t first, int n) {
    outputs<T, host>::gradients(out_, [&](active_input k, std::string_view, column<T, host> const& c) {
      if (!c.present()) return;
      T* const to = c.row(row_) + first;
      differentiated(k) ? std::copy_n(sums_.d[static_cast<int>(k)], n, to) : std::fill_n(to, n, T(0));
    });
    if (out_.token_loss.present()) std::copy_n(token_loss_, n, out_.token_loss.row(row_) + first);
  }
  /// Whether a leaf that contributes has this active input.
  bool differentiated(active_input k) const { return (needs_.active & reads_of(k)) != 0; }
  void zero(std::int64_t begin, std::int64_t end) {
    if (begin >= end) return;
    outputs<T, host>::each(out_, [&](std::string_view, column<T, host> const& c) {
      if (c.present()) std::fill(c.row(row_) + begin, c.row(row_) + end, T(0));
    });
  }

  Objective const& objective_;
  token_batch<host, T> const& b_;
  outputs<T, host> const& out_;
  unsigned on_;
  block_stager<T> stager_;
  objective_needs needs_;
  token_block<T> block_;
  block_sums<T> sums_;
  alignas(64) T token_loss_[block_tokens];
  clip_marks<T> clipped_;
  std::int64_t row_ = 0;
  token_range range_;
  double n_ = 0;
  double prompt_tokens_ = 0;
};

AHA_NAMESPACE_END
