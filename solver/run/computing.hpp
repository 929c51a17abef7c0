// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file computing.hpp
/// Inside the run room: who is told of the computing that the solver announces; nobody in most runs.
#include <mpi.h>

#include <cstdint>
#include <optional>
#include <string>

#include "haloscope/border/asked_network.hpp"
#include "haloscope/case/case.hpp"
#include "haloscope/record/record.hpp"
#include "haloscope/run/run.hpp"
#include "haloscope/timing/calibration.hpp"
#include "haloscope/timing/compute_model.hpp"

namespace haloscope {

/// Who hears of the pieces of work of a run: the network's library, told how long each takes; or a calibration.
class Computing {
 public:
  /// Collective over @p world. @throws UserError
  Computing(MPI_Comm world, const Network& network, const RunOptions& options, const Case& settings, PhaseClock& clock);
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;

  void describe(RecordHeader& header) const;
  void end_step(const StepTimes& times, bool warmup);
  /// Where a calibration was asked for: does the same twice with smaller steps (fewer cells, particles, paths,
  /// parameters), for pieces of work of other sizes. Collective.
  void calibrate_smaller(MPI_Comm world, const Case& settings, std::int64_t steps, PhaseClock& clock);
  /// Where one was asked for. Collective. @throws UserError
  void write_calibration(MPI_Comm world, const RunOptions& options, const Case& settings,
                         const MachineReport& machine) const;

 private:
  std::optional<ComputeModel> model_;
  std::optional<Announcer> announcer_;
  std::optional<Calibration> calibration_;
};

}  // namespace haloscope
