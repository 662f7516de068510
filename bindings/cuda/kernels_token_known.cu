// SPDX-License-Identifier: MIT
// The token engine's kernels of objectives that are chosen at run time and are among those known to the compiler.
#include "token_kernels.hpp"

template bool aha::launch_known_loss(aha::launcher&, aha::device_objective const&, aha::token_problem<float> const&,
                                     bool);
