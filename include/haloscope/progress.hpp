// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file progress.hpp
/// The live line of a long run: step, rate, median step time, share in MPI, time left. Written by rank 0 to standard
/// error, at most five times a second and between steps; on a file or a pipe it writes nothing.
#include <cstdint>
#include <string>

#include "haloscope/phases.hpp"

namespace haloscope {

class Progress {
 public:
  /// @p enabled: this is rank 0 and standard error is a terminal.
  Progress(std::int64_t steps, bool enabled);
  ~Progress();  ///< clears the line
  void update(const StepTimes& times, double simulated_time, double end_time);

 private:
  std::int64_t steps_, done_ = 0;
  bool enabled_;
  double first_ = 0, last_drawn_ = 0;
  double recent_[101]{};  ///< the last step times [s]; an odd number, so that the median is one of them
};

}  // namespace haloscope
