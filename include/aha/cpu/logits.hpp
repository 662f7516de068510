// SPDX-License-Identifier: MIT
#pragma once

// The logits engine of the CPU: rows of logits to log-probs, and two coefficients a row back to logits.
#include <aha/cpu/logits_gradient.hpp>
#include <aha/cpu/token_logp.hpp>
