// SPDX-License-Identifier: MIT
#pragma once

/// Everything for the CPU. CUDA headers live apart, in `aha/cuda`.

#include <aha/cpu/loss.hpp>
#include <aha/loss/count_totals.hpp>
#include <aha/loss/parse.hpp>
#include <aha/loss/reference.hpp>
#include <aha/loss/registry.hpp>
