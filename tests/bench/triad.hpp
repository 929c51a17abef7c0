// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file triad.hpp
/// The triad as a row of every benchmark.
#include <mpi.h>

#include "probe/triad.hpp"

namespace haloscope::bench {

/// Bandwidths of one measurement [B/s]: the median of several sweeps, of rank 0 alone and of all ranks together.
struct TriadBandwidth {
  double one_rank = 0, all_ranks = 0;
};
/// Collective; rank 0 sweeps while the others wait, then all sweep. @throws LibraryError when a sweep is wrong
[[nodiscard]] TriadBandwidth measure_triad(MPI_Comm comm, int mebibytes);

}  // namespace haloscope::bench
