// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file calibration.hpp
/// Measures what a ComputeModel says: each piece of work that a run announces, by the CPU time of its thread outside
/// MPI.
///
/// Runs in virtual time on the ideal network, where the interconnect library knows that time by phase. So pauses of the
/// operating system do not count, but ranks that share a memory bus do. A piece of a phase lasts from its announcement
/// to the next one of the phase. A piece that is announced when it ends lasts from the end of the one before it, or of
/// the last step. Costs two readings of the thread's clock a piece (not counted).
///
/// 1. Pieces of one phase and size give a median.
/// 2. A line through the medians gives the cost of a call. Its relative misfit, weighted by time, is least, and no part
///    of it is negative.
/// 3. What is left gives the rate at each size, sizes within a factor of four together.
/// 4. All is scaled to what the phase really took, so that time which no piece claims is not lost.
#include <mpi.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "haloscope/timing/compute_model.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

/// Where and how it was measured; becomes the head of the file. By key, in the order given.
using CalibrationFacts = std::vector<std::pair<std::string, std::string>>;

class Calibration final : public WorkListener {
 public:
  void work(Phase phase, double bytes) override;
  /// @throws LibraryError where the phase has a piece open: the time of each would be unknown.
  void worked(Phase phase, double bytes) override;
  /// Ends the step of these pieces; those of a warm-up are forgotten.
  void end_step(const StepTimes& times, bool warmup);

  /// The model as text, from all ranks' pieces, of the phases that had some; the same on every rank. Collective.
  /// @throws UserError naming one of the @p needed that no rank ever computed in
  [[nodiscard]] std::string model(MPI_Comm comm, const CalibrationFacts& facts, const std::vector<Phase>& needed) const;

 private:
  using Pieces = std::map<double, std::vector<double>>;  ///< seconds by bytes
  struct Open {
    bool any = false;
    double bytes = 0;
  };
  PerPhase<double> mark_{};        ///< computed since MPI_Init, when the open piece began, or the last one ended [s]
  PerPhase<double> step_began_{};  ///< … when the step began [s]
  PerPhase<Open> open_{};
  PerPhase<Pieces> this_step_, pieces_;
  PerPhase<double> seconds_{};  ///< all that was computed [s]
};

/// What a line through pieces of work is made of; adds up over sizes and ranks.
struct CostSums {
  double w = 0, wx = 0, wxx = 0, wy = 0, wxy = 0;
  /// @p count pieces of @p bytes, each of @p seconds.
  void add(double bytes, double seconds, double count) noexcept;
};
struct CostLine {
  double per_byte = 0, per_call = 0;  ///< [s]
};
[[nodiscard]] CostLine fit(const CostSums& sums) noexcept;

}  // namespace haloscope
