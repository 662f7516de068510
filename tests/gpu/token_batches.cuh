// SPDX-License-Identifier: MIT
#pragma once

// Random batches in every layout, on the device and as the oracle sees them.

#include <aha/cuda/loss.cuh>
#include <random>

#include "check.hpp"
#include "token_oracle.hpp"

enum class shape { packed32, packed64_mask, lens32, lens64_mask, right, left, holes, whole };
inline constexpr shape shapes[] = {shape::packed32, shape::packed64_mask, shape::lens32, shape::lens64_mask,
                                   shape::right,    shape::left,          shape::holes,  shape::whole};

/// What one token is, wherever a layout puts it.
struct sample {
  double logp, old_logp, ref_logp, entropy, lse, value, old_value, returns, given, adv, weight;
  int keep, mask;
};
using sequence_samples = std::vector<sample>;

/// Log-probabilities are multiples of 1/64, so that no ratio lies at a rounding's distance from a clip bound.
inline sequence_samples random_sequence(std::mt19937& g, int n) {
  auto const upto = [&](int k) { return static_cast<int>(g() % static_cast<unsigned>(k)); };
  sequence_samples s(static_cast<std::size_t>(n));
  double const adv = (upto(33) - 16) / 8.0;
  for (sample& t : s) {
    t.logp = -upto(192) / 64.0;
    t.old_logp = t.logp + (upto(41) - 20) / 64.0;
    t.ref_logp = t.logp + (upto(129) - 64) / 64.0;
    if (upto(50) == 0) t.ref_logp = t.logp + (upto(2) * 2 - 1) * 24.0;  // beyond the bounds
    t.entropy = upto(256) / 64.0;
    t.lse = upto(256) / 16.0;
    t.value = (upto(257) - 128) / 64.0;
    t.old_value = t.value + (upto(65) - 32) / 128.0 + 1.0 / 1024;
    t.returns = (upto(257) - 128) / 64.0;
    t.given = (upto(257) - 128) / 32.0;
    t.adv = adv;
    t.weight = upto(64) / 32.0;
    t.keep = upto(4) > 0 ? 1 : 0;
    t.mask = upto(5) > 0 ? 1 : 0;
  }
  return s;
}

/// A batch on the device and its oracle's form. Entries that do not count hold `garbage` in every column.
template <class T>
struct laid_out {
  oracle::batch host;
  std::size_t entries = 0;
  aha::token_batch<aha::device, T> view;
  std::vector<check::device_array<T>> columns;
  std::vector<check::device_array<std::int32_t>> int32;
  std::vector<check::device_array<std::int64_t>> int64;
  std::vector<check::device_array<unsigned char>> bytes;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t stride = 0;
  bool is_packed = false;

  /// A column of tokens as the layout's shape has it.
  template <class C>
  aha::column<C, aha::device> column_of(C* data) const {
    if (is_packed || stride == 0) return aha::span<C, aha::device>(data, static_cast<std::int64_t>(entries));
    return aha::matrix<C, aha::device>(data, rows, width, stride);
  }
  aha::outputs<T, aha::device> outputs(std::vector<check::device_array<T>>& to, int shift) const {
    to.clear();
    for (int k = 0; k < 6; ++k) to.emplace_back(entries, (shift + k) % 4);
    return {column_of(to[0].data()), column_of(to[1].data()), column_of(to[2].data()),
            column_of(to[3].data()), column_of(to[4].data()), column_of(to[5].data())};
  }
};

template <class T>
struct batch_options {
  aha::objective_needs needs;
  int shift = 0;  ///< of columns against aligned addresses; also chooses scopes
  double garbage = NAN;
  double scale = 1;
  bool length = false;
};

template <class T>
laid_out<T> lay_out(std::vector<sequence_samples> const& sequences, shape form, batch_options<T> const& options) {
  using namespace aha;
  laid_out<T> l;
  std::size_t const B = sequences.size();
  bool const holes = form == shape::packed64_mask || form == shape::lens64_mask || form == shape::holes;
  l.is_packed = form == shape::packed32 || form == shape::packed64_mask;
  std::size_t longest = 1;
  std::size_t total = 0;
  for (auto const& s : sequences) {
    longest = std::max(longest, s.size());
    total += s.size();
  }
  if (form == shape::whole) {
    for (auto const& s : sequences) longest = std::min(longest, s.size());
  }
  l.rows = static_cast<std::int64_t>(B);
  std::size_t const W = form == shape::whole ? longest : longest + 3;
  l.width = static_cast<std::int64_t>(W);
  bool const strided = form == shape::holes;
  l.stride = strided ? l.width + 5 : (form == shape::right ? l.width : 0);
  std::size_t const row = strided ? W + 5 : W;
  l.entries = l.is_packed ? total : B * row;

  sample none{};
  none.logp = none.old_logp = none.ref_logp = none.entropy = none.lse = none.value = none.old_value = none.returns =
      none.given = none.adv = none.weight = options.garbage;
  none.keep = 1;
  std::vector<sample> at(l.entries, none);
  std::vector<std::int64_t> cu{0};
  std::vector<std::int64_t> lens;
  l.host.token.resize(B);
  std::size_t next = 0;
  for (std::size_t i = 0; i < B; ++i) {
    std::size_t const n = form == shape::whole ? W : sequences[i].size();
    std::size_t const begin = l.is_packed ? next : i * row + (form == shape::left ? W - n : 0);
    for (std::size_t t = 0; t < n; ++t) {
      sample s = sequences[i][t];
      if (!holes) s.mask = 1;
      at[begin + t] = s;
      if (s.mask == 0) {
        at[begin + t] = none;
        at[begin + t].mask = 0;
      }
      l.host.token[i].push_back(static_cast<int>(begin + t));
    }
    next += n;
    cu.push_back(static_cast<std::int64_t>(next));
    lens.push_back(static_cast<std::int64_t>(n));
  }

  auto const column = [&](double sample::*member, std::vector<double>& of_host) {
    std::vector<T> x;
    for (sample const& s : at) {
      x.push_back(static_cast<T>(s.*member));
      of_host.push_back(s.*member);
    }
    l.columns.emplace_back(x, (options.shift + static_cast<int>(l.columns.size())) % 4);
    return l.column_of(static_cast<T const*>(l.columns.back().data()));
  };
  unsigned const named = options.needs.named;
  auto const wanted = [&](unsigned flag) { return (named & flag) != 0; };
  if (l.is_packed && form == shape::packed32) {
    l.int32.emplace_back(std::vector<std::int32_t>(cu.begin(), cu.end()));
    l.view = token_batch<device, T>(packed<device>(span<std::int32_t const, device>(l.int32.back().data(), l.rows + 1)));
  } else if (l.is_packed) {
    l.int64.emplace_back(cu);
    l.view = token_batch<device, T>(packed<device>(span<std::int64_t const, device>(l.int64.back().data(), l.rows + 1)));
  } else {
    padded<device> p(l.rows, l.width);
    if (form == shape::lens32) {
      l.int32.emplace_back(std::vector<std::int32_t>(lens.begin(), lens.end()));
      p.lens = span<std::int32_t const, device>(l.int32.back().data(), l.rows);
    } else if (form == shape::lens64_mask) {
      l.int64.emplace_back(lens);
      p.lens = span<std::int64_t const, device>(l.int64.back().data(), l.rows);
    }
    l.view = token_batch<device, T>(p);
  }
  // One kind of mask a shape.
  auto const mask = [&](auto zero) {
    using M = decltype(zero);
    std::vector<M> m;
    for (sample const& s : at) m.push_back(static_cast<M>(s.mask));
    return m;
  };
  mask_view<device> m;
  if (form == shape::packed64_mask || form == shape::right) {
    l.bytes.emplace_back(mask(static_cast<unsigned char>(0)), options.shift);
    m = l.column_of(static_cast<unsigned char const*>(l.bytes.back().data()));
  } else if (form == shape::left) {
    l.int64.emplace_back(mask(std::int64_t(0)));
    m = l.column_of(static_cast<std::int64_t const*>(l.int64.back().data()));
  } else if (form == shape::lens64_mask || form == shape::holes) {
    l.columns.emplace_back(mask(T(0)), options.shift);
    m = l.column_of(static_cast<T const*>(l.columns.back().data()));
  }
  if (form == shape::left) {
    l.view.layout.mask = m;
  } else if (m.present()) {
    l.view.mask = m;
  }

  l.view.logp = column(&sample::logp, l.host.logp);
  auto const passive = [&](unsigned flag, double sample::*member, std::vector<double>& of_host) {
    auto const c = column(member, of_host);
    return wanted(flag) ? c : aha::column<T const, device>{};
  };
  l.view.old_logp = passive(reads::old_logp, &sample::old_logp, l.host.old_logp);
  l.view.ref_logp = passive(reads::ref_logp, &sample::ref_logp, l.host.ref_logp);
  l.view.entropy = passive(reads::entropy, &sample::entropy, l.host.entropy);
  l.view.lse = passive(reads::lse, &sample::lse, l.host.lse);
  l.view.value = passive(reads::value, &sample::value, l.host.value);
  l.view.old_value = passive(reads::old_value, &sample::old_value, l.host.old_value);
  l.view.returns = passive(reads::returns, &sample::returns, l.host.returns);
  l.view.given = passive(reads::given, &sample::given, l.host.given);
  auto const adv = passive(reads::adv, &sample::adv, l.host.adv);
  auto const weights = passive(reads::weight, &sample::weight, l.host.weight);
  bool const of_sequence = options.shift % 2 == 1;
  if (wanted(reads::adv) && !of_sequence) l.view.adv = per_token(adv);
  if (wanted(reads::adv) && of_sequence) {
    std::vector<T> x;
    for (auto const& s : sequences) x.push_back(static_cast<T>(s.empty() ? options.garbage : s[0].adv));
    l.columns.emplace_back(x);
    l.view.adv = per_sequence(span<T const, device>(l.columns.back().data(), l.rows));
  }
  if (wanted(reads::weight)) l.view.weight = per_token(weights);
  std::vector<unsigned char> kept;
  for (sample const& s : at) {
    kept.push_back(static_cast<unsigned char>(s.keep));
    l.host.keep.push_back(s.keep);
    l.host.mask.push_back(s.mask);
  }
  if (wanted(reads::keep) && !of_sequence) {
    l.bytes.emplace_back(kept);
    l.view.keep = per_token(mask_view<device>(l.column_of(static_cast<unsigned char const*>(l.bytes.back().data()))));
  } else if (wanted(reads::keep)) {
    std::vector<unsigned char> of(B);
    for (std::size_t i = 0; i < B; ++i) {
      of[i] = static_cast<unsigned char>(i % 3 != 0);
      for (int const e : l.host.token[i]) l.host.keep[static_cast<std::size_t>(e)] = of[i];
    }
    l.bytes.emplace_back(of);
    l.view.keep =
        per_sequence(mask_view<device>(span<unsigned char const, device>(l.bytes.back().data(), l.rows)));
  }
  if (options.length && options.needs.length) {
    std::vector<std::int64_t> n;
    for (std::size_t i = 0; i < B; ++i) {
      n.push_back(static_cast<std::int64_t>(2 * i + 700));
      l.host.length.push_back(static_cast<double>(n.back()));
    }
    l.int64.emplace_back(n);
    l.view.length = span<std::int64_t const, device>(l.int64.back().data(), l.rows);
  }
  if (options.needs.prompt_tokens) {
    std::vector<std::int32_t> n;
    for (std::size_t i = 0; i < B; ++i) {
      n.push_back(static_cast<std::int32_t>(i % 5 * 100));  // 0 gives no weight
      l.host.prompt_tokens.push_back(static_cast<double>(n.back()));
    }
    l.int32.emplace_back(n);
    l.view.prompt_tokens = span<std::int32_t const, device>(l.int32.back().data(), l.rows);
  }
  l.view.totals = l.host.totals = totals(1234, 17, 5, 321);
  l.view.scale = l.host.scale = options.scale;
  return l;
}
