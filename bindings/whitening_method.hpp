// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/registry.hpp>
#include <aha/advantage/whitening.hpp>
#include <variant>

namespace aha_python {

/// `advantage.whitening(...)`: one of the list's scales. Without Python, for kernels too.
template <class List>
struct whitening_of;
template <class... Scales>
struct whitening_of<aha::type_list<Scales...>> {
  using type = std::variant<aha::advantage::whitening<Scales>...>;
};
struct whitening_method {
  whitening_of<aha::advantage::whitening_scales>::type choice;
};

}  // namespace aha_python
