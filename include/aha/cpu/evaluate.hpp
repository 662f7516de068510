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
    // Bytes count in bytes: runs short enough for that are sixty-four at a time in any SIMD code.
    std::int64_t n = 0;
    std::int64_t t = begin;
    constexpr std::int64_t run = 192;
    for (; t + run <= end; t += run) {
      std::uint8_t in_run = 0;
      for (std::int64_t k = 0; k < run; ++k) in_run = static_cast<std::uint8_t>(in_run + (from[t + k] != 0 ? 1 : 0));
      n += in_run;
    }
    for (; t < end; ++t) n += from[t] != 0 ? 1 : 0;
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
    std::int64_t const row_end = b_.layout.is_packed() ? b_.layout.end(i) : b_.layout.width;
    go_to(i);
    zero(begin, range_.count > 0 ? range_.first : row_end);
    if (range_.count == 0) return finish_sequence(sequence_sums<T>{}, on_, 0, stats);
    zero(range_.last + 1, row_end);
    stager_.sequence(i, range_.last + 1 - range_.first);

    if (on_ != 0) observed_ = {};
    fixed_sum adjoint[statistic_slots];
    bool const reads_S = (needs_.active & reads::statistic) != 0;
    if (reads_S) statistic_pass();
    each_block([&](std::int64_t first, int n) {
      stager_.stage(first, n, block_);
      unsigned const left = evaluate_block(first, n, adjoint, stats, on_);
      if (left != 0) observe_block<leaf_lane_t>(block_, left, observed_);
    });
    if (needs_.adjoint && out_.dlogp.present()) adjoint_pass(adjoint);
    for (int p = 0; p < parts_; ++p) {
      if (weights_[p] != 0) stats.part_loss[static_cast<std::size_t>(p)] += weights_[p] * losses_[p].total();
    }
    stats.parts = parts_;
    finish_sequence(observed_, on_, range_.count, stats);
  }

  /// The gradient of one token, with the bits that `run` gives it; for objectives without a statistic.
  void run_token(std::int64_t i, std::int64_t t) {
    if (i != at_) {
      go_to(i);
      stager_.sequence(i, 1);
    }
    stager_.stage(t, 1, block_);
    loss_stats unused;
    evaluate_block(t, 1, nullptr, unused, observe::none);
  }

 private:
  using leaf_lane_t = typename leaf_lane<V>::type;

  /// Reads what a sequence's tokens share.
  void go_to(std::int64_t i) {
    at_ = i;
    row_ = b_.layout.row(i);
    mask_view<host> const& mask = b_.mask.present() ? b_.mask : b_.layout.mask;
    range_ = unmasked_range(mask, row_, b_.layout.begin(i), b_.layout.end(i));
    n_ = b_.length.present() ? static_cast<double>(b_.length[i]) : static_cast<double>(range_.count);
    prompt_tokens_ = b_.prompt_tokens.present() ? static_cast<double>(b_.prompt_tokens[i]) : 0;
    parts_ = 0;
    objective_.for_each_part([&](auto const& part) {
      weights_[parts_] = weight_of(part);
      losses_[parts_++] = {};
    });
  }
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
          V const g = Statistic::map(passive_token<V, term>(block_, j));
          lane_ops<V>::store(values + j, math::zero_unless(m, g));
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

  /// Gives back what of the observers `on` is left to do.
  unsigned evaluate_block(std::int64_t first, int n, fixed_sum* adjoint, loss_stats& stats, unsigned on) {
    int const padded = block_.padded;
    begin_gradients(first, n);
    bool const token_loss = out_.token_loss.present();
    if (token_loss) std::fill_n(token_loss_, padded, T(0));
    clip_marks* const marks = (on & observe::clip) != 0 ? &clipped_ : nullptr;
    block_observers<T> observers{marks, &observed_, on & ~(observe::parts | observe::clip)};
    int p = 0;
    objective_.for_each_part([&](auto const& part) {
      double const w = weights_[p];
      int const mine = p++;
      if (w == 0) return;
      sums_.value = {value_, false};
      add_part(part, w, observers);
      sums_.value.end(padded);
      losses_[mine].add(value_, padded);
      if (token_loss) {
        T const wt = static_cast<T>(w);
        for (int j = 0; j < padded; ++j) token_loss_[j] += wt * value_[j];
      }
    });
    if (needs_.adjoint && adjoint != nullptr) {
      for (int k = 0; k < statistic_slots; ++k) {
        sums_.dS[k].end(padded);
        adjoint[k].add(sums_.dS[k].at, padded);
      }
    }
    if (marks != nullptr) count_clipped<leaf_lane_t>(clipped_, padded, stats);
    end_gradients(first, n);
    if (token_loss) std::copy_n(token_loss_, n, out_.token_loss.row(row_) + first);
    return observers.on;
  }

  /// A part that is known when this is compiled is one loop; one that is not is a loop a leaf.
  template <class Part>
  void add_part(Part const& part, double w, block_observers<T>& observers) {
    if constexpr (is_static_part<Part>) {
      bool all = true;
      part.for_each_leaf([&](auto const& l) { all = all && l.coefficient != 0; });
      if (all) return add_leaves<leaf_lane_t>(part.leaves, block_, w, sums_, observers);
    }
    part.for_each_leaf([&](auto const& l) {
      using Term = std::decay_t<decltype(l.term)>;
      if (l.coefficient != 0) add_leaves<leaf_lane_t>(leaves<Term>{l, {}}, block_, w, sums_, observers);
    });
  }

  /// Leaves add to the outputs where they lie; a block that does not fill whole lanes goes through a buffer.
  void begin_gradients(std::int64_t first, int n) {
    outputs<T, host>::gradients(out_, [&](active_input k, std::string_view, column<T, host> const& c) {
      bool const whole = c.present() && n == block_.padded;
      sums_.d[static_cast<int>(k)] = {whole ? c.row(row_) + first : d_[static_cast<int>(k)], false};
    });
    for (int k = 0; k < statistic_slots; ++k) sums_.dS[k] = {dS_[k], false};
  }
  void end_gradients(std::int64_t first, int n) {
    outputs<T, host>::gradients(out_, [&](active_input k, std::string_view, column<T, host> const& c) {
      if (!c.present()) return;
      leaf_sum<T>& sum = sums_.d[static_cast<int>(k)];
      sum.end(n);
      if (n != block_.padded) std::copy_n(sum.at, n, c.row(row_) + first);
    });
  }

  /// dlogp_t += (sum_u w_u dl_u/dS) a_i m_t g'(x_t), for every statistic.
  void adjoint_pass(fixed_sum const* adjoint) {
    using D = dual<V, 1>;
    each_block([&](std::int64_t first, int n) {
      stager_.stage(first, n, block_);
      T* const to = out_.dlogp.row(row_) + first;
      T* const sum = value_;
      std::copy_n(to, n, sum);
      int slot = 0;
      for_each_type(statistics{}, [&](auto tag) {
        using Statistic = typename decltype(tag)::type;
        V const e = lane<V>(adjoint[slot++].total() * normaliser<Statistic>());
        for (int j = 0; j < block_.padded; j += lane_ops<V>::width) {
          mask_t<V> const m = lane_ops<V>::load(block_.mask + j) > lane<V>(0);
          token<V> const p = passive_token<V, term>(block_, j);
          token<D> t;
          t.logp = D::seeded(p.logp, 0);
          t.old_logp = p.old_logp;
          V const d = math::zero_unless(m, e * Statistic::map(t).d[0]);
          lane_ops<V>::store(sum + j, lane_ops<V>::load(sum + j) + d);
        }
      });
      std::copy_n(sum, n, to);
    });
  }

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
  alignas(64) T value_[block_tokens];
  alignas(64) T d_[active_inputs][block_tokens];
  alignas(64) T dS_[statistic_slots][block_tokens];
  alignas(64) T token_loss_[block_tokens];
  clip_marks clipped_;
  double weights_[max_parts];
  fixed_sum losses_[max_parts];
  sequence_sums<T> observed_;
  int parts_ = 0;
  std::int64_t at_ = -1;
  std::int64_t row_ = 0;
  token_range range_;
  double n_ = 0;
  double prompt_tokens_ = 0;
};

AHA_NAMESPACE_END
