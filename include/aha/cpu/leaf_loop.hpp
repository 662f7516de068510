// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/simd_pair.hpp>
#include <aha/cpu/token_block.hpp>

AHA_NAMESPACE_BEGIN

/// A sum over leaves, token by token. What lies there before the first leaf adds to it is not read into it.
template <class T>
struct leaf_sum {
  T* at = nullptr;
  bool begun = false;

  /// Zeros where no leaf has added.
  void end(int n) {
    if (!begun) std::fill_n(at, n, T(0));
    begun = true;
  }
};

/// A bit for each sum of `block_sums`.
namespace sum_bits {
inline constexpr unsigned value = 1;
constexpr unsigned d(std::size_t input) { return 2U << input; }
constexpr unsigned dS(std::size_t slot) { return 2U << (active_inputs + slot); }
}  // namespace sum_bits

/// What the leaves of a block add to.
template <class T>
struct block_sums {
  leaf_sum<T> value;
  leaf_sum<T> d[active_inputs];  ///< by each active input
  leaf_sum<T> dS[statistic_slots];

  /// The sums that leaves have added to.
  [[nodiscard]] unsigned begun() const {
    unsigned bits = value.begun ? sum_bits::value : 0U;
    for (std::size_t k = 0; k < active_inputs; ++k) bits |= d[k].begun ? sum_bits::d(k) : 0U;
    for (std::size_t k = 0; k < statistic_slots; ++k) bits |= dS[k].begun ? sum_bits::dS(k) : 0U;
    return bits;
  }
  /// Leaves have added to these.
  void begin(unsigned bits) {
    value.begun = value.begun || (bits & sum_bits::value) != 0;
    for (std::size_t k = 0; k < active_inputs; ++k) d[k].begun = d[k].begun || (bits & sum_bits::d(k)) != 0;
    for (std::size_t k = 0; k < statistic_slots; ++k) dS[k].begun = dS[k].begun || (bits & sum_bits::dS(k)) != 0;
  }
};

/// The sums that a term adds to.
template <class Term>
constexpr unsigned sums_touched() {
  unsigned bits = sum_bits::value | sum_bits::d(static_cast<std::size_t>(input_of<Term>));
  if constexpr (has_adjoint<Term>) bits |= sum_bits::dS(statistic_slot<typename Term::statistic>);
  return bits;
}
template <class Term>
inline constexpr unsigned sums_of = sums_touched<Term>();

/// The sides of a clip that tokens of a block are on: bit k of entry i is token i * width + k.
struct clip_marks {
  std::uint32_t sides[4][block_tokens];
  unsigned begun = 0;  ///< bit s: sides[s] was written

  /// Marks lanes of one batch, beside what other leaves have marked.
  template <class V>
  void mark(unsigned side, unsigned before, int j, mask_t<V> const& clipped) {
    std::uint32_t& at = sides[side][j / lane_ops<V>::width];
    at = lane_ops<V>::bits(clipped) | (((before >> side) & 1U) != 0 ? at : 0U);
  }
  /// Marked tokens of a side over the first `batches` entries.
  std::int64_t count(unsigned side, int batches) const {
    std::int64_t n = 0;
    if (((begun >> side) & 1U) == 0) return n;
    for (int i = 0; i < batches; ++i) n += count_bits(sides[side][i]);
    return n;
  }

 private:
  static std::int64_t count_bits(std::uint32_t x) {
    x = x - ((x >> 1U) & 0x55555555U);
    x = (x & 0x33333333U) + ((x >> 2U) & 0x33333333U);
    return (((x + (x >> 4U)) & 0x0F0F0F0FU) * 0x01010101U) >> 24U;
  }
};

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

/// The sides that a term's `clipped` can say yes to.
template <class Term, class V>
constexpr unsigned sides_of() {
  if constexpr (has_clip_side<Term, V>::value) {
    return Term::sides;
  } else {
    return 0;
  }
}

/// What the loop over a block is compiled for.
enum class leaf_mode {
  first,  ///< no factors, and no leaf has added to its sums yet
  more,   ///< no factors, and leaves have added to all of its sums
  any
};

/// The loop of `add_leaves` over one list: the sums of a lane stay in registers from its first leaf to its last. Leaves
/// all at once or one by one add in the same order, so that bits do not depend on how a list is cut.
template <leaf_mode Mode, class V, class T, class... Terms>
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
  AHA_INLINE void run(leaves<Terms...> const& given, int padded) const {
    // Copies that no store can alias: parameters are converted and broadcast once a block instead of once a lane.
    leaf_loop const loop = *this;
    leaves<Terms...> const list = given;
    unsigned const marked = marks_ != nullptr ? marks_->begun : 0;
    for (int j = 0; j < padded; j += ops::width) {
      lane_sums s;
      s.mask = ops::load(loop.b_.mask + j) > lane<V>(0);
      loop.template add<0>(list, j, marked, s);
      loop.end(j, s, std::make_index_sequence<active_inputs>{}, std::make_index_sequence<statistic_slots>{});
    }
  }

 private:
  using ops = lane_ops<V>;
  struct lane_sums {
    V value, d[active_inputs], dS[statistic_slots];
    mask_t<V> mask;
  };
  struct place {
    T* at = nullptr;
    mask_t<V> begun{};
    place() = default;
    explicit place(leaf_sum<T> const& s) : at(s.at), begun(lane<V>(s.begun ? 1 : 0) > lane<V>(0)) {}
  };
  static constexpr unsigned touched = (0U | ... | sums_of<Terms>);

  template <unsigned Before>
  AHA_INLINE void add(leaves<> const&, int, unsigned, lane_sums&) const {}
  /// One leaf and those behind it, at the lane from token j on. `Before`: the sums that the leaves before it have added to.
  template <unsigned Before, class Term, class... More>
  AHA_INLINE void add(leaves<Term, More...> const& list, int j, unsigned marked, lane_sums& s) const {
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
    if constexpr (has_clip_side<Term, V>::value) {
      if (marks_ != nullptr) {
        clip_side<V> const side = l.term.clipped(t);
        if constexpr ((Term::sides & clips::low) != 0) marks_->mark<V>(0, marked, j, s.mask && side.low);
        if constexpr ((Term::sides & clips::high) != 0) marks_->mark<V>(1, marked, j, s.mask && side.high);
        if constexpr ((Term::sides & clips::dual) != 0) marks_->mark<V>(2, marked, j, s.mask && side.dual);
        if constexpr ((Term::sides & clips::value) != 0) marks_->mark<V>(3, marked, j, s.mask && side.value);
        marked |= Term::sides;
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
    add<Before | sums_of<Term>>(list.tail, j, marked, s);
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
/// are wanted the tokens that a term clips are marked, from the same exponential. The same code for every lane and
/// objective.
template <class V, class T, class... Terms>
AHA_FLATTEN void add_leaves(leaves<Terms...> const& list, token_block<T> const& block, double scale,
                            block_sums<T>& sums, clip_marks* marks) {
  bool plain = true;
  list.for_each_leaf([&](auto const& l) { plain = plain && l.weight == 0 && !l.keep; });
  constexpr unsigned touched = (0U | ... | sums_of<Terms>);
  unsigned const begun = sums.begun();
  if (plain && ((begun & touched) == 0 || (begun & touched) == touched)) {
    plain_leaves(list, leaves<>{}, [&](leaves<Terms...> const& l) AHA_INLINE_LAMBDA {
      if ((begun & touched) == 0) {
        leaf_loop<leaf_mode::first, V, T, Terms...>(block, sums, scale, marks).run(l, block.padded);
      } else {
        leaf_loop<leaf_mode::more, V, T, Terms...>(block, sums, scale, marks).run(l, block.padded);
      }
    });
  } else {
    leaf_loop<leaf_mode::any, V, T, Terms...>(block, sums, scale, marks).run(list, block.padded);
  }
  sums.begin(touched);
  if (marks != nullptr) marks->begun |= (0U | ... | sides_of<Terms, V>());
}

AHA_NAMESPACE_END
