# SPDX-License-Identifier: MIT
# `aha._aha_reward`, from bindings/reward: rewards of text have no lanes, so one module at the lowest level of the package
# serves every machine.
find_package(Boost QUIET)
find_path(AHA_BOOST_INCLUDE boost/multiprecision/cpp_int.hpp HINTS ${Boost_INCLUDE_DIRS})
if(NOT AHA_BOOST_INCLUDE)
  message(FATAL_ERROR "aha: aha.reward.math: expected the headers of Boost.Multiprecision (Debian: libboost-dev, Fedora: "
                      "boost-devel, conda: libboost-headers; -DAHA_BOOST_INCLUDE=<folder that holds boost/>), got none")
endif()

file(GLOB reward_sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/reward/*.cpp)
aha_module(_aha_reward ${reward_sources} device_dispatch.cpp dlpack_cast.cpp dlpack_sources.cpp host_place.cpp
            owned_array.cpp advantage_methods.cpp)
target_include_directories(_aha_reward PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_include_directories(_aha_reward SYSTEM PRIVATE ${AHA_BOOST_INCLUDE})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(_aha_reward PRIVATE -march=x86-64-v2)
endif()
