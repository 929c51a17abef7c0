// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file statistics.hpp
/// Medians and quantiles, each by the convention that its users promise. Pure.
#include <algorithm>
#include <span>
#include <vector>

namespace haloscope {

/// The median by selection, of an even count the upper of the two in the middle. Reorders @p values. @pre not empty
template <class T>
[[nodiscard]] T upper_median(std::span<T> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

/// Linear between order statistics, of which the first is p = 0 and the last p = 1. @pre sorted, not empty, 0 <= p <= 1
[[nodiscard]] double quantile(const std::vector<double>& sorted, double p);

/// The smallest value that at least the share @p p of all does not exceed. @pre sorted, not empty, 0 < p <= 1
[[nodiscard]] double percentile(const std::vector<double>& sorted, double p);

/// A median (of an even count the mean of the two in the middle) with the order statistics around it that hold the true
/// one with at least 95 % confidence, whatever the distribution (Le Boudec, Performance Evaluation of Computer and
/// Communication Systems, 2010, theorem 2.1); low and high are NaN below six values, where there is no such interval.
/// Values are taken as independent.
struct MedianInterval {
  double median, low, high;
};
/// @pre sorted, not empty
[[nodiscard]] MedianInterval median_interval(const std::vector<double>& sorted);

}  // namespace haloscope
