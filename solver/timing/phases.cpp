// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/timing/phases.hpp"

#include <mpi.h>

#include <limits>
#include <utility>

#include "haloscope/border/protocol.hpp"

namespace haloscope {

namespace {

void announce(int phase) noexcept { MPI_Pcontrol(pcontrol::phase, phase); }

static_assert(sizeof(std::int64_t) == sizeof(long long));

/// The counters since MPI_Init; NaN and -1 where no library listens.
void read_counters(StepTimes& to) noexcept {
  PerPhase<long long> messages, bytes, collectives;
  for (auto* counts : {&messages, &bytes, &collectives}) counts->fill(-1);
  for (auto* seconds : {&to.point_to_point_seconds, &to.collective_seconds, &to.compute_seconds, &to.ideal_seconds})
    seconds->fill(std::numeric_limits<double>::quiet_NaN());
  MPI_Pcontrol(pcontrol::read_counters, n_phases, to.point_to_point_seconds.data(), to.collective_seconds.data(),
               messages.data(), bytes.data(), collectives.data());
  MPI_Pcontrol(pcontrol::read_twin, n_phases, to.compute_seconds.data(), to.ideal_seconds.data());
  for (std::size_t p = 0; p < n_phases; ++p) {
    to.messages[p] = messages[p];
    to.bytes[p] = bytes[p];
    to.collectives[p] = collectives[p];
  }
}

/// Keeps what is not known in both: NaN stays by arithmetic, -1 by this.
void subtract(PerPhase<std::int64_t>& counts, const PerPhase<std::int64_t>& before) noexcept {
  for (std::size_t p = 0; p < n_phases; ++p)
    if (counts[p] >= 0) counts[p] -= before[p];
}

}  // namespace

std::string_view name(Phase phase) noexcept {
  switch (phase) {
    case Phase::other:
      return "other";
    case Phase::halo:
      return "halo";
    case Phase::momentum:
      return "momentum";
    case Phase::projection:
      return "projection";
    case Phase::krylov:
      return "krylov";
    case Phase::stencil:
      return "stencil";
    case Phase::smoother:
      return "smoother";
    case Phase::coarse:
      return "coarse";
    case Phase::monitor:
      return "monitor";
    case Phase::track:
      return "track";
    case Phase::migrate:
      return "migrate";
    case Phase::price:
      return "price";
    case Phase::burst:
      return "burst";
    case Phase::wait:
      return "wait";
    case Phase::reduce:
      return "reduce";
  }
  return "unknown";
}

// Nothing to announce: the interconnect library starts outside every phase, and before MPI_Init no MPI call is allowed.
PhaseClock::PhaseClock() noexcept = default;

void PhaseClock::pause() noexcept { MPI_Pcontrol(pcontrol::pause); }
void PhaseClock::go_on() noexcept { MPI_Pcontrol(pcontrol::go_on); }

void PhaseClock::begin_step() {
  go_on();
  read_counters(before_);
  seconds_.fill(0);
  current_ = Phase::other;
  in_step_ = true;
  announce(static_cast<int>(current_));
  start_ = last_ = MPI_Wtime();
  work(0);
}

StepTimes PhaseClock::end_step() {
  const double now = MPI_Wtime();
  announce(pcontrol::outside);
  in_step_ = false;
  seconds_[static_cast<std::size_t>(current_)] += now - last_;
  StepTimes step;
  step.start = start_;
  step.seconds = now - start_;
  step.phase_seconds = seconds_;
  read_counters(step);
  pause();
  for (std::size_t p = 0; p < n_phases; ++p) {
    step.point_to_point_seconds[p] -= before_.point_to_point_seconds[p];
    step.collective_seconds[p] -= before_.collective_seconds[p];
    step.compute_seconds[p] -= before_.compute_seconds[p];
    step.ideal_seconds[p] -= before_.ideal_seconds[p];
  }
  subtract(step.messages, before_.messages);
  subtract(step.bytes, before_.bytes);
  subtract(step.collectives, before_.collectives);
  return step;
}

Phase PhaseClock::enter(Phase phase) noexcept {
  if (!in_step_ || phase == current_) return current_;
  const double now = MPI_Wtime();
  seconds_[static_cast<std::size_t>(current_)] += now - last_;
  last_ = now;
  announce(static_cast<int>(phase));
  return std::exchange(current_, phase);
}

}  // namespace haloscope
