// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file progress.hpp
/// The live line of a long run: step, rate, median step time, share in MPI, time left. Drawn by rank 0 after the first
/// step, then between steps and at most five times a second.
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "haloscope/base/live_line.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

class Progress {
 public:
  /// @p speaks: this is rank 0.
  Progress(std::int64_t steps, bool speaks);
  void update(const StepTimes& times, double simulated_time, double end_time);

 private:
  static constexpr int n_recent = 101;  ///< odd: the median is one of them
  [[nodiscard]] std::string text(double now, double simulated_time, double end_time) const;
  std::int64_t steps_, done_ = 0;
  LiveLine line_;
  double first_;                    ///< when the first step began, in real time whatever the steps' clock [s]
  std::optional<double> drawn_at_;  ///< likewise when the line was last drawn [s]
  std::array<double, n_recent> recent_{}, recent_mpi_{};  ///< the last step times and the MPI in them [s]
};

}  // namespace haloscope
