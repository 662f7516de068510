// SPDX-License-Identifier: MIT
#define AHA_TEST_DEFINES_ENGINES
#include "engines.hpp"

AHA_NAMESPACE_BEGIN
AHA_TEST_ENGINE(, exec::cpu, float)
AHA_TEST_ENGINE(, exec::cpu, double)
AHA_TEST_ENGINE(, exec::scalar, float)
AHA_TEST_ENGINE(, exec::scalar, double)
AHA_TEST_ENGINE(, exec::on<any_executor const&>, float)
AHA_TEST_ENGINE(, exec::on<any_executor const&>, double)
AHA_NAMESPACE_END
