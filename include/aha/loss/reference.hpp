// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/text.hpp>
#include <string>

AHA_NAMESPACE_BEGIN

/// Names of the columns behind a bit set of `reads`.
inline std::string reads_text(unsigned r) {
  std::string s;
  auto const add = [&](std::string_view name, unsigned bit, auto const&...) {
    if ((r & bit) != 0) s.append(s.empty() ? "" : ", ").append(name);
  };
  token_batch<> const none;
  token_batch<>::columns(none, add);
  add("adv", reads::adv);
  add("S", reads::statistic);
  return s;
}

/// The reference table of terms in Markdown, one row an entry of the type list: what is documented is what exists.
inline std::string terms_table() {
  std::string s = "| term | loss of a token | parameters (default; legal) | reads | arXiv |\n|---|---|---|---|---|\n";
  for_each_type(terms{}, [&](auto tag) {
    using Term = typename decltype(tag)::type;
    Term const t{};
    std::string parameters;
    Term::params([&](std::string_view name, auto member, range const& legal, std::string_view meaning) {
      parameters.append(parameters.empty() ? "" : "<br>").append("`").append(name).append("=");
      parameters.append(parameter_text(t.*member)).append("` ").append(meaning);
      if (&legal != &named) {
        parameters.append(" (").append(legal.text).append(")");
        return;
      }
      using M = std::decay_t<decltype(t.*member)>;
      if constexpr (std::is_enum_v<M>) {
        std::string names;
        for (std::string_view n : enum_names<M>::values) names.append(names.empty() ? "" : ", ").append(n);
        parameters.append(" (").append(names).append(")");
      }
    });
    std::string call(Term::name);
    if constexpr (has_variant<Term>::value) {
      if (!is_default_variant<Term>())
        call.append(", ").append(Term::keyword).append("=\"").append(Term::variant).append("\"");
    }
    s.append("| `").append(call).append("` | `").append(Term::formula).append("` | ").append(parameters);
    s.append(" | ").append(reads_text(needs_of(t))).append(" | ").append(Term::paper).append(" |\n");
  });
  return s;
}

AHA_NAMESPACE_END
