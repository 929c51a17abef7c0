// SPDX-License-Identifier: BSD-3-Clause
// The option case prices the same paths on any number of ranks, with one reduction a step, and knows its error.
#include <mpi.h>

#include <cmath>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/problems/workload.hpp"
#include "problems/option_price.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

int reductions = 0;

Case pricing(std::int64_t paths) {
  Case settings;
  settings.problem = find_problem("option");
  settings.seed = 4;
  settings.own.of<OptionCase>().paths = paths;
  return settings;
}

std::vector<double> take_step(Workload& workload, PhaseClock& clock) {
  workload.prepare();
  clock.begin_step();
  reductions = 0;
  workload.step();
  CHECK(reductions == 1);
  const StepTimes times = clock.end_step();
  CHECK(times.phase_seconds[static_cast<std::size_t>(Phase::reduce)] > 0);
  return workload.outcome();
}

/// E of the square of a European payoff, discounted: of the lognormal S, E S² and E S above the strike.
double mean_square(const OptionCase& o) {
  const double v = o.volatility * o.volatility * o.maturity_years, s = std::sqrt(v);
  const double mean = std::log(o.spot) + o.rate_per_year * o.maturity_years - v / 2,
               d = (mean - std::log(o.strike)) / s;
  const auto below = [](double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; };
  return std::exp(-2 * o.rate_per_year * o.maturity_years) *
         (std::exp(2 * mean + 2 * v) * below(d + 2 * s) - 2 * o.strike * std::exp(mean + v / 2) * below(d + s) +
          o.strike * o.strike * below(d));
}

}  // namespace

extern "C" int MPI_Allreduce(const void* sent, void* received, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  ++reductions;
  return PMPI_Allreduce(sent, received, count, type, op, comm);
}

TEST_CASE("all ranks together price what one alone prices: paths in the money to the bit, sums to rounding") {
  for (const std::int64_t paths : {1, 5, 1000, 4099}) {
    CAPTURE(paths);
    const Case settings = pricing(paths);
    PhaseClock clock;
    const auto together = make_workload(MPI_COMM_WORLD, settings, clock);
    const auto alone = make_workload(MPI_COMM_SELF, settings, clock);
    for (int step = 0; step < 3; ++step) {
      const std::vector<double> all = take_step(*together, clock), one = take_step(*alone, clock);
      REQUIRE(all.size() == together->quantities().size());
      REQUIRE(all.size() == 6);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(all[i] == Approx(one[i]).epsilon(1e-12).margin(1e-12));
        CHECK(all[i + 3] == one[i + 3]);
        CHECK(all[i + 3] <= static_cast<double>(paths));
      }
    }
  }
}

TEST_CASE("prices are means over all steps, with their standard error") {
  constexpr int steps = 4;
  const Case settings = pricing(20000);
  PhaseClock clock;
  const auto workload = make_workload(MPI_COMM_WORLD, settings, clock);
  double sum = 0;
  for (int step = 0; step < steps; ++step) sum += take_step(*workload, clock)[0];
  CHECK(workload->quantities()[0] == "european_price");
  CHECK(workload->quantity("european_price") == Approx(sum / steps).epsilon(1e-12));

  const double exact = european_price(settings.own.of<OptionCase>());
  const double error = std::sqrt((mean_square(settings.own.of<OptionCase>()) - exact * exact) / (20000 * steps));
  CHECK(workload->standard_error("european_price") == Approx(error).epsilon(0.03));
  CHECK(std::abs(workload->quantity("european_price") - exact) < 4 * error);
  CHECK(std::abs(workload->quantity("asian_geometric_price") - asian_geometric_price(settings.own.of<OptionCase>())) <
        4 * workload->standard_error("asian_geometric_price"));
  CHECK(workload->quantity("asian_price") > workload->quantity("asian_geometric_price"));
  CHECK(std::isnan(workload->quantity("kinetic_energy")));
  CHECK(std::isnan(workload->standard_error("kinetic_energy")));
}

TEST_CASE("an option whose prices no double holds is refused") {
  Case settings = pricing(100);
  settings.file = "wild.toml";
  settings.own.of<OptionCase>().volatility = 20;
  PhaseClock clock;
  CHECK_THROWS_WITH(make_workload(MPI_COMM_WORLD, settings, clock),
                    "wild.toml:option.volatility: 20: with 1 years and 12 dates no double holds the prices");
  settings.own.of<OptionCase>().volatility = 2;
  CHECK_NOTHROW(make_workload(MPI_COMM_WORLD, settings, clock));
}
