// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file progress.hpp
/// The live line of a long run: step, rate, median step time, share in MPI, time left. Written by rank 0 to standard
/// error's terminal (its own or the launcher's on this node; Linux only) after the first step, then between steps and
/// at most five times a second. Without a terminal, as behind a launcher on another node, it writes nothing.
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "haloscope/phases.hpp"

namespace haloscope {

class Progress {
 public:
  /// @p speaks: this is rank 0.
  Progress(std::int64_t steps, bool speaks);
  ~Progress();  ///< clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(const StepTimes& times, double simulated_time, double end_time);

 private:
  static constexpr int n_recent = 101;  ///< an odd number, so that the median is one of them
  [[nodiscard]] std::string line(double now, double simulated_time, double end_time) const;
  std::int64_t steps_, done_ = 0;
  int terminal_;                    ///< file descriptor, or -1
  double first_ = 0;                ///< when the first step began [s]
  std::optional<double> drawn_at_;  ///< when the line was last drawn [s]; MPI_Wtime may begin at 0
  std::array<double, n_recent> recent_{}, recent_mpi_{};  ///< the last step times and the MPI in them [s]
};

}  // namespace haloscope
