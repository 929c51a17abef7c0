// SPDX-License-Identifier: BSD-3-Clause
// MPI_Pcontrol: how a program names its phases and reads the counters. README.md holds the protocol.
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <utility>

#include "haloscope/border/protocol.hpp"
#include "interconnect/account/counters.hpp"
#include "interconnect/calls/crossing.hpp"
#include "interconnect/report/description.hpp"

using namespace haloscope::interconnect;
namespace pcontrol = haloscope::pcontrol;

namespace {

bool virtual_time() noexcept { return engine() != nullptr && engine()->virtual_time(); }

/// What the phase that ends here took on the ideal clock, and how much of that was computing.
void charge_twin() {
  if (!virtual_time()) return;
  const Time ideal = engine()->clock().now().ideal, compute = engine()->clock().computed();
  state.slot().ideal += ideal - std::exchange(state.ideal_charged, ideal);
  state.slot().compute += compute - std::exchange(state.compute_charged, compute);
}

void read_ideal(std::va_list arguments) {
  const int n = std::clamp(va_arg(arguments, int), 0, max_phases);
  double* const compute_seconds = va_arg(arguments, double*);
  double* const ideal_seconds = va_arg(arguments, double*);
  if (!virtual_time()) return;
  charge_twin();
  for (int p = 0; p < n; ++p) {
    const Counters& counters = state.slots[static_cast<std::size_t>(p + 1)];
    compute_seconds[p] = to_seconds(counters.compute);
    ideal_seconds[p] = to_seconds(counters.ideal);
  }
}

void describe(std::va_list arguments) {
  const int size = va_arg(arguments, int);
  char* const text = va_arg(arguments, char*);
  state.described = true;
  if (size > 0) std::snprintf(text, static_cast<std::size_t>(size), "%s", description().c_str());
}

void read(std::va_list arguments) {
  const int n = std::clamp(va_arg(arguments, int), 0, max_phases);
  double* const point_to_point_seconds = va_arg(arguments, double*);
  double* const collective_seconds = va_arg(arguments, double*);
  long long* const messages = va_arg(arguments, long long*);
  long long* const bytes = va_arg(arguments, long long*);
  long long* const collectives = va_arg(arguments, long long*);
  const double seconds_per_tick = virtual_time() ? 1e-12 : state.stopwatch.seconds_per_tick();
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
  Engine* const here = inside ? nullptr : engine();
  if (here != nullptr) here->enter();
  switch (level) {
    case pcontrol::pause:
      charge_twin();
      state.recording = false;
      if (modelled()) modelled_engine()->pause(true);
      break;
    case pcontrol::go_on:
      state.recording = true;
      if (modelled()) modelled_engine()->pause(false);
      break;
    case pcontrol::phase:
      charge_twin();
      state.phase = va_arg(arguments, int);
      break;
    case pcontrol::read_counters:
      read(arguments);
      break;
    case pcontrol::announce:
      if (here != nullptr) here->clock().announce(from_seconds(va_arg(arguments, double)));
      break;
    case pcontrol::read_twin:
      read_ideal(arguments);
      break;
    case pcontrol::describe:
      describe(arguments);
      break;
    default:
      break;
  }
  if (engine() != nullptr && !inside) engine()->leave();
  va_end(arguments);
  return MPI_SUCCESS;
}
