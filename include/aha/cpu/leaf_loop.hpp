// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/block_sums.hpp>
#include <aha/cpu/observe_lanes.hpp>
#include <aha/cpu/simd_pair.hpp>

AHA_NAMESPACE_BEGIN

// One lane of tokens of a block, as the record that a term names. Masked tokens too: what comes of them is selected out.

template <class V, class T>
AHA_INLINE void read_record(block_columns<T> const& b, int j, token<V>& t) {
  t.logp = lane_ops<V>::load(b.logp + j);
  t.entropy = lane_ops<V>::load(b.entropy + j);
  t.lse = lane_ops<V>::load(b.lse + j);
  t.old_logp = lane_ops<V>::load(b.old_logp + j);
  t.ref_logp = lane_ops<V>::load(b.ref_logp + j);
  t.adv = lane_ops<V>::load(b.adv + j);
}
template <class V, class T>
AHA_INLINE void read_record(block_columns<T> const& b, int j, value_token<V>& t) {
  t.value = lane_ops<V>::load(b.value + j);
  t.old_value = lane_ops<V>::load(b.old_value + j);
  t.returns = lane_ops<V>::load(b.returns + j);
}
template <class V, class T>
AHA_INLINE void read_record(block_columns<T> const& b, int j, given_token<V>& t) {
  t.given = lane_ops<V>::load(b.given + j);
}

/// One lane of the block as a term sees it, without derivatives.
template <class V, class Term, class T>
AHA_INLINE typename Term::template record<V> passive_token(block_columns<T> const& b, int j) {
  typename Term::template record<V> t;
  read_record(b, j, t);
  return t;
}

/// What the loop over a block is compiled for.
enum class leaf_mode {
  first,  ///< no factors, and no leaf has added to its sums yet
  more,   ///< no factors, and leaves have added to all of its sums
  any
};

/// The loop of `add_leaves` over one list: the sums of a lane stay in registers from its first leaf to its last. Leaves
/// all at once or one by one add in the same order, so that bits do not depend on how a list is cut. `Shared`: the columns
/// whose log-ratios are observed in this loop.
template <leaf_mode Mode, unsigned Shared, class V, class T, class... Terms>
class leaf_loop {
 public:
  leaf_loop(token_block<T> const& block, block_sums<T> const& sums, double scale, clip_marks* marks)
      : b_(block), scale_(scale), value_(sums.value), marks_(marks) {
    for (int k = 0; k < active_inputs; ++k) d_[k] = place(sums.d[k]);
    for (int k = 0; k < statistic_slots; ++k) {
      dS_[k] = place(sums.dS[k]);
      S_[k] = lane<V>(static_cast<double>(block.S[k]));
    }
  }
  AHA_INLINE void run(leaves<Terms...> const& given, int padded, block_observers<T>& observers) const {
    // Copies that no store can alias: parameters are converted and broadcast once a block instead of once a lane.
    leaf_loop const loop = *this;
    leaves<Terms...> const list = given;
    shared_pair seen;
    constexpr int batches = Shared != 0 ? block_lanes<V>::batches : 1;
    for (int j = 0; j < padded; j += batches * ops::width) {
      for (int k = 0; k < batches; ++k) loop.step(list, j + k * ops::width, k, seen);
    }
    if constexpr ((Shared & reads::old_logp) != 0) {
      if (within_limits(list, seen.old.ratio)) {
        seen.old.kl.add_to(observers.sums->old_kl);
        seen.old.ratio.add_to(*observers.sums);
        observers.on &= ~observers.flags_of(reads::old_logp);
      }
    }
    if constexpr ((Shared & reads::ref_logp) != 0) {
      if (ops::bits(seen.ref.within) == all_lanes) {
        seen.ref.kl.add_to(observers.sums->ref_kl);
        observers.on &= ~observers.flags_of(reads::ref_logp);
      }
    }
  }

 private:
  using ops = lane_ops<V>;
  struct lane_sums {
    V value, d[active_inputs], dS[statistic_slots];
    mask_t<V> mask;
  };
  struct shared_pair {
    shared_lanes<V> old, ref;
  };
  /// Whether the leaves' limits have left all of these log-ratios as they are: it is enough to ask for the ends.
  static bool within_limits(leaves<Terms...> const& list, ratio_lanes<V, false> const& ratio) {
    bool all = true;
    for (int k = 0; k < block_lanes<V>::batches; ++k) {
      token<V> least, most;
      least.logp = ratio.low[k];
      most.logp = ratio.high[k];
      mask_t<V> within = least.logp == least.logp;
      list.for_each_leaf([&](auto const& l) {
        if constexpr (exponent_of<std::decay_t<decltype(l.term)>> == reads::old_logp) {
          within = within && l.term.exponent(least) == least.logp && l.term.exponent(most) == most.logp;
        }
      });
      all = all && ops::bits(within || least.logp > most.logp) == all_lanes;  // no token: the ends are those of nothing
    }
    return all;
  }
  static constexpr std::uint32_t all_lanes = ops::width < 32 ? (1U << (ops::width % 32)) - 1U : ~0U;
  struct place {
    T* at = nullptr;
    mask_t<V> begun{};
    place() = default;
    explicit place(leaf_sum<T> const& s) : at(s.at), begun(lane<V>(s.begun ? 1 : 0) > lane<V>(0)) {}
  };
  static constexpr unsigned touched = (0U | ... | sums_of<Terms>);

  /// The lane from token j on, the k-th of those that observers tell apart.
  AHA_INLINE void step(leaves<Terms...> const& list, int j, int k, shared_pair& seen) const {
    lane_sums s;
    s.mask = ops::load(b_.mask + j) > lane<V>(0);
    add<0, 0>(list, j, k, s, seen);
    end(j, s, std::make_index_sequence<active_inputs>{}, std::make_index_sequence<statistic_slots>{});
  }
  template <unsigned Before, unsigned Observed>
  AHA_INLINE void add(leaves<> const&, int, int, lane_sums&, shared_pair&) const {}
  /// One leaf and those behind it, at the lane from token j on. `Before`: the sums that the leaves before it have added
  /// to; `Observed`: the columns whose log-ratios have been observed at theirs.
  template <unsigned Before, unsigned Observed, class Term, class... More>
  AHA_INLINE void add(leaves<Term, More...> const& list, int j, int k, lane_sums& s, shared_pair& seen) const {
    leaf<Term> const& l = list.head;
    auto t = passive_token<V, Term>(b_, j);
    if constexpr (!std::is_same_v<typename Term::statistic, no_statistic>) {
      t.S = S_[statistic_slot<typename Term::statistic>];
    }
    V by = lane<V>(0);
    if constexpr (Mode == leaf_mode::any) {
      if (l.weight > 0) by = ops::load(b_.weight + j);
    }
    leaf_value<V> r = evaluate_leaf(l, t, by, lane<V>(l.coefficient), lane<V>(scale_ * l.coefficient));
    // Before the branch below: compilers see the same exponential for certain only in one straight piece.
    constexpr unsigned observe_to = exponent_of<Term> & Shared & ~Observed;
    if constexpr (observe_to == reads::old_logp) {
      seen.old.template add<true>(k, s.mask, t.logp - t.old_logp, l.term.exponent(t));
    } else if constexpr (observe_to == reads::ref_logp) {
      seen.ref.template add<false>(k, s.mask, t.ref_logp - t.logp, l.term.exponent(t));
    }
    if constexpr (has_clip_side<Term, V>::value) {
      if (marks_ != nullptr) {
        clip_side<V> const side = l.term.clipped(t);
        if constexpr ((Term::sides & clips::low) != 0) marks_->mark<V>(0, j, s.mask && side.low);
        if constexpr ((Term::sides & clips::high) != 0) marks_->mark<V>(1, j, s.mask && side.high);
        if constexpr ((Term::sides & clips::dual) != 0) marks_->mark<V>(2, j, s.mask && side.dual);
        if constexpr ((Term::sides & clips::value) != 0) marks_->mark<V>(3, j, s.mask && side.value);
      }
    }
    if constexpr (Mode == leaf_mode::any) {
      mask_t<V> const kept = l.keep ? s.mask && ops::load(b_.keep + j) > lane<V>(0) : s.mask;
      r = {ops::zero_unless(kept, r.value), ops::zero_unless(kept, r.d), ops::zero_unless(kept, r.dS)};
    }
    join<(Before & sum_bits::value) == 0>(s.value, value_, j, r.value);
    constexpr int input = static_cast<int>(input_of<Term>);
    join<(Before & sum_bits::d(input)) == 0>(s.d[input], d_[input], j, r.d);
    if constexpr (has_adjoint<Term>) {
      constexpr int slot = statistic_slot<typename Term::statistic>;
      join<(Before & sum_bits::dS(slot)) == 0>(s.dS[slot], dS_[slot], j, r.dS);
    }
    add<Before | sums_of<Term>, Observed | observe_to>(list.tail, j, k, s, seen);
  }
  template <bool First>
  AHA_INLINE static void join(V& sum, place const& to, int j, V const& x) {
    if constexpr (!First) {
      sum = sum + x;
    } else if constexpr (Mode == leaf_mode::first) {
      sum = x;
    } else if constexpr (Mode == leaf_mode::more) {
      sum = ops::load(to.at + j) + x;
    } else {
      sum = ops::select(to.begun, ops::load(to.at + j) + x, x);
    }
  }
  template <std::size_t... Inputs, std::size_t... Slots>
  AHA_INLINE void end(int j, lane_sums const& s, std::index_sequence<Inputs...>, std::index_sequence<Slots...>) const {
    store<sum_bits::value>(value_, j, s.mask, s.value);
    (store<sum_bits::d(Inputs)>(d_[Inputs], j, s.mask, s.d[Inputs]), ...);
    (store<sum_bits::dS(Slots)>(dS_[Slots], j, s.mask, s.dS[Slots]), ...);
  }
  template <unsigned Bit>
  AHA_INLINE static void store(place const& to, int j, mask_t<V> const& m, V const& x) {
    if constexpr ((touched & Bit) != 0) ops::store(to.at + j, Mode == leaf_mode::any ? x : ops::zero_unless(m, x));
  }

  block_columns<T> b_;
  double scale_;
  place value_, d_[active_inputs], dS_[statistic_slots];
  V S_[statistic_slots];
  clip_marks* marks_;
};

/// Calls f with a list of the same leaves without factors, their usual parameters by constants (`with_constants`).
template <class F, class... Done>
AHA_INLINE void plain_leaves(leaves<> const&, leaves<Done...> const& done, F const& f) {
  f(done);
}
template <class F, class... Done, class Term, class... More>
AHA_INLINE void plain_leaves(leaves<Term, More...> const& list, leaves<Done...> const& done, F const& f) {
  with_constants(list.head.term, [&](Term const& term) AHA_INLINE_LAMBDA {
    leaves<Term> const one{leaf<Term>{list.head.coefficient, 0, false, term}, {}};
    plain_leaves(list.tail, concat(done, one), f);
  });
}

/// Adds a list of leaves over a block: coefficient times value, and `scale` times coefficient times the derivatives. Two
/// seeds where a term is differentiated by a statistic too (its own log-probability and S), one elsewhere. Where `marks`
/// are wanted the tokens that a term clips are marked, from the same exponential, and so are log-ratios observed where the
/// loop takes all of their flags. The same code for every lane and objective.
template <class V, class T, class... Terms>
AHA_FLATTEN void add_leaves(leaves<Terms...> const& list, token_block<T> const& block, double scale,
                            block_sums<T>& sums, block_observers<T>& observers) {
  bool plain = true;
  list.for_each_leaf([&](auto const& l) { plain = plain && l.weight == 0 && !l.keep; });
  constexpr unsigned touched = (0U | ... | sums_of<Terms>);
  unsigned const begun = sums.begun();
  clip_marks* const marks = observers.marks;
  if (plain && ((begun & touched) == 0 || (begun & touched) == touched)) {
    constexpr unsigned columns = block_lanes<V>::batches <= 2 ? (0U | ... | exponent_of<Terms>) : 0U;
    auto const run = [&](auto shared) AHA_INLINE_LAMBDA {
      plain_leaves(list, leaves<>{}, [&](leaves<Terms...> const& l) AHA_INLINE_LAMBDA {
        constexpr unsigned at = decltype(shared)::value;
        if ((begun & touched) == 0) {
          leaf_loop<leaf_mode::first, at, V, T, Terms...>(block, sums, scale, marks).run(l, block.padded, observers);
        } else {
          leaf_loop<leaf_mode::more, at, V, T, Terms...>(block, sums, scale, marks).run(l, block.padded, observers);
        }
      });
    };
    if (observers.shares(columns)) {
      run(std::integral_constant<unsigned, columns>{});
    } else {
      run(std::integral_constant<unsigned, 0>{});
    }
  } else {
    leaf_loop<leaf_mode::any, 0, V, T, Terms...>(block, sums, scale, marks).run(list, block.padded, observers);
  }
  sums.begin(touched);
}

AHA_NAMESPACE_END
