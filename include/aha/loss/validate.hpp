// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/loss/legal.hpp>
#include <aha/loss/observe.hpp>
#include <aha/loss/token_batch.hpp>
#include <cmath>
#include <iterator>
#include <string>

AHA_NAMESPACE_BEGIN

/// What an objective reads: `active` by leaves that contribute, `named` also by leaves whose run-time coefficient is 0
/// (their columns may be there or not).
struct objective_needs {
  unsigned active = 0;
  unsigned named = 0;
  bool adjoint = false;        ///< a leaf that contributes is differentiated by a sequence statistic
  bool length = false;         ///< something divides by a sequence's own count
  bool prompt_tokens = false;  ///< a part divides by a prompt's tokens
};

/// Whether a part that contributes divides by this total of the batch.
template <class Objective>
bool divides_by(Objective const& o, double totals::*member) {
  bool found = false;
  o.for_each_part([&](auto const& p) {
    bool const own = p.aggregate.total == p.aggregate.total;
    found = found || (p.coefficient != 0 && !own && total_of(p.aggregate.kind) == member);
  });
  return found;
}

template <class Objective>
objective_needs needs_of_objective(Objective const& o) {
  objective_needs n;
  o.for_each_part([&](auto const& p) {
    n.length = n.length || p.aggregate.kind == aggregation::sequence_mean;
    n.prompt_tokens = n.prompt_tokens || p.aggregate.kind == aggregation::prompt_mean;
    p.for_each_leaf([&](auto const& l) {
      using Term = std::decay_t<decltype(l.term)>;
      unsigned r = needs_of(l.term);
      if (l.weight > 0) r |= reads::weight;
      if (l.keep) r |= reads::keep;
      n.named |= r;
      if (p.coefficient != 0 && l.coefficient != 0) {
        n.active |= r;
        n.adjoint = n.adjoint || (Term::differentiates_statistic && (r & reads::statistic) != 0);
      }
      n.length = n.length || (r & reads::statistic) != 0;
    });
  });
  return n;
}

inline std::string value_text(double x) { return to_text(x); }
inline std::string value_text(log_ratio_bounds const& b) { return text("(", b.low, ", ", b.high, ")"); }
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
std::string value_text(E e) {
  return text(static_cast<int>(e));
}

/// A term's parameters against their legal ranges, and their combination.
template <class Term>
status check_term(Term const& t) {
  if (is_legal(t)) return {};
  status s;
  Term::params([&](std::string_view name, auto member, range const& legal, std::string_view) {
    if (!s.ok() || is_legal(t.*member, legal)) return;
    bool const one_of = std::is_enum_v<std::decay_t<decltype(t.*member)>>;
    s = bad_argument(Term::name, name, one_of ? "one of its names" : legal.text, value_text(t.*member));
  });
  if (!s.ok()) return s;
  std::string_view const why = problem_of(t);
  std::string got = "another";  // the problem names a parameter, or the keyword that chose the type
  if constexpr (has_variant<Term>::value) got = Term::variant;
  Term::params([&](std::string_view name, auto member, range const&, std::string_view) {
    if constexpr (std::is_same_v<std::decay_t<decltype(t.*member)>, double>) {
      if (name == why.substr(0, why.find(':'))) got = to_text(t.*member);
    }
  });
  return status(text("aha::", Term::name, ": ", why, ", got ", got));
}

/// The objective alone: parameters, coefficients, constant lengths, own totals, number of parts.
template <class Objective>
status check_objective(std::string_view function, Objective const& o) {
  status s;
  int parts = 0;
  o.for_each_part([&](auto const& p) {
    ++parts;
    if (s.ok() && !is_finite(p.coefficient)) {
      s = bad_argument(function, "objective", "finite coefficients", to_text(p.coefficient));
    }
    if (s.ok() && !is_legal(p.aggregate)) {
      bool const total = p.aggregate.total == p.aggregate.total && !is_count(p.aggregate.total);
      s = total ? bad_argument(name_of(p.aggregate.kind), "total", "a number >= 0", to_text(p.aggregate.total))
                : bad_argument("constant_length", "n", "a number > 0", to_text(p.aggregate.length));
    }
    p.for_each_leaf([&](auto const& l) {
      if (s.ok() && !is_finite(l.coefficient)) {
        s = bad_argument(function, "objective", "finite coefficients", to_text(l.coefficient));
      }
      if (s.ok()) s = check_term(l.term);
    });
  });
  if (s.ok() && (parts == 0 || parts > max_parts)) {
    s = bad_argument(function, "objective", text("1 to ", max_parts, " parts"), to_text(parts));
  }
  return s;
}

/// A count of the step, by its name in `totals`.
inline status check_total(std::string_view function, std::string_view name, double value, bool needed) {
  if (needed && value != value) {
    return bad_argument(function, text("totals.", name), "the count of the whole step, which an aggregate divides by",
                        "none");
  }
  if (value == value && !is_count(value))
    return bad_argument(function, text("totals.", name), "a number >= 0", to_text(value));
  return {};
}

/// Shape of a view (column, mask, index) as text.
template <class View>
std::string shape_text(View const& v) {
  return v.rank == 2 ? text("[", v.rows, ", ", v.width, "]") : text("[", v.width, "]");
}

/// Entries of a token column as the layout alone has them; -1 where only offsets in device memory say.
template <class Space>
std::int64_t entries_of_layout(layout<Space> const& l) {
  if constexpr (!std::is_same_v<Space, host>) {
    if (l.is_packed() && l.sequences > 0) return -1;
  }
  return l.entries();
}

/// Checks one batch, collecting the first error; nothing is written before all checks have passed. Of a batch in device
/// memory shapes are checked, not what the layout's offsets and lengths hold.
template <class T, class Space = host>
class batch_check {
 public:
  batch_check(std::string_view function, token_batch<Space, T> const& batch) : function_(function), b_(batch) {}

  status const& result() const { return s_; }
  void fail(std::string_view argument, std::string_view expected, std::string_view got) {
    if (s_.ok()) s_ = bad_argument(function_, argument, expected, got);
  }

  void take(status s) {
    if (s_.ok()) s_ = std::move(s);
  }

  /// The layout itself, for columns of `entries` tokens.
  void shape(std::int64_t entries) {
    aha::layout<Space> const& l = b_.layout;
    if (l.type == aha::layout<Space>::kind::none) return fail("layout", "packed or padded", "none");
    entries_ = entries;
    if (l.is_packed()) return offsets(entries);
    if (l.sequences < 0 || l.width < 0) return fail("layout", "rows >= 0 and width >= 0", "a negative one");
    if (l.mask.present() && b_.mask.present())
      return fail("mask", "one mask", "one in the layout and one in the batch");
    if (l.mask.present()) tokens("mask", l.mask);
    if (!l.index.present()) return;
    if (l.index.rank != 1 || l.index.width != l.sequences) {
      return fail("lens", text("[", l.sequences, "] (one length a row)"), shape_text(l.index));
    }
    if constexpr (on_host) {
      for (std::int64_t i = 0; i < l.sequences; ++i) {
        if (l.index[i] < 0 || l.index[i] > l.width) {
          return fail("lens", text("lengths from 0 to ", l.width), text(l.index[i], " in row ", i));
        }
      }
    }
  }
  /// A column, mask or index with one entry a token.
  template <class View>
  void tokens(std::string_view name, View const& v) {
    aha::layout<Space> const& l = b_.layout;
    std::int64_t const entries = l.is_packed() ? entries_ : l.entries();
    bool const fits = l.is_packed() ? v.rank == 1 && v.width == entries
                      : v.rank == 2 ? v.rows == l.sequences && v.width == l.width
                                    : v.width == entries;
    if (!fits) {
      fail(name, l.is_packed() ? text("[", entries, "] (a token each)") : text("[", l.sequences, ", ", l.width, "]"),
           shape_text(v));
    }
  }
  template <class View>
  void sequences(std::string_view name, View const& v) {
    if (v.rank != 1 || v.width != b_.layout.sequences) {
      fail(name, text("[", b_.layout.sequences, "] (a sequence each)"), shape_text(v));
    }
  }
  /// Counts with one entry a sequence.
  void counts(std::string_view name, index_view<Space> const& v) {
    if (!v.present()) return;
    sequences(name, v);
    if constexpr (on_host) {
      for (std::int64_t i = 0; s_.ok() && i < b_.layout.sequences; ++i) {
        if (v[i] < 0) fail(name, "numbers >= 0", text(v[i], " at position ", i));
      }
    }
  }
  template <class View>
  void scoped_column(std::string_view name, scoped<View> const& v) {
    if (v.scope == scope::sequence) sequences(name, v.values);
    if (v.scope == scope::token) tokens(name, v.values);
  }
  /// Presence against need: `active` must be there, what nothing names must not; logp may be.
  void presence(std::string_view name, bool given, unsigned flag, objective_needs const& n, unsigned observed) {
    if (!given && ((n.active | observed) & flag) != 0) {
      fail(name, "a column (the objective or a named observer reads it)", "none");
    }
    if (given && ((n.named | observed | reads::logp) & flag) == 0) {
      fail(name, "no column (nothing in the objective reads it)", "one");
    }
  }

 private:
  static constexpr bool on_host = std::is_same_v<Space, host>;

  void offsets(std::int64_t entries) {
    index_view<Space> const& cu = b_.layout.index;
    if (cu.rank != 1 || cu.width < 1) return fail("cu_seqlens", "[B + 1] with B >= 0", shape_text(cu));
    if constexpr (on_host) {
      if (cu[0] != 0) return fail("cu_seqlens", "a first entry of 0", to_text(cu[0]));
      for (std::int64_t i = 0; i + 1 < cu.width; ++i) {
        if (cu[i + 1] < cu[i]) {
          return fail("cu_seqlens", "entries that never fall",
                      text(cu[i + 1], " after ", cu[i], " at position ", i + 1));
        }
      }
      if (cu[cu.width - 1] != entries) {
        return fail("cu_seqlens", text("a last entry of ", entries, " (the tokens)"), to_text(cu[cu.width - 1]));
      }
    }
  }

  std::string_view function_;
  token_batch<Space, T> const& b_;
  std::int64_t entries_ = 0;  ///< of a token column
  status s_;
};

AHA_NAMESPACE_END
