// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compose.hpp>
#include <aha/reward/evaluate_dynamic.hpp>
#include <aha/reward/evaluate_static.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A reward as it trains (shaped) beside the one that it was made of (raw): filters act on the raw one, since shaping makes
/// all-right groups look mixed.
template <class Shaped, class Raw>
struct shaped_and_raw {
  Shaped shaped;
  Raw raw;
};
template <class Shaped, class Raw>
shaped_and_raw(Shaped, Raw) -> shaped_and_raw<Shaped, Raw>;

template <class E>
struct is_shaped_and_raw : std::false_type {};
template <class Shaped, class Raw>
struct is_shaped_and_raw<shaped_and_raw<Shaped, Raw>> : std::true_type {};

/// Where `evaluate` writes, N entries each: the reward (NaN where the row has none), its status and, of `shaped_and_raw`,
/// the raw reward. Only `reward` is asked for.
struct evaluation_outputs {
  span<double> reward;
  span<enum status> status{};
  span<double> raw{};
};

/// What `evaluate` saw.
struct evaluation {
  component_numbers reward;
  component_numbers raw;      ///< of `shaped_and_raw`
  std::vector<moments> seen;  ///< of `normalize_running`, by slot: the arguments of this call, to be merged over ranks
                              ///< and into `table::running`
  aha::status status;
};

template <class Engine, class E>
using evaluation_of =
    std::conditional_t<std::is_same_v<E, dynamic_expression>, dynamic_evaluation<Engine>, static_evaluation<Engine, E>>;

/// Checks an expression against a table of checked columns.
template <class E>
aha::status check_against(std::string_view function, E const& e, table const& rows) {
  using Evaluation = evaluation_of<reward_engine<int>, E>;
  if (aha::status bad = Evaluation::check(function, e); !bad.ok()) return bad;
  if (aha::status bad = check_needs(function, Evaluation::needs(e), rows); !bad.ok()) return bad;
  if constexpr (std::is_same_v<E, dynamic_expression>) return Evaluation::check_names(function, e, rows.columns);
  return {};
}

/// Everything that `evaluate` checks before it writes.
template <class Shaped, class Raw>
aha::status check_evaluate(shaped_and_raw<Shaped, Raw> const* pair, Shaped const& shaped, table const& rows,
                           evaluation_outputs const& out) {
  char const* const me = "reward::evaluate";
  std::int64_t const n = out.reward.size();
  if (aha::status bad = check_table(me, rows, n); !bad.ok()) return bad;
  if (aha::status bad = check_against(me, shaped, rows); !bad.ok()) return bad;
  if (pair != nullptr) {
    if (aha::status bad = check_against(me, pair->raw, rows); !bad.ok()) return bad;
  }
  if (out.status.size() != n && out.status.data_handle() != nullptr) {
    return bad_argument(me, "status", text(n, " entries"), text(out.status.size()));
  }
  if (pair == nullptr && out.raw.data_handle() != nullptr) {
    return bad_argument(me, "raw", "no memory, the expression has no raw reward", text(out.raw.size(), " entries"));
  }
  if (out.raw.size() != n && out.raw.data_handle() != nullptr) {
    return bad_argument(me, "raw", text(n, " entries"), text(out.raw.size()));
  }
  place const written[] = {
      place{"reward", {out.reward.data_handle(), 1, n, n, sizeof(double)}},
      place{"status", {out.status.data_handle(), 1, n, n, sizeof(enum status)}},
      place{"raw", {out.raw.data_handle(), 1, n, n, sizeof(double)}},
  };
  place const index[] = {place{rows.by.index_name(), region(rows.by.index())}};
  if (aha::status bad = check_apart(me, written, index); !bad.ok()) return bad;
  for (std::size_t k = 0; k < rows.columns.size(); ++k) {
    component const& c = rows.columns[k];
    std::string const name = c.label(k);
    place const read[] = {place{name, c.values_region()}, place{name, c.statuses_region()}};
    if (aha::status bad = check_apart(me, written, read); !bad.ok()) return bad;
  }
  return {};
}

/// `evaluate` of one expression after all checks. Without memory for the reward it is counted alone.
template <class Exec, class E>
evaluation evaluate_checked(Exec const& exec, E const& e, table const& rows, std::int64_t n, span<double> reward,
                            span<enum status> statuses_out) {
  using Engine = reward_engine<Exec>;
  Engine engine(exec, rows, n);
  evaluation_of<Engine, E> const run(engine, e);
  std::vector<cell> cells(static_cast<std::size_t>(n));
  cell* const all = cells.data();
  engine.for_each_piece([&](std::int64_t p, std::int64_t first, std::int64_t count) {
    run.write(p, first, count, all + first);
    for (std::int64_t i = first; i < first + count; ++i) {
      all[i] = guarded(all[i]);
      if (!all[i].there()) all[i].value = std::numeric_limits<double>::quiet_NaN();
      if (reward.size() > 0) reward[i] = all[i].value;
      if (statuses_out.size() > 0) statuses_out[i] = all[i].status;
    }
  });
  evaluation seen;
  seen.reward = count_component(exec, component(span<cell const>(cells)), engine.by());
  seen.seen = engine.seen();
  return seen;
}

/// Evaluates an expression over the rows of a table and writes rewards and their statuses.
///
///   auto const score = gate(format, correct) + 0.1 * format - overlong(length, 8192, 2048);
///   evaluate(exec::cpu{}, score, table{{correct_column, format_column, length_column}, groups<>::by_id(ids)}, {rewards});
///   evaluate(exec::cpu{}, shaped_and_raw{score, correct}, rows, {rewards, statuses, raw_rewards});
///
/// Expressions are static or dynamic (`parse`), with the same bits. A missing component follows `table::missing`; where the
/// row then has no reward, it is NaN and its status says why. A result beyond +-1e140 has the status `error`.
/// Bitwise: a reward depends on its row, with group operations on the set of rows of its group, with batch operations on
/// the set of all rows; threads change no bit. N = 0 is legal. Scratch: 16 bytes a row for every group or batch
/// operation and its arguments, a `group_index` for groups by id.
template <class Exec, class E>
evaluation evaluate(Exec const& exec, E const& e, table const& rows, evaluation_outputs const& out) {
  constexpr bool runs = is_executor<Exec const>;
  constexpr bool pair = is_shaped_and_raw<E>::value;
  constexpr bool fits = pair || is_expression<E>;
  static_assert(
      runs, "aha: the first argument is where the call runs: exec::cpu{threads}, or an object with run(count, body)");
  static_assert(fits, "aha: not a reward: evaluate takes expressions of columns, or shaped_and_raw{reward, raw}");
  if constexpr (runs && pair) {
    if (aha::status bad = check_evaluate(&e, e.shaped, rows, out); !bad.ok()) return fail<evaluation>(bad);
    evaluation seen = evaluate_checked(exec, e.shaped, rows, out.reward.size(), out.reward, out.status);
    evaluation const raw = evaluate_checked(exec, e.raw, rows, out.reward.size(), out.raw, {});
    seen.raw = raw.reward;
    return seen;
  } else if constexpr (runs && fits) {
    constexpr shaped_and_raw<E, E> const* none = nullptr;
    if (aha::status bad = check_evaluate(none, e, rows, out); !bad.ok()) return fail<evaluation>(bad);
    return evaluate_checked(exec, e, rows, out.reward.size(), out.reward, out.status);
  } else {
    return {};
  }
}

}  // namespace reward
AHA_NAMESPACE_END
