// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/layout.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN

/// Counts of the whole optimiser step over all ranks and micro-batches: an input, never derived from the shard. A count
/// may be any non-negative number (hosts divide by rank counts); 0 gives a loss of 0. What is not given is NaN.
struct totals {
  double tokens = std::numeric_limits<double>::quiet_NaN();
  double sequences = std::numeric_limits<double>::quiet_NaN();

  constexpr totals() = default;
  template <class A>
  constexpr explicit totals(A token_count) : tokens(static_cast<double>(token_count)) {}
  template <class A, class B>
  constexpr totals(A token_count, B sequence_count)
      : tokens(static_cast<double>(token_count)), sequences(static_cast<double>(sequence_count)) {}
};

/// `batch.old_logp = on_policy`: old_logp is logp without gradient, the ratio is 1 and its gradient is not 0.
struct on_policy_t {};
inline constexpr on_policy_t on_policy{};

/// The old policy's log-probabilities, or `on_policy`.
template <class T, class Space = host>
struct old_column : column<T const, Space> {
  bool on_policy = false;
  constexpr old_column() = default;
  constexpr old_column(on_policy_t) : on_policy(true) {}
  template <class C, class = std::enable_if_t<std::is_convertible_v<C&&, column<T const, Space>>>>
  constexpr old_column(C&& c) : column<T const, Space>(std::forward<C>(c)) {}
  AHA_FN constexpr bool given() const { return on_policy || this->present(); }
};

/// What a loss reads: a layout and columns `[T]` (packed) or `[B, L]` (padded), each with its own row stride, in one
/// scalar type T. Log-probabilities and entropies in nats. `adv`, `weight` and `keep` say their scope by
/// `per_sequence(...)` or `per_token(...)`. `mask` enters denominators and statistics, `keep` removes from a numerator
/// only. A masked position is selected out: it may hold NaN or infinity and nothing changes, bit for bit.
template <class Space = host, class T = float>
struct token_batch {
  using space_type = Space;
  using scalar_type = T;

  aha::layout<Space> layout;
  column<T const, Space> logp;
  old_column<T, Space> old_logp;
  column<T const, Space> ref_logp;
  column<T const, Space> entropy;
  scoped<column<T const, Space>> adv;
  scoped<column<T const, Space>> weight;
  scoped<mask_view<Space>> keep;
  mask_view<Space> mask;
  index_view<Space> length;  ///< [B] tokens of the whole sequence where it is split over ranks; else the mask count
  aha::totals totals;
  double scale = 1;  ///< what the host's averaging needs (the rank count under DDP or FSDP)

  token_batch() = default;
  token_batch(packed<Space> const& p) : layout(p) {}
  token_batch(padded<Space> const& p) : layout(p) {}
};
template <class Space>
token_batch(packed<Space>) -> token_batch<Space, float>;
template <class Space>
token_batch(padded<Space>) -> token_batch<Space, float>;

/// What a call writes, shaped like `logp`; absent means not computed. token_loss_t = sum over parts of
/// w_t x coefficient x l_t, so that it sums to the loss. Every entry is written: 0 where masked.
template <class T = float, class Space = host>
struct outputs {
  column<T, Space> dlogp{};
  column<T, Space> dentropy{};
  column<T, Space> token_loss{};
};
template <class C, class... Cs>
outputs(C&, Cs&...) -> outputs<std::remove_pointer_t<decltype(std::declval<C&>().data())>, host>;
template <class T, class Space, class... Vs>
outputs(span<T, Space>, Vs const&...) -> outputs<T, Space>;
template <class T, class Space, class... Vs>
outputs(matrix<T, Space>, Vs const&...) -> outputs<T, Space>;
template <class T, class Space, class... Vs>
outputs(column<T, Space>, Vs const&...) -> outputs<T, Space>;

AHA_NAMESPACE_END
