// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/problems/workload.hpp"

using namespace haloscope;

namespace {

int ranks() {
  int n = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &n);
  return n;
}

/// Values of a workload after @p steps steps, in the order of its quantities.
std::vector<double> take(Workload& workload, PhaseClock& clock, int steps) {
  std::vector<double> values;
  for (int step = 0; step < steps; ++step) {
    workload.prepare();
    clock.begin_step();
    workload.step();
    (void)clock.end_step();
    values = workload.outcome();
  }
  return values;
}

double poisson_error(GlobalIndex n, bool periodic, const char* which) {
  Case settings;
  settings.problem = find_problem("poisson");
  settings.cells = {n, n, n};
  settings.periodic = {periodic, periodic, periodic};
  settings.length_m = {1, 2, 0.5};
  PhaseClock clock;
  const auto workload = make_workload(MPI_COMM_WORLD, settings, clock);
  const std::vector<double> values = take(*workload, clock, 2);
  REQUIRE(values.size() == workload->quantities().size());
  CHECK(values[1] <= settings.tolerance);
  CHECK(workload->quantity("iterations_per_solve_max") == values[0]);
  CHECK(std::isnan(workload->quantity("kinetic_energy")));
  return workload->quantity(which);
}

}  // namespace

TEST_CASE("the manufactured solution is met to second order, between walls and around periodic axes") {
  const PetscSession petsc({});
  for (const bool periodic : {false, true})
    for (const char* const norm : {"solution_error_max", "solution_error_l2"}) {
      CAPTURE(periodic, norm);
      const double coarse = poisson_error(16, periodic, norm), fine = poisson_error(32, periodic, norm);
      CHECK(fine < 0.02);
      CHECK(std::log2(coarse / fine) == Approx(2).margin(0.2));
    }
}

TEST_CASE("the bare exchange fills ghosts, and its check notices when they are not") {
  Case settings;
  settings.problem = find_problem("exchange");
  settings.exchange_cells = {1, 3, 8};
  settings.exchange_fields = 2;
  settings.exchange_repeats = 3;
  PhaseClock clock;
  for (const bool periodic : {false, true})
    for (const HaloMethod method :
         {HaloMethod::point_to_point, HaloMethod::persistent, HaloMethod::neighbor_collective, HaloMethod::mock}) {
      CAPTURE(periodic, name(method));
      settings.periodic = {periodic, periodic, periodic};
      settings.halo_method = method;
      const auto workload = make_workload(MPI_COMM_WORLD, settings, clock);
      const std::vector<double> seconds = take(*workload, clock, 2);
      CHECK(workload->quantities() ==
            std::vector<std::string>{"exchange_seconds_1", "exchange_seconds_3", "exchange_seconds_8"});
      for (const double value : seconds) CHECK(value > 0);
      const bool broken = method == HaloMethod::mock && ranks() > 1;
      CHECK((workload->quantity("ghost_errors") > 0) == broken);
      const std::vector<LineProfile> profiles = workload->profiles();
      REQUIRE(profiles.size() == 1);
      CHECK(profiles[0].coordinate == std::vector<double>{2 * 8, 2 * 8 * 9, 2 * 8 * 64});
      CHECK(profiles[0].value.size() == 3);
    }
}
