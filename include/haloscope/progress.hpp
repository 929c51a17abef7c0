// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file progress.hpp
/// The live line of a long run: step, rate, median step time, share in MPI, time left. Written by rank 0 to standard
/// error, at most five times a second and between steps; on a file or a pipe it writes nothing.
#include <array>
#include <cstdint>
#include <string>

#include "haloscope/phases.hpp"

namespace haloscope {

/// True where standard error ends on a terminal: directly, or through the launcher on this node. Linux only; behind a
/// launcher on another node it is false, and the run stays quiet.
[[nodiscard]] bool terminal_watches();

class Progress {
 public:
  /// @p enabled: this is rank 0 and a terminal watches.
  Progress(std::int64_t steps, bool enabled);
  ~Progress();  ///< clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(const StepTimes& times, double simulated_time, double end_time);

 private:
  static constexpr int n_recent = 101;  ///< an odd number, so that the median is one of them
  [[nodiscard]] std::string line(double now, double simulated_time, double end_time) const;
  std::int64_t steps_, done_ = 0;
  bool enabled_;
  double first_ = 0, last_drawn_ = 0;
  std::array<double, n_recent> recent_{}, recent_mpi_{};  ///< the last step times and the MPI in them [s]
};

}  // namespace haloscope
