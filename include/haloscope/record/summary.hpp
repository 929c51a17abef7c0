// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file summary.hpp
/// What a person reads: the table of one run, from its file alone, so that `show` prints exactly what `run` printed.
#include <string>
#include <vector>

#include "haloscope/record/record.hpp"

namespace haloscope {

/// A screen of lines; the last two are VALID or INVALID (reasons above) and where the file is. Step times are those of
/// the slowest rank, warm-up left out, as medians and percentiles (Hoefler & Belli, SC15, rules 5 to 8).
[[nodiscard]] std::string summary(const RunFile& file, const std::string& path);

/// The smallest value that at least the share @p p of all does not exceed. @pre sorted, not empty, 0 < p <= 1
[[nodiscard]] double percentile(const std::vector<double>& sorted, double p);

/// A median with the order statistics around it that hold the true one with at least 95 % confidence, whatever the
/// distribution (Le Boudec, Performance Evaluation of Computer and Communication Systems, 2010, theorem 2.1); low and
/// high are NaN below six values, where there is no such interval. Values are taken as independent.
struct MedianInterval {
  double median, low, high;
};
[[nodiscard]] MedianInterval median_interval(const std::vector<double>& sorted);

}  // namespace haloscope
