// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file summary.hpp
/// What a person reads: the table of one run, from its file alone, so that `show` prints exactly what `run` printed.
#include <string>

#include "haloscope/record.hpp"

namespace haloscope {

/// Several lines ending in VALID or INVALID with reasons. Medians over steps of the slowest rank, warm-up left out.
[[nodiscard]] std::string summary(const RunFile& file, const std::string& path);

}  // namespace haloscope
