// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/token_batch.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

/// Random batches in one canonical form, and every layout made from it.
namespace batches {

enum class mask_kind { full, ragged, empty_row, all_masked, left_padding, holes };
inline constexpr char const* mask_names[] = {"full", "ragged", "empty row", "all masked", "left padding", "holes"};

inline constexpr double eps_low = 0.2;
inline constexpr double eps_high = 0.28;

/// Columns `[B, L]` (tokens) and `[B]` (sequences) of one batch.
template <class T>
struct data {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::vector<T> logp, old_logp, ref_logp, entropy, adv_token, weight_token;
  std::vector<T> lse, value, old_value, returns, given;
  std::vector<T> adv_sequence, weight_sequence;
  std::vector<std::uint8_t> mask, keep, keep_sequence;

  std::size_t at(std::int64_t i, std::int64_t t) const { return static_cast<std::size_t>(i * width + t); }
  double tokens() const {
    double n = 0;
    for (std::uint8_t m : mask) n += m;
    return n;
  }
  double sequences() const {
    double n = 0;
    for (std::int64_t i = 0; i < rows; ++i) n += row_count(i) > 0 ? 1 : 0;
    return n;
  }
  std::int64_t row_count(std::int64_t i) const {
    std::int64_t n = 0;
    for (std::int64_t t = 0; t < width; ++t) n += mask[at(i, t)];
    return n;
  }
};

inline std::uint8_t masked_in(mask_kind kind, std::int64_t rows, std::int64_t width, std::int64_t i, std::int64_t t,
                              double u) {
  std::int64_t const length = width - (i * width) / (rows + 1);
  switch (kind) {
    case mask_kind::full: return 1;
    case mask_kind::ragged: return t < length;
    case mask_kind::empty_row: return i != 1 && t < length;
    case mask_kind::all_masked: return 0;
    case mask_kind::left_padding: return t >= width - length;
    default: return u < 0.7;
  }
}

/// Log-ratios on both sides of both clip bounds, in tokens and in sequence means, and never within 0.002 of a bound:
/// float32 and float64 then take the same branch.
template <class T>
data<T> random(std::uint64_t seed, std::int64_t rows, std::int64_t width, mask_kind kind) {
  std::mt19937_64 engine(seed);
  auto const uniform = [&] { return static_cast<double>(engine() >> 11U) * 0x1p-53; };
  auto const spread = [&] { return 2 * uniform() - 1; };
  auto const near_bound = [](double x) {
    double const r = std::exp(x);
    return std::abs(r - (1 - eps_low)) < 2e-3 || std::abs(r - (1 + eps_high)) < 2e-3;
  };
  data<T> d;
  d.rows = rows;
  d.width = width;
  double const shift[] = {0.02, 0.6, -0.5, -0.05, 0.4};
  for (std::int64_t i = 0; i < rows; ++i) {
    std::vector<double> x;
    for (std::int64_t t = 0; t < width; ++t) {
      d.mask.push_back(masked_in(kind, rows, width, i, t, uniform()));
      x.push_back(shift[i % 5] + 0.35 * spread());
    }
    double step = 0;
    for (bool again = true; again; step += 0.0113) {
      again = false;
      double sum = 0;
      std::int64_t n = 0;
      for (std::int64_t t = 0; t < width; ++t) {
        double& y = x[static_cast<std::size_t>(t)];
        y += step;
        while (near_bound(y)) y += 0.0071;
        if (d.mask[d.at(i, t)] == 0) continue;
        sum += y;
        ++n;
      }
      again = n > 0 && near_bound(sum / static_cast<double>(n));
    }
    for (std::int64_t t = 0; t < width; ++t) {
      double const logp = -0.05 - 2 * uniform();
      d.logp.push_back(static_cast<T>(logp));
      d.old_logp.push_back(static_cast<T>(logp - x[static_cast<std::size_t>(t)]));
      d.ref_logp.push_back(static_cast<T>(logp + 0.5 * spread()));
      d.entropy.push_back(static_cast<T>(0.2 + uniform()));
      d.adv_token.push_back(static_cast<T>(0.6 + 1.5 * spread()));
      d.weight_token.push_back(static_cast<T>(0.5 + uniform()));
      d.keep.push_back(uniform() < 0.8);
    }
    // From a generator of their own: the columns above stay what they were when these came. The critic's step is at least
    // 0.01 from its clip at 0.2.
    std::mt19937_64 other(seed + static_cast<std::uint64_t>(i) + 1);
    auto const draw = [&] { return static_cast<double>(other() >> 11U) * 0x1p-53; };
    for (std::int64_t t = 0; t < width; ++t) {
      double const value = draw() - 0.3;
      double const move = draw() < 0.5 ? 0.19 * (2 * draw() - 1) : 0.21 + 0.4 * draw();
      d.lse.push_back(static_cast<T>(1 + 3 * draw()));
      d.value.push_back(static_cast<T>(value));
      d.old_value.push_back(static_cast<T>(draw() < 0.5 ? value + move : value - move));
      d.returns.push_back(static_cast<T>(2 * draw() - 0.5));
      d.given.push_back(static_cast<T>(0.2 + 2 * draw()));
    }
    d.adv_sequence.push_back(static_cast<T>((i % 4 == 2 ? -1.0 : 1.0) * (0.4 + uniform())));
    d.weight_sequence.push_back(static_cast<T>(0.5 + uniform()));
    d.keep_sequence.push_back(i % 3 != 2);
  }
  return d;
}

/// Which columns a batch gets, and their scope. Without logp the others stand alone.
struct choice {
  bool logp = true;
  bool old_logp = true;
  bool ref_logp = true;
  bool entropy = true;
  bool lse = false;
  bool value = false;  ///< with old_value and returns
  bool given = false;
  aha::scope adv = aha::scope::sequence;
  aha::scope weight = aha::scope::none;
  aha::scope keep = aha::scope::none;
};

enum class shape { packed, packed_masked, padded, padded_flat, padded_strided, padded_lens, left_padded };
inline constexpr shape all_shapes[] = {shape::packed,      shape::packed_masked,  shape::padded,
                                       shape::padded_flat, shape::padded_strided, shape::padded_lens,
                                       shape::left_padded};
inline constexpr char const* shape_names[] = {
    "packed",          "packed with mask", "padded",     "padded, flat columns",
    "padded, strided", "padded with lens", "left padded"};

/// A batch in one layout, with its storage and its outputs. `place` is the canonical position of every entry, -1 where
/// the layout has padding, -2 between rows (no entry of the layout: outputs must leave it alone). What is not a token of the canonical batch is filled with `filler`. Moves, never copies.
template <class T>
struct laid_out {
  std::vector<std::int64_t> place;
  std::vector<std::int64_t> index;
  std::vector<T> logp, old_logp, ref_logp, entropy, lse, value, old_value, returns, given, adv, weight;
  std::vector<T> dlogp, dentropy, dlse, dvalue, dgiven, token_loss;
  std::vector<T> adv_sequence, weight_sequence;
  std::vector<std::uint8_t> mask, keep, keep_sequence;
  aha::token_batch<aha::host, T> batch;
  aha::outputs<T, aha::host> out;
  std::size_t canonical = 0;
  T canary = T(0);

  laid_out() = default;
  laid_out(laid_out const&) = delete;
  laid_out(laid_out&&) = default;

  /// An output in canonical order; masked positions are 0 there.
  std::vector<T> gather(std::vector<T> const& column) const {
    std::vector<T> v(canonical, T(0));
    for (std::size_t k = 0; k < place.size(); ++k) {
      if (place[k] >= 0) v[static_cast<std::size_t>(place[k])] = column[k];
    }
    return v;
  }
  /// All outputs, one after the other; in canonical order, or as they lie.
  std::vector<T> gather_outputs() const {
    std::vector<T> all;
    for (std::vector<T> const* v : outputs_in_order()) {
      std::vector<T> const one = gather(*v);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
  std::vector<T> raw_outputs() const {
    std::vector<T> all;
    for (std::vector<T> const* v : outputs_in_order()) all.insert(all.end(), v->begin(), v->end());
    return all;
  }
  bool outputs_zero_elsewhere() const {
    bool zero = true;
    for (std::vector<T> const* v : outputs_in_order()) zero = zero && zero_elsewhere(*v);
    return zero;
  }
  std::array<std::vector<T> const*, 6> outputs_in_order() const {
    return {&dlogp, &dentropy, &dlse, &dvalue, &dgiven, &token_loss};
  }
  /// True where every entry that is padding or masked is exactly 0, and what lies between rows untouched.
  bool zero_elsewhere(std::vector<T> const& column) const {
    for (std::size_t k = 0; k < place.size(); ++k) {
      T const want = place[k] == -2 ? canary : T(0);
      if ((place[k] < 0 || mask[k] == 0) && !(column[k] == want)) return false;
    }
    return true;
  }
};

template <class T>
laid_out<T> lay_out(data<T> const& d, shape s, choice const& c, T filler = std::numeric_limits<T>::quiet_NaN(),
                    T canary = T(-77)) {
  using namespace aha;
  laid_out<T> r;
  r.canonical = d.mask.size();
  r.canary = canary;
  r.adv_sequence = d.adv_sequence;
  r.weight_sequence = d.weight_sequence;
  r.keep_sequence = d.keep_sequence;
  bool const pack = s == shape::packed || s == shape::packed_masked;
  std::int64_t const stride = s == shape::padded_strided ? d.width + 3 : d.width;
  if (pack) r.index.push_back(0);
  for (std::int64_t i = 0; i < d.rows; ++i) {
    std::int64_t first = 0;
    std::int64_t last = d.width - 1;
    while (first <= last && d.mask[d.at(i, first)] == 0) ++first;
    while (first <= last && d.mask[d.at(i, last)] == 0) --last;
    if (s == shape::packed || s == shape::padded_lens || s == shape::left_padded) {
      if (s == shape::left_padded)
        r.place.insert(r.place.end(), static_cast<std::size_t>(d.width - (last + 1 - first)), -1);
      for (std::int64_t t = first; t <= last; ++t) r.place.push_back(i * d.width + t);
      if (s == shape::padded_lens) {
        r.place.insert(r.place.end(), static_cast<std::size_t>(d.width - (last + 1 - first)), -1);
        r.index.push_back(last + 1 - first);
      }
    } else {
      for (std::int64_t t = 0; t < d.width; ++t) r.place.push_back(i * d.width + t);
      r.place.insert(r.place.end(), static_cast<std::size_t>(stride - d.width), -2);
    }
    if (pack) r.index.push_back(static_cast<std::int64_t>(r.place.size()));
  }
  std::size_t const entries = r.place.size();
  for (std::size_t k = 0; k < entries; ++k) {
    std::int64_t const p = r.place[k];
    std::size_t const q = static_cast<std::size_t>(p < 0 ? 0 : p);
    bool const real = p >= 0 && d.mask[q] != 0;
    auto const put = [&](std::vector<T>& to, std::vector<T> const& from) { to.push_back(real ? from[q] : filler); };
    put(r.logp, d.logp);
    put(r.old_logp, d.old_logp);
    put(r.ref_logp, d.ref_logp);
    put(r.entropy, d.entropy);
    put(r.lse, d.lse);
    put(r.value, d.value);
    put(r.old_value, d.old_value);
    put(r.returns, d.returns);
    put(r.given, d.given);
    put(r.adv, d.adv_token);
    put(r.weight, d.weight_token);
    r.mask.push_back(real ? 1 : 0);
    r.keep.push_back(real ? d.keep[q] : 1);
  }
  for (std::vector<T>* v : {&r.dlogp, &r.dentropy, &r.dlse, &r.dvalue, &r.dgiven, &r.token_loss}) {
    v->assign(entries, canary);
  }

  auto const tokens = [&](auto& v) {
    using E = std::remove_pointer_t<decltype(v.data())>;
    if (pack || s == shape::padded_flat) return column<E>(span<E>(v));
    return column<E>(matrix<E>(v.data(), d.rows, d.width, stride));
  };
  auto const read = [&](auto& v) { return column<T const>(tokens(v)); };
  auto const mask_of = [&](std::vector<std::uint8_t>& v) {
    auto const m = tokens(v);
    return m.rank == 1 ? mask_view<>(span<std::uint8_t>(v))
                       : mask_view<>(matrix<std::uint8_t>(m.data, m.rows, m.width, m.row_stride));
  };
  token_batch<host, T>& b = r.batch;
  if (pack) {
    b = token_batch<host, T>(packed<host>(r.index));
    if (s == shape::packed_masked) b.mask = mask_of(r.mask);
  } else {
    padded<host> p(d.rows, d.width);
    if (s == shape::padded_lens) p = padded_lens<host>(d.rows, d.width, index_view<>(r.index));
    if (s == shape::padded_flat) p.mask = mask_of(r.mask);
    b = token_batch<host, T>(p);
    if (s != shape::padded_flat) b.mask = mask_of(r.mask);
  }
  bool holes = false;
  for (std::size_t k = 0; k < entries; ++k) holes = holes || (r.place[k] >= 0 && r.mask[k] == 0);
  if (s == shape::packed && holes) b.mask = mask_of(r.mask);
  if (s == shape::padded_lens && !holes) b.mask = {};
  if (c.logp) b.logp = read(r.logp);
  if (c.old_logp) b.old_logp = old_column<T>(read(r.old_logp));
  if (c.ref_logp) b.ref_logp = read(r.ref_logp);
  if (c.entropy) b.entropy = read(r.entropy);
  if (c.lse) b.lse = read(r.lse);
  if (c.value) {
    b.value = read(r.value);
    b.old_value = read(r.old_value);
    b.returns = read(r.returns);
  }
  if (c.given) b.given = read(r.given);
  auto const scoped_of = [&](scope which, std::vector<T> const& of_sequences, std::vector<T>& of_tokens) {
    if (which == scope::sequence)
      return scoped<column<T const>>(scope::sequence, column<T const>(span<T const>(of_sequences)));
    if (which == scope::token) return scoped<column<T const>>(scope::token, read(of_tokens));
    return scoped<column<T const>>();
  };
  b.adv = scoped_of(c.adv, r.adv_sequence, r.adv);
  b.weight = scoped_of(c.weight, r.weight_sequence, r.weight);
  if (c.keep == scope::sequence) b.keep = per_sequence(r.keep_sequence);
  if (c.keep == scope::token) b.keep = scoped<mask_view<>>(scope::token, mask_of(r.keep));
  b.totals = totals(d.tokens(), d.sequences());
  r.out.dlogp = tokens(r.dlogp);
  r.out.dentropy = tokens(r.dentropy);
  r.out.dlse = tokens(r.dlse);
  r.out.dvalue = tokens(r.dvalue);
  r.out.dgiven = tokens(r.dgiven);
  r.out.token_loss = tokens(r.token_loss);
  return r;
}

/// The columns that `needs` names; adv, weight and keep a token each.
inline choice columns_of(unsigned needs) {
  using namespace aha;
  auto const has = [&](unsigned flag) { return (needs & flag) != 0; };
  choice c;
  c.old_logp = has(reads::old_logp);
  c.ref_logp = has(reads::ref_logp);
  c.entropy = has(reads::entropy);
  c.lse = has(reads::lse);
  c.value = has(reads::value);
  c.given = has(reads::given);
  c.adv = has(reads::adv) ? scope::token : scope::none;
  c.weight = has(reads::weight) ? scope::token : scope::none;
  c.keep = has(reads::keep) ? scope::token : scope::none;
  return c;
}

/// An objective with every term, every level, factors, several aggregates, active and passive statistics.
inline constexpr char const* everything =
    "sequence_mean(weight * keep * clip(0.2, 0.28) + 0.04 * kl(\"k3\") + 0.1 * kl(\"abs\")) + "
    "constant_length(64)(clip(0.2, 0.28, level=\"sequence\") + 0.1 * kl(\"k3\", gradient=\"ratio\", "
    "level=\"sequence\") + keep * clip(0.2, 0.28, level=\"sequence_token\")) + "
    "token_mean(0.1 * kl(\"k2\", gradient=\"k1\") - 0.3 * entropy() + 0.01 * z_loss() + 0.5 * value_loss(0.2)) + "
    "sequence_sum(0.02 * weight * given())";
/// The columns of `everything`.
inline choice every_column(aha::scope s) {
  choice c = columns_of(~0U);
  c.adv = s;
  c.weight = s;
  c.keep = s;
  return c;
}

/// Bitwise equality: NaN equals itself, -0 differs from 0.
template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
inline bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

}  // namespace batches
