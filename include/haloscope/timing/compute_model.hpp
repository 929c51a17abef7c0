// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file compute_model.hpp
/// How long computing takes, from a file instead of a clock: then a run in virtual time is the same to the bit on any
/// machine under any load.
///
/// A piece of work of b bytes in a phase takes seconds_per_call + seconds_per_GB(b) b. The rate is given at some sizes
/// of pieces, since what fits a cache is faster, linear in log b between them and constant beyond. All is calibrated by
/// phase (calibration.hpp; the files: cases/compute/). Kernels of one phase share its rates, and a cache that other
/// work has emptied is not known here: good to some 10 % of a step on boxes like the calibrated ones.
#include <mpi.h>

#include <span>
#include <string>
#include <vector>

#include "haloscope/timing/phases.hpp"

namespace haloscope {

struct ComputeCost {
  double seconds_per_call = 0;
  std::vector<double> bytes;             ///< of pieces, rising; as many as rates
  std::vector<double> seconds_per_byte;  ///< at least one
  [[nodiscard]] double seconds(double piece_bytes) const noexcept;
};

struct ComputeModel {
  std::string name;  ///< from the file
  std::string text;  ///< the file as it stands
  std::string file;  ///< where it lay
  PerPhase<ComputeCost> cost;
};

/// A phase that is not there has no rates; one that is may say how it was measured where that differs from the others.
/// @throws UserError `file:key: value: what is allowed`
[[nodiscard]] ComputeModel parse_compute_model(const std::string& text, const std::string& file);

/// Every key, as markdown.
[[nodiscard]] std::string compute_reference();

/// @throws UserError for the first of @p phases, those in which a case computes, that is not there
void require_costs(const ComputeModel& model, std::span<const Phase> phases);

/// Where the model of that name lies, installed or in the tree the program was built in; a file's name stays as it is.
/// @throws UserError when there is none of that name
[[nodiscard]] std::string find_compute_model(const std::string& name);

/// @p name is a file, the name of a model that came with the program, or "model": the one that stands for all. Rank 0
/// reads, all parse. Collective. @throws UserError on all ranks alike
[[nodiscard]] ComputeModel read_compute_model(MPI_Comm comm, const std::string& name);

/// Tells the interconnect library of each piece of work how long it takes; the library believes it where it was
/// started so (HALOSCOPE_COMPUTE=announced). What is announced must have its costs (require_costs).
class Announcer final : public WorkListener {
 public:
  explicit Announcer(const ComputeModel& model) noexcept : model_(model) {}
  void work(Phase phase, double bytes) override;
  void worked(Phase phase, double bytes) override { work(phase, bytes); }

 private:
  const ComputeModel& model_;
};

}  // namespace haloscope
