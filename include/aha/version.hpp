// SPDX-License-Identifier: MIT
#pragma once

/// The only source of the version: CMake, the wheel and the inline namespace read these three numbers.
#define AHA_VERSION_MAJOR 0
#define AHA_VERSION_MINOR 1
#define AHA_VERSION_PATCH 0
