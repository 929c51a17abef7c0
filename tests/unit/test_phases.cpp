// SPDX-License-Identifier: BSD-3-Clause
// Phases are exclusive and sum to the step. This binary redefines the clock and MPI_Pcontrol, so that the sums are
// exact and the protocol of solver/interconnect/README.md is seen from the other side.
#include <mpi.h>

#include <cmath>
#include <cstdarg>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "haloscope/border/protocol.hpp"
#include "haloscope/timing/phases.hpp"

using namespace haloscope;

namespace {

double now = 0;
bool library_listens = false;
std::vector<int> announced;
std::vector<int> pauses;  // levels 0 and 1
double ideal = 0;         // what the ideal clock has come to, in every phase
bool virtual_time = false;
long long sent = 0;  // what the listening library has counted, in every phase

double of(const PerPhase<double>& seconds, Phase phase) { return seconds[static_cast<std::size_t>(phase)]; }

}  // namespace

extern "C" double MPI_Wtime() { return now; }

extern "C" int MPI_Pcontrol(const int level, ...) {
  std::va_list arguments;
  va_start(arguments, level);
  if (level == pcontrol::pause || level == pcontrol::go_on) pauses.push_back(level);
  if (level == pcontrol::read_twin && virtual_time) {
    const int n = va_arg(arguments, int);
    double* const compute = va_arg(arguments, double*);
    double* const on_ideal = va_arg(arguments, double*);
    for (int p = 0; p < n; ++p) {
      compute[p] = 0.5 * ideal;
      on_ideal[p] = ideal + p;
    }
  }
  if (level == pcontrol::phase) announced.push_back(va_arg(arguments, int));
  if (level == pcontrol::read_counters && library_listens) {
    const int n = va_arg(arguments, int);
    double* const point_to_point = va_arg(arguments, double*);
    double* const collective = va_arg(arguments, double*);
    long long* const messages = va_arg(arguments, long long*);
    long long* const bytes = va_arg(arguments, long long*);
    long long* const collectives = va_arg(arguments, long long*);
    for (int p = 0; p < n; ++p) {
      point_to_point[p] = 0.25 * static_cast<double>(sent);
      collective[p] = 0.5 * static_cast<double>(sent);
      messages[p] = sent + p;
      bytes[p] = 8 * sent;
      collectives[p] = 2 * sent;
    }
  }
  va_end(arguments);
  return MPI_SUCCESS;
}

TEST_CASE("nested phases are exclusive and sum to the step") {
  PhaseClock clock;
  now = 100;
  clock.begin_step();
  now += 1;  // other
  {
    const ScopedPhase momentum(clock, Phase::momentum);
    now += 2;
    {
      const ScopedPhase halo(clock, Phase::halo);
      now += 4;
      const ScopedPhase again(clock, Phase::halo);
      now += 8;
    }
    now += 16;
  }
  now += 32;  // other
  const StepTimes step = clock.end_step();
  CHECK(step.start == 100);
  CHECK(step.seconds == 63);
  CHECK(of(step.phase_seconds, Phase::other) == 33);
  CHECK(of(step.phase_seconds, Phase::momentum) == 18);
  CHECK(of(step.phase_seconds, Phase::halo) == 12);
  CHECK(std::accumulate(step.phase_seconds.begin(), step.phase_seconds.end(), 0.0) == step.seconds);
}

TEST_CASE("a phase outside a step does nothing, and no step inherits from the last") {
  PhaseClock clock;
  now = 0;
  announced.clear();
  {
    const ScopedPhase early(clock, Phase::krylov);
    now += 5;
  }
  CHECK(announced.empty());
  for (int step = 0; step < 2; ++step) {
    clock.begin_step();
    {
      const ScopedPhase krylov(clock, Phase::krylov);
      now += 3;
    }
    const StepTimes times = clock.end_step();
    CHECK(times.seconds == 3);
    CHECK(of(times.phase_seconds, Phase::krylov) == 3);
    CHECK(of(times.phase_seconds, Phase::other) == 0);
  }
}

TEST_CASE("an exception leaves the phases in order") {
  PhaseClock clock;
  now = 0;
  clock.begin_step();
  try {
    const ScopedPhase coarse(clock, Phase::coarse);
    now += 1;
    throw std::runtime_error("planted");
  } catch (const std::runtime_error&) {
  }
  now += 2;
  const StepTimes step = clock.end_step();
  CHECK(of(step.phase_seconds, Phase::coarse) == 1);
  CHECK(of(step.phase_seconds, Phase::other) == 2);
}

TEST_CASE("the phases are announced in the order they are entered, and the end of the step as outside") {
  PhaseClock clock;
  announced.clear();
  clock.begin_step();
  {
    const ScopedPhase smoother(clock, Phase::smoother);
    const ScopedPhase halo(clock, Phase::halo);
  }
  (void)clock.end_step();
  const int other = static_cast<int>(Phase::other), smoother = static_cast<int>(Phase::smoother);
  CHECK(announced == std::vector<int>{other, smoother, static_cast<int>(Phase::halo), smoother, other, -1});
}

TEST_CASE("without the interconnect library the MPI part of a phase is unknown") {
  PhaseClock clock;
  library_listens = false;
  clock.begin_step();
  const StepTimes step = clock.end_step();
  for (std::size_t p = 0; p < n_phases; ++p) {
    CHECK(std::isnan(step.point_to_point_seconds[p]));
    CHECK(std::isnan(step.collective_seconds[p]));
    CHECK(std::isnan(step.compute_seconds[p]));
    CHECK(std::isnan(step.ideal_seconds[p]));
    CHECK(step.messages[p] == -1);
    CHECK(step.bytes[p] == -1);
    CHECK(step.collectives[p] == -1);
  }
}

TEST_CASE("with it the MPI part is what was counted during the step") {
  PhaseClock clock;
  library_listens = true;
  sent = 7;
  clock.begin_step();
  sent = 10;
  const StepTimes step = clock.end_step();
  for (std::size_t p = 0; p < n_phases; ++p) {
    CHECK(step.point_to_point_seconds[p] == 0.75);
    CHECK(step.collective_seconds[p] == 1.5);
    CHECK(step.messages[p] == 3);
    CHECK(step.bytes[p] == 24);
    CHECK(step.collectives[p] == 6);
  }
}

TEST_CASE("on a virtual clock the twin's time is that of the step") {
  PhaseClock clock;
  virtual_time = true;
  ideal = 3;
  clock.begin_step();
  ideal = 7;
  const StepTimes step = clock.end_step();
  virtual_time = false;
  for (std::size_t p = 0; p < n_phases; ++p) {
    CHECK(step.compute_seconds[p] == 2);
    CHECK(step.ideal_seconds[p] == 4);
  }
}

TEST_CASE("the model goes on for a step and pauses after it") {
  PhaseClock clock;
  pauses.clear();
  for (int step = 0; step < 2; ++step) {
    clock.begin_step();
    CHECK(pauses.back() == 1);
    (void)clock.end_step();
  }
  CHECK(pauses == std::vector<int>{1, 0, 1, 0});
}

TEST_CASE("work is told to who listens, with its phase, and only in a step") {
  struct Heard final : WorkListener {
    std::vector<std::pair<Phase, double>> all, ended;
    void work(Phase phase, double bytes) override { all.emplace_back(phase, bytes); }
    void worked(Phase phase, double bytes) override { ended.emplace_back(phase, bytes); }
  } heard;
  PhaseClock clock;
  clock.work(1);  // nobody listens
  clock.listen(&heard);
  clock.work(2);  // outside a step
  clock.begin_step();
  {
    const ScopedPhase momentum(clock, Phase::momentum);
    clock.work(3);
  }
  {
    const ScopedPhase track(clock, Phase::track);
    clock.worked(4);
  }
  (void)clock.end_step();
  clock.worked(5);
  CHECK(heard.ended == std::vector<std::pair<Phase, double>>{{Phase::track, 4}});
  CHECK(heard.all == std::vector<std::pair<Phase, double>>{{Phase::other, 0}, {Phase::momentum, 3}});
}

TEST_CASE("every phase has a name of its own") {
  for (int p = 0; p < n_phases; ++p)
    for (int q = 0; q < n_phases; ++q) CHECK((name(static_cast<Phase>(p)) == name(static_cast<Phase>(q))) == (p == q));
  CHECK(name(static_cast<Phase>(n_phases)) == "unknown");
}
