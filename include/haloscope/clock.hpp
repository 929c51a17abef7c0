// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file clock.hpp
/// What to add to this rank's MPI_Wtime to read rank 0's.
///
/// MPI_Wtime may start anywhere on any rank (Open MPI's starts when the process does), so all ranks are compared by
/// ping-pongs of least round trip (Cristian, Distributed Computing 3, 1989) along binomial trees: first one rank of
/// each node, then the ranks of a node among themselves (the offset step of HCA; Hunold & Carpen-Amarie, IEEE Cluster
/// 2018). Drift is not followed: over an hour it may reach tens of microseconds between nodes.
#include <mpi.h>

namespace haloscope {

struct ClockOffset {
  double seconds = 0;      ///< add to MPI_Wtime [s]
  double uncertainty = 0;  ///< half of the least round trips along the path to rank 0, a bound [s]; 0 on rank 0
};

/// Collective over @p comm; O(log ranks) rounds of 100 ping-pongs. All zero where MPI says that its clock is global.
/// @throws LibraryError
[[nodiscard]] ClockOffset align_clock(MPI_Comm comm);

/// One tree: aligns @p clock of each rank of @p comm, which must return errors, with rank 0's. Collective.
[[nodiscard]] ClockOffset align_along_tree(MPI_Comm comm, double (*clock)());

}  // namespace haloscope
