// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file summary.hpp
/// What a person reads: the table of one run, from its file alone, so that `show` prints exactly what `run` printed.
#include <string>

#include "haloscope/record/record.hpp"

namespace haloscope {

/// A screen of lines; the last two are VALID or INVALID (reasons above) and where the file is. Step times are those of
/// the slowest rank, warm-up left out, as medians and percentiles (Hoefler & Belli, SC15, rules 5 to 8).
[[nodiscard]] std::string summary(const RunFile& file, const std::string& path);

}  // namespace haloscope
