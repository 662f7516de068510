// SPDX-License-Identifier: MIT
#pragma once

// What nearly every test parses anyway. The library's own headers stay out: each must include what it needs.
#include <gtest/gtest.h>
#include <xsimd/xsimd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>
