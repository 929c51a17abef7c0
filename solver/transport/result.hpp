// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// From the sums of a step over all ranks to what a user asks for by name.
#include <mpi.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "haloscope/transport/transport.hpp"
#include "transport/tally.hpp"

namespace haloscope {

/// Sums over all ranks of everything that a step counts: one reduction. @p memory is reused from step to step.
/// Collective. @throws LibraryError
void reduce_sums(MPI_Comm comm, StepSums& sums, std::span<RegionSums> regions, std::vector<double>& memory);

/// Means over steps by name.
class Results {
 public:
  /// The first region is the whole grid, without a name.
  Results(const TransportCase& settings, const std::vector<Region>& regions, double strength);

  /// A step's sums over all ranks; @p active: they count for the means.
  void add(const StepSums& sums, std::span<const RegionSums> regions, bool active);
  [[nodiscard]] Estimate estimate(const std::string& name) const;
  [[nodiscard]] double k_of_step() const noexcept { return k_of_step_; }
  [[nodiscard]] double scale() const noexcept { return scale_; }  ///< rate of a weight of 1 in a step

 private:
  bool eigenvalue_;
  double scale_;
  std::vector<double> volumes_;            ///< of the regions [cm³]
  std::map<std::string, std::size_t> at_;  ///< in the next two
  std::vector<double> values_;             ///< of the step that is added
  std::vector<BatchMean> means_;
  double k_of_step_ = 0, worst_balance_ = 0, lost_ = 0;
};

}  // namespace haloscope
