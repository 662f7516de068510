// SPDX-License-Identifier: MIT
// Loss and gradient of rows of float16 logits, for objectives chosen at run time.
#include "row_kernels.hpp"

AHA_ROW_KERNELS(aha::float16);
