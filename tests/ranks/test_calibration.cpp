// SPDX-License-Identifier: BSD-3-Clause
// A calibration finds the costs that were planted. This binary redefines MPI_Pcontrol: it plays the interconnect
// library, whose clock computes exactly what each piece is said to cost.
#include "haloscope/timing/calibration.hpp"

#include <cstdarg>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/border/protocol.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

PerPhase<double> computed{};  ///< since the start, by phase [s]

void compute(Phase phase, double seconds) { computed[static_cast<std::size_t>(phase)] += seconds; }

/// As PhaseClock's at the end of a step that began at @p before.
StepTimes step_since(const PerPhase<double>& before) {
  StepTimes times;
  for (std::size_t p = 0; p < n_phases; ++p) times.compute_seconds[p] = computed[p] - before[p];
  return times;
}

}  // namespace

extern "C" int MPI_Pcontrol(const int level, ...) {
  std::va_list arguments;
  va_start(arguments, level);
  if (level == pcontrol::read_twin) {
    const int n = va_arg(arguments, int);
    double* const compute_seconds = va_arg(arguments, double*);
    for (int p = 0; p < n; ++p) compute_seconds[p] = computed[static_cast<std::size_t>(p)];
  }
  va_end(arguments);
  return MPI_SUCCESS;
}

TEST_CASE("the line through pieces of work is found, and has no negative part") {
  CostSums exact;
  for (const double bytes : {0.0, 1e3, 1e4, 1e6}) exact.add(bytes, 2e-6 + 1e-10 * bytes, 7);
  CHECK(fit(exact).per_call == Approx(2e-6));
  CHECK(fit(exact).per_byte == Approx(1e-10));
  CostSums one_size;
  one_size.add(1e4, 3e-6, 5);
  CHECK(fit(one_size).per_call == 0);
  CHECK(fit(one_size).per_byte == Approx(3e-10));
  CostSums no_bytes;
  no_bytes.add(0, 3e-6, 5);
  CHECK(fit(no_bytes).per_call == Approx(3e-6));
  CHECK(fit(no_bytes).per_byte == 0);
  CostSums faster_when_longer;
  faster_when_longer.add(1e3, 3e-6, 5);
  faster_when_longer.add(1e4, 2e-6, 5);
  CHECK(fit(faster_when_longer).per_byte >= 0);
  CHECK(fit(faster_when_longer).per_call >= 0);
}

TEST_CASE("planted costs are found again, on any number of ranks, interruptions left out") {
  computed = {};
  Calibration calibration;
  const double planted_call = 3e-7, planted_rate = 5e-11;
  const auto rank = static_cast<double>(rank_of_world());
  for (int step = 0; step < 12; ++step) {
    const PerPhase<double> before = computed;
    const bool warmup = step < 2;
    for (int p = 0; p < n_phases; ++p) {
      const auto phase = static_cast<Phase>(p);
      for (const double bytes : {512.0, 8192.0 * (1 + rank), 1e6}) {
        calibration.work(phase, bytes);
        compute(phase, (warmup ? 100 : 1) * (planted_call + planted_rate * bytes));
      }
    }
    calibration.end_step(step_since(before), warmup);
  }
  const ComputeModel model =
      parse_compute_model(calibration.model(MPI_COMM_WORLD, {{"name", "planted \"one\""}}, {}), "m");
  CHECK(model.name == "planted \"one\"");
  for (const ComputeCost& cost : model.cost)
    for (const double bytes : {0.0, 512.0, 8192.0, 1e6})
      CHECK(cost.seconds(bytes) == Approx(planted_call + planted_rate * bytes).epsilon(1e-3));
}

TEST_CASE("pieces whose size is known when they end are found as well, next to the others") {
  computed = {};
  Calibration calibration;
  for (int step = 0; step < 6; ++step) {
    const PerPhase<double> before = computed;
    const bool warmup = step < 1;
    calibration.work(Phase::other, 0);
    compute(Phase::other, 1e-6);
    for (const double bytes : {1e4, 4e4, 1e6}) {
      compute(Phase::track, (warmup ? 100 : 1) * (2e-6 + 1e-10 * bytes));
      calibration.worked(Phase::track, bytes);
    }
    calibration.end_step(step_since(before), warmup);
  }
  const ComputeModel model =
      parse_compute_model(calibration.model(MPI_COMM_WORLD, {{"name", "m"}}, {Phase::track, Phase::other}), "m");
  const ComputeCost& track = model.cost[static_cast<std::size_t>(Phase::track)];
  for (const double bytes : {0.0, 1e4, 4e4, 1e6}) CHECK(track.seconds(bytes) == Approx(2e-6 + 1e-10 * bytes));
  CHECK(model.cost[0].seconds(0) == Approx(1e-6));
  CHECK(model.cost[static_cast<std::size_t>(Phase::halo)].bytes.empty());  // where nothing was computed

  calibration.work(Phase::track, 8);
  CHECK_THROWS_AS(calibration.worked(Phase::track, 8), LibraryError);
}

TEST_CASE("what no piece claims, and rare slow pieces, are not lost: they make all of the phase dearer") {
  computed = {};
  Calibration calibration;
  double total = 0, modelled = 0;
  for (int step = 0; step < 10; ++step) {
    const PerPhase<double> before = computed;
    for (int p = 0; p < n_phases; ++p) {
      const auto phase = static_cast<Phase>(p);
      const double slow = step == 4 ? 50e-6 : 0;
      compute(phase, 1e-6);  // before the first piece
      calibration.work(phase, 1e4);
      compute(phase, 4e-6 + slow);
      total += phase == Phase::halo ? 5e-6 + slow : 0;
    }
    calibration.end_step(step_since(before), false);
  }
  const ComputeModel model = parse_compute_model(calibration.model(MPI_COMM_WORLD, {{"name", "m"}}, {}), "m");
  for (int step = 0; step < 10; ++step) modelled += model.cost[static_cast<std::size_t>(Phase::halo)].seconds(1e4);
  CHECK(modelled == Approx(total).epsilon(1e-3));
}

TEST_CASE("a phase that no rank computes in is a mistake of the case") {
  computed = {};
  Calibration calibration;
  const PerPhase<double> before = computed;
  for (int p = 0; p < n_phases; ++p)
    if (p != static_cast<int>(Phase::coarse)) calibration.work(static_cast<Phase>(p), 8);
  calibration.end_step(step_since(before), false);
  std::string message;
  try {
    (void)calibration.model(MPI_COMM_WORLD, {}, {Phase::halo, Phase::coarse});
  } catch (const UserError& error) {
    message = error.what();
  }
  CHECK(message.find("--calibrate: no rank computes in phase coarse") == 0);
}
