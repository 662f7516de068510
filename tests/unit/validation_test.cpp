// SPDX-License-Identifier: MIT
// Bad input of `loss`: the whole error text, and outputs that nothing has touched.
#include "engines.hpp"
#include "error_of.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace aha;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr float canary = -77;

/// A legal call that tests spoil in one place: packed [3, 0, 2] tokens, all columns there.
struct call {
  std::vector<std::int32_t> cu{0, 3, 3, 5};
  std::vector<std::int32_t> rows3{1, 2, 2};
  std::vector<float> logp = std::vector<float>(5, -1.0F);
  std::vector<float> old_logp = std::vector<float>(5, -1.1F);
  std::vector<float> ref_logp = std::vector<float>(5, -0.9F);
  std::vector<float> entropy = std::vector<float>(5, 0.5F);
  std::vector<float> adv{1, -1, 1};
  std::vector<float> weight = std::vector<float>(5, 1.0F);
  std::vector<std::uint8_t> mask = std::vector<std::uint8_t>(5, 1);
  std::vector<std::uint8_t> keep = std::vector<std::uint8_t>(5, 1);
  std::vector<float> wrong = std::vector<float>(4, canary);  // too short
  std::vector<float> matrix6 = std::vector<float>(6, -1.0F);
  std::vector<float> dlogp = std::vector<float>(5, canary);
  std::vector<float> dentropy = std::vector<float>(5, canary);
  std::vector<float> token_loss = std::vector<float>(5, canary);
  dynamic_objective objective =
      parse("token_mean(weight * keep * clip(0.2, 0.2) + 0.1 * kl(\"k3\")) - 0.1 * sequence_mean(entropy())");
  token_batch<host, float> b{packed(cu)};
  outputs<float> out;
  unsigned observed = observe::defaults;

  call() {
    b.logp = logp;
    b.old_logp = old_logp;
    b.ref_logp = ref_logp;
    b.entropy = entropy;
    b.adv = per_sequence(adv);
    b.weight = per_token(weight);
    b.keep = per_token(keep);
    b.mask = mask;
    b.totals = totals(5, 2);
    out.dlogp = dlogp;
    out.dentropy = dentropy;
    out.token_loss = token_loss;
  }
  /// Two rows of three in the same columns, each column made six long.
  void as_padded(padded<host> const& p) {
    for (std::vector<float>* v : {&logp, &old_logp, &ref_logp, &entropy, &weight, &dlogp, &dentropy, &token_loss}) {
      v->resize(6, v == &dlogp || v == &dentropy || v == &token_loss ? canary : v->front());
    }
    mask.resize(6, 1);
    keep.resize(6, 1);
    adv.resize(2);
    token_batch<host, float> q{p};
    q.totals = b.totals;
    b = q;
    b.logp = matrix(logp.data(), 2, 3);
    b.old_logp = matrix(old_logp.data(), 2, 3);
    b.ref_logp = matrix(ref_logp.data(), 2, 3);
    b.entropy = matrix(entropy.data(), 2, 3);
    b.adv = per_sequence(adv);
    b.weight = per_token(matrix(weight.data(), 2, 3));
    b.keep = per_token(matrix(keep.data(), 2, 3));
    out.dlogp = matrix(dlogp.data(), 2, 3);
    out.dentropy = matrix(dentropy.data(), 2, 3);
    out.token_loss = matrix(token_loss.data(), 2, 3);
  }
  std::string error() {
    return error_of([&] { loss(exec::cpu{1}, objective, b, out, observed); });
  }
  bool untouched() const {
    for (std::vector<float> const* v : {&dlogp, &dentropy, &token_loss, &wrong}) {
      for (float x : *v) {
        if (x != canary) return false;
      }
    }
    return true;
  }
};

void expect_error(std::string const& want, std::function<void(call&)> const& spoil) {
  call c;
  spoil(c);
  EXPECT_EQ(c.error(), want);
  EXPECT_TRUE(c.untouched()) << want;
}

TEST(validation, the_call_that_is_spoiled_is_legal) {
  call c;
  EXPECT_EQ(c.error(), "no error");
  EXPECT_FALSE(c.untouched());
  call p;
  p.as_padded(padded<host>(2, 3));
  EXPECT_EQ(p.error(), "no error");
  EXPECT_FALSE(p.untouched());
}

TEST(validation, lengths_of_columns) {
  auto const five = [](char const* name) {
    return std::string("aha::loss: ") + name + ": expected [5] (a token each), got [4]";
  };
  expect_error(five("old_logp"), [](call& c) { c.b.old_logp = c.wrong; });
  expect_error(five("ref_logp"), [](call& c) { c.b.ref_logp = c.wrong; });
  expect_error(five("entropy"), [](call& c) { c.b.entropy = c.wrong; });
  expect_error(five("adv"), [](call& c) { c.b.adv = per_token(c.wrong); });
  expect_error(five("weight"), [](call& c) { c.b.weight = per_token(c.wrong); });
  expect_error(five("keep"), [](call& c) { c.b.keep = per_token(c.wrong); });
  expect_error(five("mask"), [](call& c) { c.b.mask = c.wrong; });
  expect_error(five("dlogp"), [](call& c) { c.out.dlogp = c.wrong; });
  expect_error(five("dentropy"), [](call& c) { c.out.dentropy = c.wrong; });
  expect_error(five("token_loss"), [](call& c) { c.out.token_loss = c.wrong; });
  auto const three = [](char const* name) {
    return std::string("aha::loss: ") + name + ": expected [3] (a sequence each), got [5]";
  };
  expect_error(three("adv"), [](call& c) { c.b.adv = per_sequence(c.logp); });
  expect_error(three("weight"), [](call& c) { c.b.weight = per_sequence(c.logp); });
  expect_error(three("keep"), [](call& c) { c.b.keep = per_sequence(c.keep); });
  expect_error(three("length"), [](call& c) {
    c.rows3.resize(5);
    c.b.length = c.rows3;
  });
  expect_error("aha::loss: length: expected numbers >= 0, got -2 at position 1", [](call& c) {
    c.rows3[1] = -2;
    c.b.length = c.rows3;
  });
  expect_error("aha::loss: logp: expected [5] (a token each), got [1, 5]",
               [](call& c) { c.b.logp = matrix(c.logp.data(), 1, 5); });
}

TEST(validation, shapes_of_padded_columns) {
  expect_error("aha::loss: old_logp: expected [2, 3], got [3, 2]", [](call& c) {
    c.as_padded(padded<host>(2, 3));
    c.b.old_logp = matrix(c.old_logp.data(), 3, 2);
  });
  expect_error("aha::loss: ref_logp: expected [2, 3], got [4]", [](call& c) {
    c.as_padded(padded<host>(2, 3));
    c.b.ref_logp = c.wrong;
  });
  expect_error("aha::loss: logp: expected [2, 3], got [3, 2]", [](call& c) {
    c.as_padded(padded<host>(2, 3));
    c.b.logp = matrix(c.logp.data(), 3, 2);
  });
  expect_error("aha::loss: layout: expected rows >= 0 and width >= 0, got a negative one",
               [](call& c) { c.as_padded(padded<host>(-2, -3)); });
  expect_error("aha::loss: layout: expected packed or padded, got none", [](call& c) { c.b.layout = {}; });
}

TEST(validation, strides_and_memory_of_outputs) {
  expect_error("aha::loss: dlogp: expected rows that do not overlap, got a row stride of 2", [](call& c) {
    c.as_padded(padded<host>(2, 3));
    c.out.dlogp = matrix(c.dlogp.data(), 2, 3, 2);
  });
  expect_error("aha::loss: dlogp: expected rows that do not overlap, got a row stride of 0", [](call& c) {
    c.as_padded(padded<host>(2, 3));
    c.out.dlogp = matrix(c.dlogp.data(), 2, 3, 0);
  });
  auto const apart = [](char const* name, char const* from) {
    return std::string("aha::loss: ") + name + ": expected memory apart from " + from + ", got overlapping memory";
  };
  expect_error(apart("dentropy", "dlogp"), [](call& c) { c.out.dentropy = c.dlogp; });
  expect_error(apart("token_loss", "dlogp"), [](call& c) { c.out.token_loss = c.dlogp; });
  expect_error(apart("token_loss", "dentropy"), [](call& c) { c.out.token_loss = c.dentropy; });
  // Inputs hold the canary here, so that `untouched` sees a write through them.
  auto const over = [&](char const* name, std::vector<float> call::*column) {
    expect_error(apart("dlogp", name), [column](call& c) {
      std::fill((c.*column).begin(), (c.*column).end(), canary);
      c.out.dlogp = c.*column;
    });
  };
  over("logp", &call::logp);
  over("old_logp", &call::old_logp);
  over("ref_logp", &call::ref_logp);
  over("entropy", &call::entropy);
  over("weight", &call::weight);
  expect_error(apart("dlogp", "adv"), [](call& c) {
    c.b.adv = per_token(c.matrix6);
    c.matrix6.resize(5);
    c.b.adv = per_token(c.matrix6);
    c.out.dlogp = c.matrix6;
  });
  expect_error(apart("dlogp", "mask"), [](call& c) {
    c.b.mask = c.matrix6;
    c.matrix6.resize(5);
    c.b.mask = c.matrix6;
    c.out.dlogp = c.matrix6;
  });
  expect_error(apart("dlogp", "keep"), [](call& c) {
    c.matrix6.resize(5);
    c.b.keep = per_token(c.matrix6);
    c.out.dlogp = c.matrix6;
  });
}

TEST(validation, cu_seqlens) {
  auto const with = [](std::vector<std::int32_t> cu) {
    return [cu](call& c) {
      c.cu = cu;
      c.b.layout = packed<host>(c.cu);
    };
  };
  expect_error("aha::loss: cu_seqlens: expected a first entry of 0, got 1", with({1, 3, 3, 5}));
  expect_error("aha::loss: cu_seqlens: expected entries that never fall, got 2 after 3 at position 2",
               with({0, 3, 2, 5}));
  expect_error("aha::loss: cu_seqlens: expected a last entry of 5 (the tokens), got 4", with({0, 3, 3, 4}));
  expect_error("aha::loss: cu_seqlens: expected a last entry of 5 (the tokens), got 6", with({0, 3, 3, 6}));
  expect_error("aha::loss: cu_seqlens: expected [B + 1] with B >= 0, got [0]", with({}));
  expect_error("aha::loss: cu_seqlens: expected [B + 1] with B >= 0, got [2, 2]",
               [](call& c) { c.b.layout = packed<host>(index_view<>(matrix<std::int32_t>(c.cu.data(), 2, 2))); });
  call empty;
  empty.cu = {0};
  for (std::vector<float>* v :
       {&empty.logp, &empty.old_logp, &empty.ref_logp, &empty.entropy, &empty.weight, &empty.adv})
    v->clear();
  empty.keep.clear();
  call rest;
  rest.b.layout = packed<host>(empty.cu);
  rest.b.logp = empty.logp;
  rest.b.old_logp = empty.old_logp;
  rest.b.ref_logp = empty.ref_logp;
  rest.b.entropy = empty.entropy;
  rest.b.adv = per_sequence(empty.adv);
  rest.b.weight = per_token(empty.weight);
  rest.b.keep = per_token(empty.keep);
  rest.b.mask = {};
  rest.out = {};
  EXPECT_EQ(rest.error(), "no error") << "no sequence at all is legal";
}

TEST(validation, lens) {
  std::vector<std::int64_t> lens;
  auto const with = [&](std::vector<std::int64_t> l) {
    return [&lens, l](call& c) {
      lens = l;
      c.as_padded(padded_lens<host>(2, 3, index_view<>(lens)));
    };
  };
  expect_error("aha::loss: lens: expected lengths from 0 to 3, got 4 in row 1", with({3, 4}));
  expect_error("aha::loss: lens: expected lengths from 0 to 3, got -1 in row 0", with({-1, 3}));
  expect_error("aha::loss: lens: expected [2] (one length a row), got [3]", with({1, 1, 1}));
  expect_error("no error", [&](call& c) {
    with({0, 3})(c);
    c.b.totals = totals(-1);  // stop before anything is written
    c.b.totals = totals(3, 1);
    c.out = {};
  });
}

TEST(validation, a_mask_is_given_once) {
  expect_error("aha::loss: mask: expected one mask, got one in the layout and one in the batch", [](call& c) {
    c.as_padded(padded<host>(2, 3, mask_view<>(matrix(c.mask.data(), 2, 3))));
    c.b.mask = matrix(c.mask.data(), 2, 3);
  });
  expect_error("aha::loss: mask: expected [2, 3], got [5]",
               [](call& c) { c.as_padded(padded<host>(2, 3, mask_view<>(span<std::uint8_t>(c.mask.data(), 5)))); });
}

TEST(validation, missing_and_unread_columns) {
  auto const missing = [](char const* name) {
    return std::string("aha::loss: ") + name +
           ": expected a column (the objective or a named observer reads it), got none";
  };
  expect_error("aha::loss: logp: expected a column (the objective or a named observer reads it), got none",
               [](call& c) { c.b.logp = {}; });
  expect_error(missing("old_logp"), [](call& c) { c.b.old_logp = {}; });
  expect_error(missing("ref_logp"), [](call& c) { c.b.ref_logp = {}; });
  expect_error(missing("entropy"), [](call& c) { c.b.entropy = {}; });
  expect_error(missing("adv"), [](call& c) { c.b.adv = {}; });
  expect_error(missing("weight"), [](call& c) { c.b.weight = {}; });
  expect_error(missing("keep"), [](call& c) { c.b.keep = {}; });
  auto const unread = [](char const* name, char const* objective) {
    expect_error(
        std::string("aha::loss: ") + name + ": expected no column (nothing in the objective reads it), got one",
        [objective](call& c) { c.objective = parse(objective); });
  };
  unread("old_logp", "token_mean(weight * keep * kl() - entropy())");
  unread("ref_logp", "token_mean(weight * keep * clip() - entropy())");
  unread("entropy", "token_mean(weight * keep * clip() + kl())");
  unread("adv", "token_mean(weight * keep * kl(\"k3\", gradient=\"ratio\") - entropy())");
  unread("weight", "token_mean(keep * clip() + kl() - entropy())");
  unread("keep", "token_mean(weight * clip() + kl() - entropy())");
  expect_error("aha::loss: length: expected no column (nothing divides by a sequence's length), got one", [](call& c) {
    c.objective = parse("token_mean(weight * keep * clip() + kl() - entropy())");
    c.b.length = c.rows3;
  });
  // With a coefficient of 0 both are legal: the column there, and not there.
  for (bool there : {true, false}) {
    call c;
    c.objective = parse("token_mean(weight * keep * clip() + 0 * kl()) - 0 * token_mean(entropy())");
    if (!there) {
      c.b.ref_logp = {};
      c.b.entropy = {};
    }
    EXPECT_EQ(c.error(), "no error");
  }
}

TEST(validation, observers_asked_for_by_name_need_their_columns) {
  auto const missing = [](char const* name) {
    return std::string("aha::loss: ") + name +
           ": expected a column (the objective or a named observer reads it), got none";
  };
  auto const alone = [](unsigned flag, std::string const& want) {
    expect_error(want, [flag](call& c) {
      c.objective = parse("token_mean(weight * keep * kl(\"k1\"))");
      c.b.old_logp = {};
      c.b.entropy = {};
      c.b.adv = {};
      c.observed = flag;
    });
  };
  alone(observe::old_kl, missing("old_logp"));
  alone(observe::ratio, missing("old_logp"));
  alone(observe::ess, missing("old_logp"));
  alone(observe::chi_square, missing("old_logp"));
  alone(observe::entropy, missing("entropy"));
  alone(1U << 20U, "aha::loss: observe: expected known observers, got an unknown flag");
  expect_error(missing("ref_logp"), [](call& c) {
    c.objective = parse("token_mean(weight * keep * clip() - entropy())");
    c.b.ref_logp = {};
    c.observed = observe::ref_kl;
  });
  call defaults;
  defaults.objective = parse("token_mean(weight * keep * clip() - entropy())");
  defaults.b.ref_logp = {};
  EXPECT_EQ(defaults.error(), "no error") << "the default observers report on what is there";
}

TEST(validation, totals_and_scale) {
  expect_error(
      "aha::loss: totals.tokens: expected the count of the whole step, which an aggregate divides by, got none",
      [](call& c) { c.b.totals.tokens = nan; });
  expect_error(
      "aha::loss: totals.sequences: expected the count of the whole step, which an aggregate divides by, got none",
      [](call& c) { c.b.totals = totals(5); });
  expect_error("aha::loss: totals.tokens: expected a number >= 0, got -1", [](call& c) { c.b.totals.tokens = -1; });
  expect_error("aha::loss: totals.sequences: expected a number >= 0, got inf",
               [](call& c) { c.b.totals.sequences = inf; });
  expect_error("aha::token_mean: total: expected a number >= 0, got -3",
               [](call& c) { c.objective.parts[0].aggregate.total = -3; });
  expect_error("aha::sequence_mean: total: expected a number >= 0, got inf",
               [](call& c) { c.objective.parts[1].aggregate.total = inf; });
  expect_error("aha::loss: scale: expected a finite number, got inf", [](call& c) { c.b.scale = inf; });
  expect_error("aha::loss: scale: expected a finite number, got nan", [](call& c) { c.b.scale = nan; });
  call own;
  own.b.totals = {};
  own.objective.parts[0].aggregate.total = 7;
  own.objective.parts[1].aggregate.total = 2;
  EXPECT_EQ(own.error(), "no error") << "parts with totals of their own need none of the batch";
}

TEST(validation, the_objective_itself) {
  expect_error("aha::loss: objective: expected 1 to 16 parts, got 0", [](call& c) { c.objective.parts.clear(); });
  expect_error("aha::loss: objective: expected 1 to 16 parts, got 17",
               [](call& c) { c.objective.parts.resize(17, c.objective.parts[0]); });
  expect_error("aha::loss: objective: expected finite coefficients, got nan",
               [](call& c) { c.objective.parts[1].coefficient = nan; });
  expect_error("aha::loss: objective: expected finite coefficients, got inf",
               [](call& c) { c.objective.parts[0].expression.leaves[1].coefficient = inf; });
  for (double n : {0.0, -1.0, inf, nan}) {
    expect_error("aha::constant_length: n: expected a number > 0, got " + to_text(n), [n](call& c) {
      c.objective.parts[0].aggregate.kind = aggregation::constant_length;
      c.objective.parts[0].aggregate.length = n;
    });
  }
  call sixteen;
  sixteen.objective.parts.resize(16, sixteen.objective.parts[0]);
  EXPECT_EQ(sixteen.error(), "no error");
}

/// Sets a parameter out of its range; gives back what the error must say, or an empty text where every value is legal.
std::string spoil(double& x, range const& legal) {
  x = nan;
  if (!legal.contains(x)) {
    x = legal.contains(-1) ? nan : -1;
    return text(legal.text, ", got ", x);
  }
  return {};
}
std::string spoil(log_ratio_bounds& b, range const& legal) {
  b = {3, -3};
  return text(legal.text, ", got (3, -3)");
}
template <class E>
std::string spoil(E& e, range const&) {
  e = static_cast<E>(99);
  return "one of its names, got 99";
}

TEST(validation, every_parameter_of_every_term) {
  int parameters = 0;
  for_each_type(terms{}, [&](auto tag) {
    using Term = typename decltype(tag)::type;
    Term::params([&](std::string_view name, auto member, range const& legal, std::string_view) {
      Term bad;
      std::string const why = spoil(bad.*member, legal);
      ASSERT_FALSE(why.empty()) << Term::name << "." << name << " has no illegal value";
      status const s = check_term(bad);
      EXPECT_EQ(s.message(), text("aha::", Term::name, ": ", name, ": expected ", why));
      expect_error(s.message(), [&](call& c) { c.objective.parts[0].expression.leaves[0].term = bad; });
      ++parameters;
    });
    EXPECT_TRUE(check_term(Term{}).ok()) << Term::name << ": the defaults are legal";
  });
  EXPECT_GE(parameters, 3 * 3 + 3 * 7 + 1);  // clip and kl at three levels, value_loss
}

// Legality is known at compile time: a host may assert its own settings.
static_assert(is_legal(clip{0, inf}) && !is_legal(clip{-0.1, 0.2}) && !is_legal(clip{0.2, nan}));
static_assert(is_legal(kl(k3, k2)) && !is_legal(kl(k3, estimator::abs)) && !is_legal(kl(k3, 1.0, -1.0)));
static_assert(is_legal(kl<level::sequence_token>{}) && !is_legal(kl<level::sequence_token>(k3, kl_gradient::same)));
static_assert(is_legal(aggregate{aggregation::constant_length, 5, no_total}) &&
              !is_legal(aggregate{aggregation::constant_length, 0, no_total}) &&
              !is_legal(aggregate{aggregation::prompt_mean, 0, -1}) && is_legal(aggregate{aggregation::token_sum}));

TEST(validation, combinations_of_parameters) {
  auto const message = [](auto const& t) { return check_term(t).message(); };
  kl crossed(k3, 2, -2);
  EXPECT_EQ(message(crossed), "aha::kl: low: expected a number <= high, got 2");
  kl out;
  out.out_low = 1;
  out.out_high = 0.5;
  EXPECT_EQ(message(out), "aha::kl: out_low: expected a number <= out_high, got 1");
  kl<level::sequence> of_sequences;
  of_sequences.gradient = kl_gradient::k2;
  EXPECT_EQ(message(of_sequences), "aha::kl: level: expected token unless gradient is ratio, got sequence");
  EXPECT_EQ(message(kl(k3, estimator::abs)), "aha::kl: gradient: expected one of its names, got 255")
      << "abs is no gradient, and above all not the next enumerator";
  EXPECT_EQ(message(kl(k3, k2)), "");
  EXPECT_EQ(message(clip(0, 0)), "") << "eps = 0 is legal";
  EXPECT_EQ(message(clip(inf, inf)), "");
  kl unbounded(k3, -inf, inf);
  unbounded.bounds = {-inf, inf};
  EXPECT_EQ(message(unbounded), "");
}

#if AHA_EXCEPTIONS
TEST(validation, the_status_form_carries_the_text) {
  call c;
  c.b.logp = {};
  EXPECT_EQ(check_batch("loss", c.objective, c.b, c.out, c.observed).message(),
            "aha::loss: logp: expected a column (the objective or a named observer reads it), got none");
}
#endif

}  // namespace
