// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/phases.hpp"
#include <mpi.h>
namespace haloscope {
std::string_view name(Phase) noexcept { return "x"; }
PhaseClock::PhaseClock() noexcept = default;
void PhaseClock::begin_step() {
  seconds_.fill(0);
  current_ = Phase::other;
  start_ = last_ = MPI_Wtime();
  in_step_ = true;
}
StepTimes PhaseClock::end_step() {
  enter(Phase::other);
  StepTimes t;
  t.start = start_;
  t.seconds = last_ - start_;
  t.phase_seconds = seconds_;
  in_step_ = false;
  return t;
}
Phase PhaseClock::enter(Phase p) noexcept {
  if (!in_step_) return Phase::other;
  double n = MPI_Wtime();
  seconds_[(std::size_t)current_] += n - last_;
  last_ = n;
  Phase o = current_;
  current_ = p;
  return o;
}
}  // namespace haloscope
