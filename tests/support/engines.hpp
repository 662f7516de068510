// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/loss.hpp>
#include <aha/loss/dynamic.hpp>
#include <functional>

// The dynamic objective over every engine and type is compiled once, in engines.cpp: the test matrices run through it.

/// Any executor behind one type, so that the engines are compiled once for all of them.
using any_executor = std::function<void(std::int64_t, aha::loop_body)>;

AHA_NAMESPACE_BEGIN
#define AHA_TEST_ENGINE(prefix, exec, T)                                                               \
  prefix template loss_result loss(exec const&, dynamic_objective const&, token_batch<host, T> const&, \
                                   outputs<T, host> const&, unsigned);
#ifndef AHA_TEST_DEFINES_ENGINES
AHA_TEST_ENGINE(extern, exec::cpu, float)
AHA_TEST_ENGINE(extern, exec::cpu, double)
AHA_TEST_ENGINE(extern, exec::scalar, float)
AHA_TEST_ENGINE(extern, exec::scalar, double)
AHA_TEST_ENGINE(extern, exec::on<any_executor const&>, float)
AHA_TEST_ENGINE(extern, exec::on<any_executor const&>, double)
#endif
AHA_NAMESPACE_END
