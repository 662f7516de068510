// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/type_list.hpp>
#include <aha/loss/clip.hpp>
#include <aha/loss/dual_clip.hpp>
#include <aha/loss/entropy.hpp>
#include <aha/loss/given.hpp>
#include <aha/loss/kl.hpp>
#include <aha/loss/value_loss.hpp>
#include <aha/loss/z_loss.hpp>

AHA_NAMESPACE_BEGIN

/// Every term. Python names, the dynamic objective, the typed tests and the reference table iterate this list: a new
/// variant is one header and one name here. Entries may share a name and differ by one keyword; the first is its default.
using terms = type_list<clip<level::token>, clip<level::sequence>, clip<level::sequence_token>,  //
                        kl<level::token>, kl<level::sequence>, kl<level::sequence_token>,        //
                        entropy, z_loss, value_loss, given,                                      //
                        dual_clip<level::token>, dual_clip<level::sequence>, dual_clip<level::sequence_token>>;

AHA_NAMESPACE_END
