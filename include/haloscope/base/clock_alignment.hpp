// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file clock_alignment.hpp
/// What rank 0's clock reads, told from this rank's: a linear model, offset and drift.
///
/// MPI_Wtime may start anywhere on any rank (Open MPI's starts when the process does), and crystals differ by some 10
/// ppm. So ranks are compared by ping-pongs of least round trip (Cristian, Distributed Computing 3, 1989) along
/// binomial trees, between nodes at many instants of a second, and a line is fitted to each edge (HCA; Hunold &
/// Carpen-Amarie, IEEE Cluster 2018; here all edges share one window, so the cost does not grow with the nodes). The
/// ranks of one node share a crystal: they differ by an offset only. A second round measures what is left. Neither
/// round sees that a path is slower one way than the other; half a round trip bounds that error. A crystal's rate
/// wanders with temperature. Over hours the line misses that, and a later clock_residual tells by how much.
///
/// The interconnect library also aligns the wall clocks of its hosts by it.
#include <mpi.h>

namespace haloscope {

/// rank 0's clock = t + offset + drift (t - since), t on this rank's. The default: this clock is rank 0's.
struct ClockModel {
  double offset = 0;             ///< [s]
  double drift = 0;              ///< [s/s]
  double since = 0;              ///< [s], this rank's clock
  double uncertainty = 0;        ///< bounds the error at `since`, however lopsided the path [s]; 0 on rank 0
  double drift_uncertainty = 0;  ///< likewise [s/s]
  double residual = 0;           ///< rank 0's clock less this one aligned, as the second round found it [s]

  [[nodiscard]] double operator()(double t) const noexcept { return t + offset + drift * (t - since); }
  /// When this rank's clock will read rank 0's @p t.
  [[nodiscard]] double inverse(double t) const noexcept { return since + (t - since - offset) / (1 + drift); }
};

/// When to look: one instant gives the offset, more the drift too.
struct ClockWindow {
  int instants = 1;
  double seconds = 0;  ///< from the first instant to the last; half as long again until the second round
};

/// Of MPI_Wtime. Collective over @p comm; 3 s where there are several nodes, else O(log ranks) rounds of 100
/// ping-pongs, which no modelled network should delay (PhaseClock::pause). Nothing to add where MPI says that its clock
/// is global, as it does in virtual time. @throws LibraryError
[[nodiscard]] ClockModel align_clock(MPI_Comm comm);
/// Of a clock that all ranks of a node share: nothing to add on rank 0's node.
[[nodiscard]] ClockModel align_node_clock(MPI_Comm comm, double (*clock)());

/// One tree: aligns @p clock of each rank of @p comm, which must return errors, with rank 0's. Collective.
[[nodiscard]] ClockModel align_along_tree(MPI_Comm comm, double (*clock)(), const ClockWindow& window);

/// Measures again, now: rank 0's MPI_Wtime less this rank's aligned by @p model [s]. Collective. @throws LibraryError
[[nodiscard]] double clock_residual(MPI_Comm comm, const ClockModel& model);
/// One tree, as align_along_tree.
[[nodiscard]] double residual_along_tree(MPI_Comm comm, double (*clock)(), const ClockModel& model);

}  // namespace haloscope
