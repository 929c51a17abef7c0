// SPDX-License-Identifier: BSD-3-Clause
// MPI_Pcontrol: how a program names its phases and reads the counters. README.md holds the protocol.
#include <algorithm>
#include <cstdarg>

#include "border.hpp"
#include "counters.hpp"

using namespace haloscope::interconnect;

namespace {

constexpr int stop = 0, go_on = 1, set_phase = 1000, read_counters = 1001;

void read(std::va_list arguments) {
  const int n = std::clamp(va_arg(arguments, int), 0, max_phases);
  double* const point_to_point_seconds = va_arg(arguments, double*);
  double* const collective_seconds = va_arg(arguments, double*);
  long long* const messages = va_arg(arguments, long long*);
  long long* const bytes = va_arg(arguments, long long*);
  long long* const collectives = va_arg(arguments, long long*);
  const double seconds_per_tick = state.stopwatch.seconds_per_tick();
  for (int p = 0; p < n; ++p) {
    Counters& counters = state.slots[static_cast<std::size_t>(p + 1)];
    counters.settle(seconds_per_tick);
    point_to_point_seconds[p] = counters.point_to_point_seconds;
    collective_seconds[p] = counters.collective_seconds;
    messages[p] = counters.messages;
    bytes[p] = counters.bytes;
    collectives[p] = counters.collectives;
  }
}

}  // namespace

/// Not handed on: a plain MPI ignores every level.
HALOSCOPE_MPI MPI_Pcontrol(const int level, ...) {
  const Lock lock;
  std::va_list arguments;
  va_start(arguments, level);
  switch (level) {
    case stop:
      state.recording = false;
      break;
    case go_on:
      state.recording = true;
      break;
    case set_phase:
      state.phase = va_arg(arguments, int);
      break;
    case read_counters:
      read(arguments);
      break;
    default:
      break;
  }
  va_end(arguments);
  return MPI_SUCCESS;
}
