// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/layout.hpp>
#include <aha/loss/token.hpp>
#include <aha/loss/totals.hpp>

AHA_NAMESPACE_BEGIN

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
  constexpr column<T const, Space>& tokens() { return *this; }
  AHA_FN constexpr column<T const, Space> const& tokens() const { return *this; }
};

/// What a loss reads: a layout and columns `[T]` (packed) or `[B, L]` (padded), each with its own row stride, in one
/// scalar type T. Log-probabilities, entropies and log-sum-exps in nats, values and returns in units of reward. `adv`, `weight` and `keep` say their scope by
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
  column<T const, Space> lse;        ///< log-sum-exp of each row's logits
  column<T const, Space> value;      ///< the critic's prediction
  column<T const, Space> old_value;  ///< its prediction when the tokens were sampled
  column<T const, Space> returns;    ///< what it should predict
  column<T const, Space> given;      ///< a token loss that the host computed itself
  scoped<column<T const, Space>> adv;
  scoped<column<T const, Space>> weight;
  scoped<mask_view<Space>> keep;
  mask_view<Space> mask;
  index_view<Space> length;  ///< [B] tokens of the whole sequence where it is split over ranks; else the mask count
  index_view<Space> prompt_tokens;  ///< [B] tokens of the sequence's prompt group over the whole step
  aha::totals totals;
  double scale = 1;  ///< what the host's averaging needs (the rank count under DDP or FSDP)

  token_batch() = default;
  token_batch(packed<Space> const& p) : layout(p) {}
  token_batch(padded<Space> const& p) : layout(p) {}

  /// Calls f(name, flag of `reads`, column) for every column with one entry a token, in the order of the documentation.
  /// Works on a constant batch too.
  template <class Batch, class F>
  static void columns(Batch& b, F&& f) {
    f("logp", reads::logp, b.logp);
    f("old_logp", reads::old_logp, b.old_logp.tokens());
    f("ref_logp", reads::ref_logp, b.ref_logp);
    f("entropy", reads::entropy, b.entropy);
    f("lse", reads::lse, b.lse);
    f("value", reads::value, b.value);
    f("old_value", reads::old_value, b.old_value);
    f("returns", reads::returns, b.returns);
    f("given", reads::given, b.given);
  }
};
template <class Space>
token_batch(packed<Space>) -> token_batch<Space, float>;
template <class Space>
token_batch(padded<Space>) -> token_batch<Space, float>;

/// Drops the active input that `outputs::gradients` gives beside the name. (A lambda would not do on a device.)
template <class F>
struct by_name {
  F& f;
  AHA_CALLS_CALLER
  template <class Name, class C>
  AHA_FN void operator()(active_input, Name const& name, C& c) const {
    f(name, c);
  }
};

/// What a call writes, shaped like `logp`; absent means not computed. token_loss_t = sum over parts of
/// w_t x coefficient x l_t, so that it sums to the loss. Every entry is written: 0 where masked.
template <class T = float, class Space = host>
struct outputs {
  column<T, Space> dlogp{};
  column<T, Space> dentropy{};
  column<T, Space> dlse{};
  column<T, Space> dvalue{};
  column<T, Space> dgiven{};
  column<T, Space> token_loss{};

  /// Calls f(active input, name, column) for the gradients. Works on constant outputs too.
  AHA_CALLS_CALLER
  template <class Outputs, class F>
  AHA_FN static void gradients(Outputs& o, F&& f) {
    f(active_input::logp, "dlogp", o.dlogp);
    f(active_input::entropy, "dentropy", o.dentropy);
    f(active_input::lse, "dlse", o.dlse);
    f(active_input::value, "dvalue", o.dvalue);
    f(active_input::given, "dgiven", o.dgiven);
  }
  /// Calls f(name, column) for everything that is written.
  AHA_CALLS_CALLER
  template <class Outputs, class F>
  AHA_FN static void each(Outputs& o, F&& f) {
    gradients(o, by_name<std::remove_reference_t<F>>{f});
    f("token_loss", o.token_loss);
  }
};
template <class C, class... Cs>
outputs(C&, Cs&...) -> outputs<std::remove_pointer_t<decltype(std::declval<C&>().data())>, host>;
template <class T, class Space, class... Vs>
outputs(span<T, Space>, Vs const&...) -> outputs<T, Space>;
template <class T, class Space, class... Vs>
outputs(matrix<T, Space>, Vs const&...) -> outputs<T, Space>;
template <class T, class Space, class... Vs>
outputs(column<T, Space>, Vs const&...) -> outputs<T, Space>;

/// Every column of tokens, whatever rank it came with, addressed by rows of the layout.
template <class Space, class T>
void rows_of_layout(token_batch<Space, T>& b, outputs<T, Space>& out) {
  token_batch<Space, T>::columns(
      b, [&](std::string_view, unsigned, column<T const, Space>& c) { rows_of_layout(b.layout, c); });
  if (b.adv.scope == scope::token) rows_of_layout(b.layout, b.adv.values);
  if (b.weight.scope == scope::token) rows_of_layout(b.layout, b.weight.values);
  if (b.keep.scope == scope::token) rows_of_layout(b.layout, b.keep.values);
  rows_of_layout(b.layout, b.mask);
  rows_of_layout(b.layout, b.layout.mask);
  outputs<T, Space>::each(out, [&](std::string_view, column<T, Space>& c) { rows_of_layout(b.layout, c); });
}

AHA_NAMESPACE_END
