// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file problems.hpp
/// The list of all problems, for who starts the program: `set_problems(all_problems())` before the first case is read.
#include <vector>

#include "haloscope/case/problem.hpp"

namespace haloscope {

[[nodiscard]] std::vector<const Problem*> all_problems();

}  // namespace haloscope
