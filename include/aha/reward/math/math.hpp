// SPDX-License-Identifier: MIT
#pragma once

// All of the math verifier.
#include <aha/reward/math/extract.hpp>
#include <aha/reward/math/options.hpp>
#include <aha/reward/math/parsed.hpp>
#include <aha/reward/math/print.hpp>
#include <aha/reward/math/verify.hpp>
