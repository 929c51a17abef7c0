// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file verdict.hpp
/// Is the result right? A number without a verdict is not a result (after HPCG's report, Dongarra, Heroux & Luszczek
/// 2016).
///
/// Judged from what every rank knows, so every rank comes to the same verdict. It costs each rank 8 bytes for each
/// solver quantity and step, kept until the end.
#include <map>
#include <string>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/record/record.hpp"

namespace haloscope {

/// What the run showed; the same on every rank.
struct Evidence {
  std::map<std::string, std::vector<double>>
      solver;  ///< (step), as under /solver; `time` [s] is at the end of the step
  std::vector<RecordEnd::Profile> profiles;
  std::map<std::string, double> scalars;          ///< final values by name …
  std::map<std::string, double> standard_errors;  ///< … and how far off they may be, of those drawn at random
  std::string lost_positions;                     ///< of particles, for people; empty: not known
  double cells = 0;                               ///< of the whole grid
  double phase_gap = 0;                           ///< largest |Σ phases - step| / step of any rank and step
  std::string stopped;                            ///< why the run ended before its last step; empty when it did not
};

struct Verdict {
  std::vector<Check> checks;
  std::vector<std::string> reasons;  ///< against it; none: valid
  [[nodiscard]] bool valid() const noexcept { return reasons.empty(); }
};

/// Expectations, NaN, sum of phases; of a flow and a pressure solve residual, divergence and fields that were never
/// exchanged; of transport lost particles.
[[nodiscard]] Verdict judge(const Case& settings, const Evidence& evidence);

/// @p value at @p x on the line through the points, linear between them; NaN outside. @pre x sorted, same sizes.
[[nodiscard]] double interpolate(const std::vector<double>& x, const std::vector<double>& value, double at);

}  // namespace haloscope
