// SPDX-License-Identifier: MIT
// Advantages, whitening and column statistics on a device: every baseline, scale and policy against formulas in long
// double, in any order of rows, by ids and by offsets.
#include <aha/cuda/advantages.cuh>
#include <aha/cuda/whiten.cuh>
#include <algorithm>
#include <map>
#include <random>

#include "check.hpp"

using namespace aha;
using check::about;
using check::device_array;

/// A scale's divisor of the set x; 0 where it has no spread.
template <class Scale>
long double divisor(Scale const& s, std::vector<double> const& x, bool centred = false) {
  if constexpr (std::is_same_v<Scale, advantage::no_scale>) {
    return 1;
  } else {
    long double mean = 0;
    for (double const v : x) mean += v;
    mean /= static_cast<long double>(x.size());
    if (centred) mean = 0;
    long double m2 = 0;
    for (double const v : x) m2 += (v - mean) * (v - mean);
    if (!centred && *std::max_element(x.begin(), x.end()) == *std::min_element(x.begin(), x.end())) return 0;
    if (m2 == 0) return 0;
    long double const n = static_cast<long double>(x.size()) - s.ddof;
    long double const variance = n > 0 ? m2 / n : 0;
    if (s.eps_at == advantage::eps_at::variance) return std::sqrt(variance + s.eps);
    if (s.eps_at == advantage::eps_at::floor) return std::sqrt(std::max(variance, static_cast<long double>(s.eps)));
    return std::sqrt(variance) + s.eps;
  }
}

struct rows {
  std::vector<double> reward;
  std::vector<std::int64_t> id;
  std::vector<unsigned char> valid;
};

/// The method written out once more, group by group.
template <class Baseline, class Scale>
std::vector<double> formula(advantage::group<Baseline, Scale> const& m, rows const& r) {
  using advantage::spread_of;
  std::map<std::int64_t, std::vector<std::size_t>> groups;
  std::vector<double> everything;
  std::vector<double> everything_centred;
  for (std::size_t i = 0; i < r.reward.size(); ++i) {
    if (r.valid[i] != 0 && r.reward[i] == r.reward[i]) groups[r.id[i]].push_back(i);
  }
  auto const mean_of = [&](std::vector<std::size_t> const& g) {
    long double sum = 0;
    for (std::size_t const i : g) sum += r.reward[i];
    return sum / static_cast<long double>(g.size());
  };
  for (auto const& [id, g] : groups) {
    for (std::size_t const i : g) {
      everything.push_back(r.reward[i]);
      everything_centred.push_back(static_cast<double>(r.reward[i] - mean_of(g)));
    }
  }
  bool const by_group = Scale::source == spread_of::group || Scale::source == spread_of::siblings;
  std::vector<double> a(r.reward.size(), 0);
  for (auto const& [id, g] : groups) {
    long double const mean = mean_of(g);
    long double const n = static_cast<long double>(g.size());
    std::vector<double> x;
    for (std::size_t const i : g) x.push_back(r.reward[i]);
    bool const equal = *std::max_element(x.begin(), x.end()) == *std::min_element(x.begin(), x.end());
    for (std::size_t const i : g) {
      long double y = 0;
      if (g.size() == 1 && (Baseline::centres || by_group)) {
        y = m.singleton == advantage::singleton::keep_reward ? r.reward[i] : 0;
      } else if (Baseline::centres && equal) {
        y = 0;
      } else {
        y = r.reward[i];
        if (std::is_same_v<Baseline, advantage::mean>) y = r.reward[i] - mean;
        if (std::is_same_v<Baseline, advantage::leave_one_out>) y = (r.reward[i] - mean) * n / (n - 1);
        long double d = 1;
        if (Scale::source == spread_of::group) d = divisor(m.scale, x);
        if (Scale::source == spread_of::batch) d = divisor(m.scale, everything);
        if (Scale::source == spread_of::batch_centred) d = divisor(m.scale, everything_centred, true);
        if (Scale::source == spread_of::siblings) {
          std::vector<double> others;
          for (std::size_t const j : g) {
            if (j != i) others.push_back(r.reward[j]);
          }
          d = equal ? 0 : divisor(m.scale, others);
          if (!equal && d == 0) {
            d = 1;
            if (m.flat_rest == advantage::flat_rest::zero) y = 0;
          }
        }
        if (d == 0) {
          d = 1;
          if (m.zero_spread == advantage::zero_spread::zero) y = 0;
        }
        y /= d;
      }
      a[i] = m.clip(static_cast<double>(y));
    }
  }
  return a;
}

template <class T>
struct answer {
  advantage_record record;
  std::vector<T> adv;
};

template <class T, class Method>
answer<T> run(Method const& m, std::vector<double> const& reward, groups<device> const& by,
              std::vector<unsigned char> const& valid, merged_moments const& batch = {}) {
  device_array<T> const from(std::vector<T>(reward.begin(), reward.end()), 1);
  device_array<T> const to(reward.size(), 3);
  device_array<unsigned char> const mask(valid);
  device_array<advantage_record> const record(1);
  exec::cuda const e{};
  device_array<unsigned char> const space(static_cast<std::size_t>(workspace_bytes(e, m, by, batch.given)));
  mask_view<device> v;
  if (!valid.empty()) v = span<unsigned char const, device>(mask.data(), mask.size());
  advantages(e, m, span<T const, device>(from.data(), from.size()), by, span<T, device>(to.data(), to.size()),
             record.data(), span<std::byte, device>(reinterpret_cast<std::byte*>(space.data()), space.size()), v,
             batch);
  check::that(to.intact() && record.intact() && space.intact(), "memory outside is untouched");
  return {record.get()[0], to.get()};
}

/// Rewards in ragged groups, among them singletons, equal ones, empty by mask or NaN, one success, and a large one.
static rows make_rows(unsigned seed, int large) {
  std::mt19937 g(seed);
  rows r;
  auto const add = [&](std::int64_t id, double x, bool valid = true) {
    r.reward.push_back(x);
    r.id.push_back(id);
    r.valid.push_back(valid ? 1 : 0);
  };
  for (int k = 0; k < 60; ++k) {
    std::int64_t const id = k % 2 == 0 ? -1000000007LL * k : (std::int64_t(1) << 40) + k;
    int const n = k == 59 ? large : 1 + static_cast<int>(g() % 40);
    for (int j = 0; j < n; ++j) {
      double x = static_cast<double>(g() % 8) / 8;
      if (k % 7 == 0) x = j == n / 2 ? 1 : 0;                  // one success
      if (k % 7 == 1) x = 5.3125;                              // equal
      if (k % 7 == 2 && j % 5 == 0) x = NAN;                   // some invalid
      if (k % 7 == 3) x = 1e6 + static_cast<double>(g() % 3);  // far from 0
      if (k % 7 == 4 && j > 0) x = NAN;                        // one valid
      if (k == 12) x = NAN;                                    // none
      add(id, x, !(k % 7 == 5 && j % 3 == 1));
    }
  }
  for (std::size_t i = 0; i < r.reward.size(); ++i) {
    if (r.valid[i] == 0) r.reward[i] = i % 2 == 0 ? INFINITY : NAN;  // masked: never looked at
  }
  return r;
}

template <class T, class Method>
void compare(Method const& m, rows const& r, char const* name, int repeats) {
  double const tight = std::is_same_v<T, float> ? 3e-7 : 1e-13;
  about() = std::string(name) + (std::is_same_v<T, float> ? " float" : " double");
  std::size_t const n = r.reward.size();
  std::vector<double> const want = formula(m, r);
  device_array<std::int64_t> const ids(r.id);
  groups<device> const by = groups<device>::by_id(span<std::int64_t const, device>(ids.data(), ids.size()));
  answer<T> const a = run<T>(m, r.reward, by, r.valid);
  double most = 0;
  for (double const x : want) most = std::max(most, std::abs(x));
  check::near_all(a.adv, want, tight, 1e-12 * most, "adv");
  advantage_numbers const& s = a.record.stats;
  check::that(s.groups == 60 && s.rewards == static_cast<std::int64_t>(n), "groups and rewards");
  check::that(a.record.bad_offsets == 0 && a.record.beyond == 0, "nothing was wrong");

  // Any order of rows, other ids of either type, and offsets give the same bits.
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::mt19937 g(5);
  std::shuffle(order.begin(), order.end(), g);
  rows turned;
  std::vector<std::int32_t> narrow;
  std::map<std::int64_t, std::int32_t> renamed;
  for (std::size_t const i : order) {
    turned.reward.push_back(r.reward[i]);
    turned.valid.push_back(r.valid[i]);
    auto const at = renamed.emplace(r.id[i], static_cast<std::int32_t>(77 - 13 * static_cast<int>(renamed.size())));
    narrow.push_back(at.first->second);
  }
  device_array<std::int32_t> const ids32(narrow);
  answer<T> const b =
      run<T>(m, turned.reward, groups<device>::by_id(span<std::int32_t const, device>(ids32.data(), ids32.size())),
             turned.valid);
  std::vector<T> back(n);
  for (std::size_t k = 0; k < n; ++k) back[order[k]] = b.adv[k];
  check::same_bits(back, a.adv, "rows in another order");
  std::vector<std::int64_t> offsets{0};
  for (std::size_t i = 1; i <= n; ++i) {
    if (i == n || r.id[i] != r.id[i - 1]) offsets.push_back(static_cast<std::int64_t>(i));
  }
  device_array<std::int64_t> const cut(offsets);
  answer<T> const c = run<T>(
      m, r.reward, groups<device>::by_offsets(span<std::int64_t const, device>(cut.data(), cut.size())), r.valid);
  check::same_bits(c.adv, a.adv, "by offsets");
  advantage_numbers const& o = c.record.stats;
  check::that(o.invalid == s.invalid && o.empty == s.empty && o.singletons == s.singletons &&
                  o.zero_spread == s.zero_spread && o.clipped == s.clipped && o.low == s.low && o.high == s.high,
              "the same counts");
  check::near(o.mean, s.mean, 1e-14, 0, "mean");
  check::near(o.std, s.std, 1e-14, 0, "std");
  for (int k = 0; k < repeats; ++k) {
    answer<T> const again = run<T>(m, r.reward, by, r.valid);
    check::same_bits(again.adv, a.adv, "the same call again");
    check::that(std::memcmp(&again.record, &a.record, sizeof a.record) == 0, "the same record again");
  }
}

/// `small`: of every baseline and scale one of the four settings, each setting with some of them.
template <class T>
void methods(int large, bool small) {
  rows const r = make_rows(3, large);
  int pair = 0;
  for_each_type(advantage::baselines{}, [&](auto b) {
    for_each_type(advantage::scales{}, [&](auto s) {
      using Baseline = typename decltype(b)::type;
      using Scale = typename decltype(s)::type;
      int const chosen = pair++ % 4;
      for (int k = 0; k < 4; ++k) {
        if (small && k != chosen) continue;
        Scale scale;
        if constexpr (!std::is_same_v<Scale, advantage::no_scale>) {
          scale.eps = k == 0 ? 0 : 1e-4;
          scale.ddof = k % 2;
          scale.eps_at = static_cast<advantage::eps_at>(k % 3);
        }
        advantage::group<Baseline, Scale> m{Baseline{}, scale};
        m.singleton = static_cast<advantage::singleton>(k % 2);
        m.zero_spread = static_cast<advantage::zero_spread>(k / 2);
        m.flat_rest = static_cast<advantage::flat_rest>(k % 2);
        if (k == 3) m.clip = advantage::clip_range(0.75);
        std::string const name = std::string(Baseline::name) + " " + std::string(Scale::name) + " " + std::to_string(k);
        compare<T>(m, r, name.c_str(), small ? 1 : 5);
        // The form chosen at run time is the same rule.
        if (k == 2) {
          device_array<std::int64_t> const ids(r.id);
          auto const by = groups<device>::by_id(span<std::int64_t const, device>(ids.data(), ids.size()));
          advantage::dynamic_group const d{advantage::dynamic_baseline(Baseline{}),
                                           advantage::dynamic_scale(scale),
                                           m.singleton,
                                           m.zero_spread,
                                           m.flat_rest,
                                           m.clip};
          check::same_bits(run<T>(d, r.reward, by, r.valid).adv, run<T>(m, r.reward, by, r.valid).adv, "dynamic");
        }
      }
    });
  });
}

/// Merged moments, bad data, empty calls, refusals.
static void edges() {
  using method = advantage::group<advantage::mean, advantage::batch_deviation>;
  rows const r = make_rows(9, 50);
  device_array<std::int64_t> const ids(r.id);
  auto const by = groups<device>::by_id(span<std::int64_t const, device>(ids.data(), ids.size()));
  about() = "merged moments";
  answer<double> const own = run<double>(method{}, r.reward, by, r.valid);
  answer<double> const given = run<double>(method{}, r.reward, by, r.valid, own.record.stats.reward);
  check::same_bits(given.adv, own.adv, "a value");
  device_array<moments> const at(std::vector<moments>{own.record.stats.reward});
  answer<double> const there =
      run<double>(method{}, r.reward, by, r.valid, merged_moments(static_cast<moments const*>(at.data())));
  check::same_bits(there.adv, own.adv, "on the device");

  about() = "bad data";
  std::vector<double> reward{0.5, INFINITY, 1.0, -INFINITY, 0.0, 2.0};
  device_array<std::int64_t> const one(std::vector<std::int64_t>{4, 4, 4, 4, 4, 4});
  answer<double> const bad =
      run<double>(advantage::grpo, reward, groups<device>::by_id(span<std::int64_t const, device>(one.data(), 6)), {});
  check::that(bad.record.beyond == 2 && bad.record.stats.invalid == 2 && bad.adv[1] == 0 && bad.adv[3] == 0,
              "infinities are invalid and counted");
  for (auto const& wrong : {std::vector<std::int64_t>{0, 4, 2, 6}, std::vector<std::int64_t>{0, 2, 1000000, 6},
                            std::vector<std::int64_t>{1, 2, 4, 6}, std::vector<std::int64_t>{0, 2, 4, 5},
                            std::vector<std::int64_t>{0, -3, 4, 6}}) {
    device_array<std::int64_t> const cut(wrong);
    answer<double> const a =
        run<double>(advantage::grpo, {1, 2, 3, 4, 5, 6},
                    groups<device>::by_offsets(span<std::int64_t const, device>(cut.data(), cut.size())), {});
    check::that(a.record.bad_offsets > 0, "offsets out of order are counted");
  }
  about() = "empty";
  device_array<std::int64_t> const zero(std::vector<std::int64_t>{0});
  answer<double> const none = run<double>(
      advantage::grpo, {}, groups<device>::by_offsets(span<std::int64_t const, device>(zero.data(), 1)), {});
  check::that(none.record.stats.groups == 0 && none.record.stats.std == 0, "by offsets");
  answer<double> const nobody =
      run<double>(method{}, {}, groups<device>::by_id(span<std::int64_t const, device>(zero.data(), 0)), {});
  check::that(nobody.record.stats.groups == 0 && nobody.record.stats.rewards == 0, "by id");

  about() = "errors";
  check::raises([&] { run<double>(advantage::grpo, {1, 2}, by, {}); }, "aha::advantages: ids: expected 2 entries");
  check::raises([&] { run<double>(advantage::grpo, r.reward, by, r.valid, own.record.stats.reward); },
                "aha::advantages: batch: expected no moments");
}

template <class T>
void whitening() {
  std::mt19937 g(3);
  for (int const width : {1, 37, 5000}) {
    std::int64_t const rows = 7;
    std::int64_t const stride = width + 4;
    std::vector<T> x(static_cast<std::size_t>(rows * stride), static_cast<T>(NAN));
    std::vector<float> mask(static_cast<std::size_t>(rows * width));
    std::vector<double> members;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t t = 0; t < width; ++t) {
        bool const in = g() % 3 != 0;
        bool const invalid = g() % 40 == 0;
        mask[static_cast<std::size_t>(i * width + t)] = in ? 1 : 0;
        T const v = static_cast<T>(3 + static_cast<double>(g() % 1000) / 256);
        x[static_cast<std::size_t>(i * stride + t)] = in && !invalid ? v : static_cast<T>(NAN);
        if (in && !invalid) members.push_back(static_cast<double>(v));
      }
    }
    device_array<T> const from(x);
    device_array<float> const m(mask);
    device_array<T> const to(static_cast<std::size_t>(rows * width), 1);
    device_array<column_record> const record(1);
    device_array<unsigned char> const space(static_cast<std::size_t>(whiten_workspace_bytes(exec::cuda{})));
    span<std::byte, device> const w(reinterpret_cast<std::byte*>(space.data()), space.size());
    column<T const, device> const in(matrix<T const, device>(from.data(), rows, width, stride));
    column<T, device> const out(matrix<T, device>(to.data(), rows, width));
    mask_view<device> const view(matrix<float const, device>(m.data(), rows, width));
    auto const call = [&](auto const& method, merged_moments const& given = {}) {
      whiten(exec::cuda{}, method, in, out, record.data(), w, view, given);
      check::that(to.intact() && record.intact() && space.intact(), "memory outside is untouched");
      return to.get();
    };
    about() = "whiten " + std::to_string(width);
    long double mean = 0;
    for (double const v : members) mean += v;
    mean /= static_cast<long double>(members.size());
    advantage::whitening<> method;
    if (width > 1) method.clip = advantage::clip_range(1.5);
    long double const d = divisor(method.scale, members);
    std::vector<double> want;
    std::int64_t clipped = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t t = 0; t < width; ++t) {
        double const v = static_cast<double>(x[static_cast<std::size_t>(i * stride + t)]);
        double const y = v == v ? static_cast<double>((v - mean) / d) : 0;
        clipped += method.clip(y) != y ? 1 : 0;
        want.push_back(method.clip(y));
      }
    }
    std::vector<T> const y = call(method);
    double const tight = std::is_same_v<T, float> ? 3e-7 : 1e-13;
    check::near_all(y, want, tight, 1e-15, "out");
    column_record const r = record.get()[0];
    check::that(r.stats.entries == rows * width && r.stats.moments.count == static_cast<std::int64_t>(members.size()) &&
                    r.stats.clipped == clipped && r.beyond == 0,
                "counts");
    check::near(r.stats.moments.mean, static_cast<double>(mean), 1e-15, 0, "mean");
    std::vector<T> const again = call(method, r.stats.moments);
    check::near_all(again, want, tight, 1e-13, "by merged moments");
    device_array<column_record> const measured(1);
    measure(exec::cuda{}, in, measured.data(), w, view);
    column_record const q = measured.get()[0];
    check::same_bits(q.stats.moments, r.stats.moments, "measure");
    check::that(q.stats.clipped == 0, "measure clips nothing");
    advantage::whitening<advantage::no_scale> const plain{advantage::no_scale{}, false};
    std::vector<double> same;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t t = 0; t < width; ++t) {
        double const v = static_cast<double>(x[static_cast<std::size_t>(i * stride + t)]);
        same.push_back(v == v ? v : 0);
      }
    }
    check::near_all(call(plain), same, tight, 0, "without a scale, the mean kept");
  }
}

int main(int count, char**) {
  bool const small = count > 1;  // under a checker that slows everything down
  for (int const large : {40, 3000}) {
    if (small && large > 40) continue;
    methods<float>(large, small);
    if (!small) methods<double>(large, small);
  }
  edges();
  whitening<float>();
  whitening<double>();
  return check::finish();
}
