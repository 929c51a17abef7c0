// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file distribution.hpp
/// From measured values to what a profile holds of them: the quantile table, the correlation of neighbours, a curve of
/// medians that never falls. Pure.
///
/// A table keeps no quantile that fewer than three values lie beyond, but for the smallest and the largest value
/// themselves: what is read from it far out in the tail describes single events, not a law.
#include <cstdint>
#include <vector>

#include "haloscope/network/profile.hpp"

namespace haloscope {

/// Quantiles of @p values, in any order, at up to 51 probabilities dense in the tail; linear between order statistics.
/// Values [s] become [us]. Empty for no values; a single value stands at both ends.
[[nodiscard]] Quantiles quantile_table(std::vector<double> values);

/// The correlation of each value with the next one, both as normal scores: equal values share their mean rank r, and
/// the score is the normal quantile of (r - 1/2) / n. That is the parameter of a Gaussian copula (van der Waerden).
/// 0 below three values, and where all are equal.
[[nodiscard]] double lag1_of_normal_scores(const std::vector<double>& in_order);

/// The z below which a standard normal variable lies with probability @p p, 0 < p < 1; to 1e-9.
[[nodiscard]] double normal_score(double p) noexcept;

/// The nearest curve, in the least squares' sense, that never falls: neighbours that do are replaced by their mean
/// (pool adjacent violators; Barlow, Bartholomew, Bremner & Brunk 1972).
[[nodiscard]] std::vector<double> never_falling(const std::vector<double>& curve);

/// @p value to @p digits significant decimal digits: what a file for people holds.
[[nodiscard]] double rounded(double value, int digits = 6);

}  // namespace haloscope
