// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file evidence.hpp
/// What a run showed, and the checks that come of it: what the problems judge and what the record keeps.
///
/// It costs each rank 8 bytes for each solver quantity and step, kept until the end.
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace haloscope {

/// Values along a line: what a [[profile]] asked for, or another curve of the result.
struct LineProfile {
  std::string name;
  std::vector<double> coordinate, value;
};

/// One check of the result: a row of /expect.
struct Check {
  std::string name;
  double expected = 0, measured = 0, tolerance = 0;
  std::string source;
  bool pass = false;
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< of `measured`; NaN: none
};

/// What the run showed; the same on every rank.
struct Evidence {
  std::map<std::string, std::vector<double>>
      solver;  ///< (step), as under /solver; `time` [s] is at the end of the step
  std::vector<LineProfile> profiles;
  std::map<std::string, double> scalars;          ///< final values by name …
  std::map<std::string, double> standard_errors;  ///< … and how far off they may be, of those drawn at random
  std::string lost_positions;                     ///< of particles, for people; empty: not known
  double cells = 0;                               ///< of the whole grid
  double phase_gap = 0;                           ///< largest |Σ phases - step| / step of any rank and step
  std::string stopped;                            ///< why the run ended before its last step; empty when it did not

  /// The steps' values of what stands under /solver/NAME; null where there is none.
  [[nodiscard]] const std::vector<double>* steps_of(const std::string& name) const {
    const auto found = solver.find(name);
    return found == solver.end() ? nullptr : &found->second;
  }
};

}  // namespace haloscope
