// SPDX-License-Identifier: MIT
#pragma once

// The logits engine of the CPU: rows of logits, or shards of their vocabulary, to log-probs, and up to three coefficients
// a row back to logits.
#include <aha/cpu/logits_gradient.hpp>
#include <aha/cpu/token_logp.hpp>
#include <aha/cpu/vocab_shards.hpp>
