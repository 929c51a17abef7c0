// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// What tests in virtual time ask of the logical clock. Their computing is announced, so every time is exact to the
/// picosecond, whatever the machine does.
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "haloscope/border/protocol.hpp"

/// [ps]
using Ticks = std::int64_t;

/// MPI_Wtime is a double: near 1 s it tells picoseconds apart with room to spare.
inline Ticks logical_now() { return std::llround(1e12 * MPI_Wtime()); }

inline void compute_for(Ticks ticks) {
  MPI_Pcontrol(haloscope::pcontrol::announce, 1e-12 * static_cast<double>(ticks));
}

/// What is called inside is MPI's own affair: it takes no logical time.
template <class Call>
void unmodelled(Call call) {
  MPI_Pcontrol(haloscope::pcontrol::pause);
  call();
  MPI_Pcontrol(haloscope::pcontrol::go_on);
}

/// All ranks of @p comm go to one time, a millisecond after the last of them: nothing is on its way any more.
/// Returns it.
inline Ticks meet(MPI_Comm comm = MPI_COMM_WORLD) {
  Ticks mine = logical_now(), last = 0;
  unmodelled([&] { MPI_Allreduce(&mine, &last, 1, MPI_INT64_T, MPI_MAX, comm); });
  const Ticks meeting = last + 1'000'000'000;
  compute_for(meeting - mine);
  return meeting;
}
