// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The counters of one phase, read as any program may: by MPI_Pcontrol (solver/interconnect/README.md).
#include <mpi.h>

#include <array>

#include "haloscope/border/protocol.hpp"

struct Counts {
  double point_to_point_seconds = 0, collective_seconds = 0;
  long long messages = 0, bytes = 0, collectives = 0;
};

inline constexpr int all_phases = 32;

/// Since MPI_Init; all zero and messages -1 where no library listens.
inline Counts read_counts(int phase) {
  std::array<double, all_phases> point_to_point{}, collective{};
  std::array<long long, all_phases> messages{}, bytes{}, collectives{};
  messages.fill(-1);
  MPI_Pcontrol(haloscope::pcontrol::read_counters, all_phases, point_to_point.data(), collective.data(),
               messages.data(), bytes.data(), collectives.data());
  const auto p = static_cast<std::size_t>(phase);
  return {point_to_point[p], collective[p], messages[p], bytes[p], collectives[p]};
}

/// What @p work adds to the counters of @p phase, run inside it.
template <class Work>
Counts counts_of(Work work, int phase = 3) {
  const Counts before = read_counts(phase);
  MPI_Pcontrol(haloscope::pcontrol::phase, phase);
  work();
  MPI_Pcontrol(haloscope::pcontrol::phase, haloscope::pcontrol::outside);
  const Counts after = read_counts(phase);
  return {after.point_to_point_seconds - before.point_to_point_seconds,
          after.collective_seconds - before.collective_seconds, after.messages - before.messages,
          after.bytes - before.bytes, after.collectives - before.collectives};
}
