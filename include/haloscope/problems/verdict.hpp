// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file verdict.hpp
/// Is the result right? A number without a verdict is not a result (after HPCG's report, Dongarra, Heroux & Luszczek
/// 2016).
///
/// Judged from what every rank knows, so every rank comes to the same verdict.
#include <string>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/case/evidence.hpp"

namespace haloscope {

struct Verdict {
  std::vector<Check> checks;
  std::vector<std::string> reasons;  ///< against it; none: valid
  [[nodiscard]] bool valid() const noexcept { return reasons.empty(); }
};

/// By numbers that are none, by the sum of phases, by what the problem itself says against the result, and by the
/// case's expectations.
[[nodiscard]] Verdict judge(const Case& settings, const Evidence& evidence);

/// @p value at @p x on the line through the points, linear between them; NaN outside. @pre x sorted, same sizes.
[[nodiscard]] double interpolate(const std::vector<double>& x, const std::vector<double>& value, double at);

}  // namespace haloscope
