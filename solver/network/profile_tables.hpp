// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file profile_tables.hpp
/// Inside the profile's file: quantile tables that a law or two numbers stand for.
#include <string>

#include "haloscope/network/profile.hpp"

namespace haloscope {

/// A law of the half round trip in units of its median: f + (1 - f) X, f the least value, X of median 1.
/// Log-normal: X(p) = exp(s z(p)), z the normal quantile. Pareto: X(p) = (2 (1 - p))^(-t). The p99 over the median
/// fixes s or t: with q = (p99 - f) / (1 - f), s = ln q / z(0.99), t = ln q / ln 50.
struct Spread {
  std::string kind = "none";  ///< none, lognormal or pareto
  double p99_over_median = 1.5;
  double minimum_over_median = 0.9;  ///< f
  std::int64_t samples = 1000000;    ///< the table ends where one of so many samples lies
};

/// The law as a table around @p median_us, six digits each; empty for "none". Ten quantiles a decade of 1 - p.
[[nodiscard]] Quantiles table_of_law(const Spread& law, double median_us);

/// Always @p us.
[[nodiscard]] Quantiles constant_table(double us);

}  // namespace haloscope
