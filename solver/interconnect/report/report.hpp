// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file report.hpp
/// What a program that knows nothing of the library gets to see of it: some lines on standard error when MPI ends.
#include <mpi.h>

#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

/// Of this rank, whatever the phase.
struct Totals {
  long long messages = 0, bytes = 0, collectives = 0;
  double point_to_point_seconds = 0, collective_seconds = 0;  ///< [s]
};
[[nodiscard]] Totals totals() noexcept;

/// Prints on rank 0. Collective over @p world, through PMPI: inside a call, all ranks in it.
void report(const Engine& engine, MPI_Comm world);

}  // namespace haloscope::interconnect
