// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/exact.hpp>
#include <aha/reward/math/normal_text.hpp>
#include <aha/reward/math/options.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math {

namespace detail {
__extension__ using uint128 = unsigned __int128;

/// A prime of 61 bits that leaves 1 when divided by four, and a square root of -1 in its field.
struct prime_field {
  std::uint64_t prime, root_of_minus_one;
};
inline constexpr prime_field prime_fields[] = {
    {1560246372784690457U, 75607373758105827U},   {2299769983855496101U, 221885745664317083U},
    {1436713291961994257U, 758415542238398956U},  {2227674950026648769U, 12438700365463929U},
    {2267614636501059221U, 1854829753242967627U}, {2286350915525505497U, 1026539718550534U},
    {1960996678939280233U, 937644094279702188U},  {1400196716877447257U, 1215271903958872339U},
    {1944871362728622869U, 1344272893746903785U}, {1666277535399656581U, 1518561154321073766U},
    {2201047496598263857U, 795850834996826110U},  {2156175691540584001U, 754790826002205500U},
    {1657962983997006773U, 1254228334856184143U}, {1550866045823654893U, 494867335853662037U},
    {1343279316233512381U, 610940041787884797U},  {1903525045340829809U, 1044882355212663714U},
};

constexpr std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}
constexpr std::uint64_t text_hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t h = seed ^ 0xCBF29CE484222325U;
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return mixed(h);
}
}  // namespace detail

/// The image of an answer under a map of rings into a field of a prime order p of 61 bits: rationals go to themselves,
/// i to a root of -1, every letter, pi and e to a random element, and a function or a power that is no whole one to a
/// random element that its name and the images of its arguments determine. Answers that the rules of rings transform into
/// each other have one image. Two rational functions of degree d that differ have one image with probability at most
/// 2d/p (Schwartz, Zippel) over the choice of the random elements; two of the same height h < p are told apart when all
/// letters are fixed, too. Different images prove nothing where functions, roots or i are involved.
class residue {
 public:
  /// `at`: the number of the point; letters differ from point to point, the field, pi and e do not.
  residue(tree const& t, budget& steps, sign_choice sign, std::uint64_t seed, std::uint64_t at = 0)
      : tree_(t),
        steps_(steps),
        sign_(sign),
        seed_(detail::mixed(seed)),
        at_(detail::mixed(seed_ + at)),
        field_(detail::prime_fields[seed_ % 16]) {}

  [[nodiscard]] std::uint64_t product(std::uint64_t a, std::uint64_t b) const { return times(a, b); }
  [[nodiscard]] std::uint64_t difference(std::uint64_t a, std::uint64_t b) const { return plus(a, minus(b)); }

  /// True where only rules of rings were used: then different images prove that the answers differ.
  [[nodiscard]] bool conclusive() const { return conclusive_; }
  /// False where the value is undefined (a division by zero).
  [[nodiscard]] bool defined() const { return defined_ && !steps_.exhausted(); }

  std::uint64_t operator()(std::int32_t i) {
    node const& n = tree_.at(i);
    if (!steps_.charge(3)) return 0;
    if (n.kind == kind::add || n.kind == kind::multiply || n.kind == kind::divide || n.kind == kind::power ||
        n.kind == kind::percent)
      for (std::int32_t k = 0; k < n.count; ++k)
        if (infinite(tree_.child(n, k))) defined_ = false;  // oo - oo, 0 oo: no number
    switch (n.kind) {
      case kind::number: return number(tree_.number_of(n));
      case kind::symbol: return symbol(tree_.name_of(n));
      case kind::word: return word(tree_.name_of(n));
      case kind::text: return atom(detail::text_hash(normal_text(tree_.name_of(n)), seed_));
      case kind::pi: return atom(seed_ + 1);
      case kind::euler: return atom(seed_ + 2);
      case kind::imaginary: return symbol("i");
      case kind::infinity: return atom(seed_ + 3);
      case kind::negate: return minus(child(n, 0));
      case kind::plus_minus: return (n.op == 0) == (sign_ > 0) ? child(n, 0) : minus(child(n, 0));
      case kind::add: {
        std::uint64_t total = 0;
        for (std::int32_t k = 0; k < n.count; ++k) total = plus(total, child(n, k));
        return total;
      }
      case kind::multiply: {
        std::uint64_t total = 1;
        for (std::int32_t k = 0; k < n.count; ++k) total = times(total, child(n, k));
        return total;
      }
      case kind::divide: return times(child(n, 0), inverse(child(n, 1)));
      case kind::power: return power(tree_.child(n, 0), tree_.child(n, 1));
      case kind::percent: return times(child(n, 0), inverse(100));
      case kind::degree: return in_function_ ? times(child(n, 0), times(atom(seed_ + 1), inverse(180))) : child(n, 0);
      case kind::unit: return child(n, 0);
      case kind::function: return function(n);
      case kind::big_sum:
      case kind::big_product: return big_operator(n);
      case kind::list:
      case kind::set:
      case kind::join:
      case kind::meet: return unordered(n);
      default: return ordered(n);
    }
  }

 private:
  tree const& tree_;
  budget& steps_;
  sign_choice sign_;
  std::uint64_t seed_, at_;
  detail::prime_field field_;
  bool defined_ = true, in_function_ = false, conclusive_ = true;
  struct bound_value {
    std::string_view name;
    std::uint64_t value;
  };
  std::vector<bound_value> bound_;

  [[nodiscard]] bool infinite(std::int32_t i) const {
    node const& n = tree_.at(i);
    return n.kind == kind::infinity || ((n.kind == kind::negate || n.kind == kind::plus_minus) &&
                                        tree_.at(tree_.child(n, 0)).kind == kind::infinity);
  }
  std::uint64_t child(node const& n, std::int32_t k) { return (*this)(tree_.child(n, k)); }
  [[nodiscard]] std::uint64_t times(std::uint64_t a, std::uint64_t b) const {
    return static_cast<std::uint64_t>(static_cast<detail::uint128>(a) * b % field_.prime);
  }
  [[nodiscard]] std::uint64_t plus(std::uint64_t a, std::uint64_t b) const {
    std::uint64_t const s = a + b;
    return s >= field_.prime ? s - field_.prime : s;
  }
  [[nodiscard]] std::uint64_t minus(std::uint64_t a) const { return a == 0 ? 0 : field_.prime - a; }
  std::uint64_t raised(std::uint64_t a, std::uint64_t k) {
    std::uint64_t result = 1;
    steps_.charge(4);
    for (; k != 0; k /= 2, a = times(a, a))
      if (k % 2 != 0) result = times(result, a);
    return result;
  }
  std::uint64_t inverse(std::uint64_t a) {
    if (a == 0) defined_ = false;
    if (a == 1) return 1;
    // Euclid; the coefficients stay below the prime.
    std::int64_t t = 0, next_t = 1;
    std::uint64_t r = field_.prime, next_r = a;
    steps_.charge(30);
    while (next_r != 0) {
      std::uint64_t const q = r / next_r;
      std::int64_t const t2 = t - static_cast<std::int64_t>(q) * next_t;
      t = next_t, next_t = t2;
      std::uint64_t const r2 = r - q * next_r;
      r = next_r, next_r = r2;
    }
    return t < 0 ? static_cast<std::uint64_t>(t + static_cast<std::int64_t>(field_.prime))
                 : static_cast<std::uint64_t>(t);
  }
  [[nodiscard]] std::uint64_t atom(std::uint64_t h) const { return detail::mixed(h) % (field_.prime - 2) + 2; }
  [[nodiscard]] std::uint64_t joined(std::uint64_t tag, std::uint64_t a, std::uint64_t b = 0) const {
    return detail::mixed(detail::mixed(seed_ ^ (tag << 32U)) + detail::mixed(a) * 3 + detail::mixed(b ^ 0x5555U) * 7);
  }
  std::uint64_t number(rational const& x) {
    if (x.small()) {
      std::int64_t const n = x.numerator();
      auto const above = (n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n)) % field_.prime;
      std::uint64_t const value = n < 0 ? minus(above) : above;
      return x.denominator() == 1 ? value
                                  : times(value, inverse(static_cast<std::uint64_t>(x.denominator()) % field_.prime));
    }
    steps_.charge(x.bits() / 32 + 8);
    big_fraction const v = x.big();
    auto const below = static_cast<std::uint64_t>(v.below % field_.prime);
    bool const negative = v.above.sign() < 0;
    auto const above = static_cast<std::uint64_t>((negative ? big_integer(-v.above) : v.above) % field_.prime);
    return times(negative ? minus(above) : above, inverse(below));
  }
  std::uint64_t symbol(std::string_view name) {
    for (std::size_t k = bound_.size(); k-- > 0;)
      if (bound_[k].name == name) return bound_[k].value;
    if (name == "i") return field_.root_of_minus_one;
    steps_.charge(name.size() / 8);
    return atom(detail::text_hash(name, at_));
  }
  std::uint64_t word(std::string_view name) {
    std::uint64_t total = 1;
    for (std::size_t k = 0; k < name.size(); ++k)
      total = times(total, name[k] == 'e' ? atom(seed_ + 2) : symbol(name.substr(k, 1)));
    return total;
  }
  // a^{p/q} is the p-th power of one random element for a^{1/q}: x^{3/2} and x sqrt(x) have one image only by chance,
  // (sqrt x)^3 and x^{3/2} always.
  std::uint64_t power(std::int32_t base, std::int32_t above, bool root = false) {
    rational exponent;
    bool const constant =
        detail::exact_evaluator(tree_, steps_, sign_)(above, exponent) == detail::exact_evaluator::outcome::value;
    if (!constant || !exponent.small() || exponent.denominator() != 1 || root) conclusive_ = false;
    if (!constant || !exponent.small()) return atom(joined(root ? 12 : 11, (*this)(base), (*this)(above)));
    if (root) {
      if (exponent.is_zero()) return defined_ = false, 0;
      exponent = reciprocal(exponent);
    }
    std::uint64_t const value = (*this)(base);
    std::int64_t const p = exponent.numerator(), q = exponent.denominator();
    std::uint64_t part = q == 1 ? value : value <= 1 ? value : atom(joined(13, value, static_cast<std::uint64_t>(q)));
    if (p < 0) part = inverse(part);
    return raised(part, p < 0 ? 0 - static_cast<std::uint64_t>(p) : static_cast<std::uint64_t>(p));
  }
  std::uint64_t function(node const& n) {
    auto const f = static_cast<function_name>(n.op);
    if (f == function_name::root) return power(tree_.child(n, 0), tree_.child(n, 1), true);
    bool const outer = in_function_;
    conclusive_ = false;
    in_function_ = true;
    std::uint64_t h = 20U + n.op;
    if (f == function_name::opaque) h = detail::text_hash(tree_.name_of(n), seed_);
    if (f == function_name::exp)
      h = joined(11, atom(seed_ + 2), child(n, 0));  // as a power of e
    else
      for (std::int32_t k = 0; k < n.count; ++k) {
        std::uint64_t const x = child(n, k);
        bool const logarithm = f == function_name::ln || f == function_name::log;
        if (logarithm && (x == 0 || (k == 1 && x == 1))) defined_ = false;
        h = joined(h, h, x);
      }
    in_function_ = outer;
    return atom(h);
  }
  std::uint64_t big_operator(node const& n) {
    // The bound variable stands for one random element: a sum is known by its term and its bounds.
    node const& variable = tree_.at(tree_.child(n, 1));
    conclusive_ = false;
    std::uint64_t const low = child(n, 2), high = child(n, 3);
    if (bound_.size() > 8) return steps_.refuse(), 0;
    bound_.push_back({variable.kind == kind::symbol ? std::string_view(tree_.name_of(variable)) : std::string_view("i"),
                      atom(seed_ + 100 + bound_.size())});
    std::uint64_t const body = child(n, 0);
    bound_.pop_back();
    return atom(joined(joined(static_cast<std::uint64_t>(n.kind), low, high), body));
  }
  std::uint64_t unordered(node const& n) {
    std::uint64_t total = 0;
    for (std::int32_t k = 0; k < n.count; ++k) total += detail::mixed(child(n, k) ^ seed_);
    return atom(joined(static_cast<std::uint64_t>(n.kind), total));
  }
  std::uint64_t ordered(node const& n) {
    std::uint64_t h = joined(static_cast<std::uint64_t>(n.kind), n.op,
                             static_cast<std::uint64_t>(n.kind == kind::call || n.data < 0 ? 0 : n.data));
    if (n.kind == kind::call) h = detail::text_hash(tree_.name_of(n), h);
    for (std::int32_t k = 0; k < n.count; ++k) h = joined(h, h, child(n, k));
    return atom(h);
  }
};

}  // namespace reward::math
AHA_NAMESPACE_END
