// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/engine.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

// The static form at one row: a function that the compiler sees whole. Group and batch operations inside it are columns
// that were made before; their slots are counted in postfix order, as in the dynamic form.

/// How many group and batch operations an expression has.
template <class E>
struct made_columns : std::integral_constant<int, 0> {};
template <class... Es>
struct made_columns<std::tuple<Es...>> : std::integral_constant<int, (made_columns<Es>::value + ... + 0)> {};
template <class Unit, class... Terms>
struct made_columns<weighted_sum<Unit, Terms...>> : made_columns<std::tuple<Terms...>> {};
template <class Unit, class Operation, class... Arguments>
struct made_columns<applied<Unit, Operation, Arguments...>>
    : std::integral_constant<int, made_columns<std::tuple<Arguments...>>::value +
                                      (Operation::looks_at == stage::row ? 0 : 1)> {};

/// Evaluates a static expression by an engine.
template <class Engine, class E>
class static_evaluation {
 public:
  static_evaluation(Engine& engine, E const& e) : engine_(engine), expression_(e), base_(engine.next_slot()) {
    prepare(e, base_);
  }
  /// n cells from row `first`; any piece, any thread.
  void write(std::int64_t /*piece*/, std::int64_t first, std::int64_t n, cell* out) const {
    for (std::int64_t i = 0; i < n; ++i) out[i] = at(expression_, first + i, base_);
  }
  static expression_needs needs(E const& e) {
    expression_needs all;
    ask(e, all);
    return all;
  }
  static aha::status check(std::string_view /*function*/, E const& e) {
    // The dynamic form knows all rules: one definition.
    aha::status why;
#if AHA_EXCEPTIONS
    try {
      why = check_expression("reward::evaluate", dynamic_expression(e));
    } catch (std::invalid_argument const& wrong) {
      why = aha::status(wrong.what());
    }
#else
    why = check_expression("reward::evaluate", dynamic_expression(e));
#endif
    return why;
  }

 private:
  // Calls f(argument, its first slot) for each of a tuple.
  template <class Tuple, class F, std::size_t... K>
  static void walk(Tuple const& arguments, int base, F const& f, std::index_sequence<K...> /*all*/) {
    int slot = base;
    auto const one = [&](auto const& x) {
      f(x, slot);
      slot += made_columns<std::decay_t<decltype(x)>>::value;
    };
    (one(std::get<K>(arguments)), ...);
    (void)one;
  }
  template <class... Es, class F>
  static void walk(std::tuple<Es...> const& arguments, int base, F const& f) {
    walk(arguments, base, f, std::index_sequence_for<Es...>{});
  }

  cell at(constant const& c, std::int64_t /*i*/, int /*base*/) const { return cell(c.value, presence::constant); }
  template <int Index, class Unit>
  cell at(column<Index, Unit> const& /*c*/, std::int64_t i, int /*base*/) const {
    return engine_.input(Index, i);
  }
  template <class Unit, class... Terms>
  cell at(weighted_sum<Unit, Terms...> const& s, std::int64_t i, int base) const {
    cell x[sizeof...(Terms)];
    int k = 0;
    walk(s.terms, base, [&](auto const& term, int slot) { x[k++] = at(term, i, slot); });
    return weighted_sum_of(x, s.weight.data(), k);
  }
  template <class Unit, class Operation, class... Arguments>
  cell at(applied<Unit, Operation, Arguments...> const& a, std::int64_t i, int base) const {
    if constexpr (std::is_same_v<Operation, operation::schedule>) {
      return a.op.at(engine_.step());
    } else if constexpr (Operation::looks_at != stage::row) {
      return engine_.made(base + made_columns<std::tuple<Arguments...>>::value, i);
    } else {
      cell x[sizeof...(Arguments)];
      int k = 0;
      walk(a.arguments, base, [&](auto const& argument, int slot) { x[k++] = at(argument, i, slot); });
      return a.op(x, k);
    }
  }

  void prepare(constant const&, int) {}
  template <int Index, class Unit>
  void prepare(column<Index, Unit> const&, int) {}
  template <class Unit, class... Terms>
  void prepare(weighted_sum<Unit, Terms...> const& s, int base) {
    walk(s.terms, base, [&](auto const& term, int slot) { prepare(term, slot); });
  }
  template <class Unit, class Operation, class... Arguments>
  void prepare(applied<Unit, Operation, Arguments...> const& a, int base) {
    walk(a.arguments, base, [&](auto const& argument, int slot) { prepare(argument, slot); });
    if constexpr (Operation::looks_at != stage::row) {
      engine_.make(a.op, [&](int wanted, std::int64_t, std::int64_t first, std::int64_t n, cell* out) {
        int k = 0;
        walk(a.arguments, base, [&](auto const& argument, int slot) {
          if (k++ != wanted) return;
          for (std::int64_t i = 0; i < n; ++i) out[i] = at(argument, first + i, slot);
        });
      });
    }
  }

  static void ask(constant const&, expression_needs&) {}
  template <int Index, class Unit>
  static void ask(column<Index, Unit> const&, expression_needs& all) {
    all.columns = std::max(all.columns, Index + 1);
  }
  template <class Unit, class... Terms>
  static void ask(weighted_sum<Unit, Terms...> const& s, expression_needs& all) {
    walk(s.terms, 0, [&](auto const& term, int) { ask(term, all); });
  }
  template <class Unit, class Operation, class... Arguments>
  static void ask(applied<Unit, Operation, Arguments...> const& a, expression_needs& all) {
    walk(a.arguments, 0, [&](auto const& argument, int) { ask(argument, all); });
    all.groups = all.groups || Operation::looks_at == stage::group;
    if constexpr (std::is_same_v<Operation, operation::normalize_running>) {
      all.running = std::max(all.running, a.op.slot + 1);
    }
  }

  Engine& engine_;
  E const& expression_;
  int base_;
};

}  // namespace reward
AHA_NAMESPACE_END
