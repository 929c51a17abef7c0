// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file clock.hpp
/// What to add to this rank's MPI_Wtime to read rank 0's: ranks of one node share a clock, nodes are compared by
/// ping-pongs of least round trip along a binomial tree (the offset step of HCA; Hunold & Carpen-Amarie, IEEE Cluster
/// 2018). Drift is not followed: over an hour it may reach tens of microseconds between nodes.
#include <mpi.h>

namespace haloscope {

struct ClockOffset {
  double seconds = 0;      ///< add to MPI_Wtime [s]
  double uncertainty = 0;  ///< half of the least round trips along the path to rank 0 [s]; 0 on rank 0's node
};

/// Collective over @p comm; O(log nodes) rounds of 100 ping-pongs. @throws LibraryError
[[nodiscard]] ClockOffset align_clock(MPI_Comm comm);

}  // namespace haloscope
