// SPDX-License-Identifier: MIT
#pragma once

/// Everything for the CPU. CUDA headers live apart, in `aha/cuda`.

#include <aha/cpu/advantages.hpp>
#include <aha/cpu/logits_gradient.hpp>
#include <aha/cpu/loss.hpp>
#include <aha/cpu/loss_from_logits.hpp>
#include <aha/cpu/multi_reward.hpp>
#include <aha/cpu/to_tokens.hpp>
#include <aha/cpu/token_logp.hpp>
#include <aha/cpu/whiten.hpp>
#include <aha/loss/count_totals.hpp>
#include <aha/loss/parse.hpp>
#include <aha/loss/reference.hpp>
#include <aha/loss/registry.hpp>
#include <aha/loss/target_shift.hpp>
