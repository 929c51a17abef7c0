// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// For tests that read cases, or name a problem: the list is set before main(), as the program sets it.
#include "haloscope/problems/problems.hpp"

namespace haloscope {

inline const bool problems_are_set = (set_problems(all_problems()), true);

}  // namespace haloscope
