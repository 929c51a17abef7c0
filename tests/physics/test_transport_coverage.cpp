// SPDX-License-Identifier: BSD-3-Clause
// What a transport run says of its own error is true: of many seeds, as many hold the exact value within one, two and
// three standard errors as should.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/transport/transport.hpp"

using namespace haloscope;

namespace {

constexpr int seeds = 500;

/// How many seeds hold @p exact within 1, 2 and 3 standard errors, and where all lie together.
struct Coverage {
  int within[3] = {0, 0, 0};
  double sum = 0, error = 0;  ///< of means minus exact; largest is that of the mean of all

  void add(const Estimate& found, double exact) {
    REQUIRE(found.standard_error > 0);
    const double distance = std::abs(found.mean - exact) / found.standard_error;
    for (int sigmas = 1; sigmas <= 3; ++sigmas) within[sigmas - 1] += distance <= sigmas ? 1 : 0;
    sum += found.mean - exact;
    error += found.standard_error * found.standard_error;
  }
  /// Of n batches the distance is distributed as Student's t with n - 1 degrees of freedom: for 20 batches 0.670, 0.940
  /// and 0.9926 lie within 1, 2 and 3. The bounds are four standard deviations of so many seeds wide where that is
  /// more.
  void check(const std::string& name) const {
    const double one = within[0] / double(seeds), two = within[1] / double(seeds), three = within[2] / double(seeds);
    fmt::print("{}: {} seeds: {:.3f} within 1, {:.3f} within 2, {:.3f} within 3; all together {:+.2f} sigmas off\n",
               name, seeds, one, two, three, sum / std::sqrt(error));
    CHECK(one > 0.63);
    CHECK(one < 0.73);
    CHECK(two > 0.90);
    CHECK(two < 0.985);
    CHECK(three > 0.975);
    CHECK(std::abs(sum) < 4 * std::sqrt(error));
  }
};

PerAxis<bool> periodic_axes(const TransportCase& settings) {
  PerAxis<bool> periodic{};
  for (std::size_t a = 0; a < 3; ++a) periodic[a] = settings.boundaries[2 * a] == Boundary::periodic;
  return periodic;
}

/// One seed's run of @p text, on this rank alone.
class Trial {
 public:
  Trial(const std::string& text, int seed)
      : settings_(parse_case(text, "test.toml", {fmt::format("run.seed={}", seed)})),
        where_(MPI_COMM_SELF, settings_.cells, periodic_axes(settings_.transport), settings_.process_grid),
        transport_(where_, settings_, clock_) {
    for (std::int64_t step = 0; step < settings_.steps; ++step) transport_.step();
  }
  [[nodiscard]] Estimate estimate(const std::string& name) const { return transport_.estimate(name); }

 private:
  Case settings_;
  Decomposition where_;
  PhaseClock clock_;
  Transport transport_;
};

// A wall of 1 mean free path that scatters and multiplies, lit all over: mirrors around, so that flux is 1 / (0.5 -
// 0.2).
const std::string closed = R"(
[about]
name = "closed"
problem = "transport"
[grid]
cells = [2, 2, 2]
[transport]
length_cm = [2.0, 2.0, 2.0]
particles = 50
[boundaries]
west = "reflecting"
east = "reflecting"
south = "periodic"
north = "periodic"
below = "reflecting"
above = "reflecting"
[[material]]
name = "medium"
total_per_cm = [1.0]
scattering_per_cm = [0.5]
production_per_cm = [0.2]
[[fill]]
material = "medium"
[[source]]
strength_per_s = 8.0
[[tally]]
name = "all"
[[tally]]
name = "corner"
high_cm = [1.0, 1.0, 1.0]
low_cm = [0.0, 0.0, 0.0]
[run]
steps = 20
)";

const std::string plutonium = R"([[material]]
name = "plutonium_a"
total_per_cm = [0.3264]
scattering_per_cm = [0.225216]
production_per_cm = [0.264384]
[[fill]]
material = "plutonium_a"
[[source]]
)";

// Infinite plutonium (a) of cases/transport_slab.toml, two of three neutrons of which are born by fission: k
// = 2.612903.
const std::string multiplying = R"(
[about]
name = "multiplying"
problem = "transport"
[grid]
cells = [2, 2, 2]
[transport]
mode = "eigenvalue"
length_cm = [4.0, 4.0, 4.0]
particles = 100
inactive_steps = 5
[boundaries]
west = "reflecting"
east = "reflecting"
south = "periodic"
north = "periodic"
below = "reflecting"
above = "reflecting"
)" + plutonium + R"([run]
steps = 25
)";

// The critical slab of cases/transport_slab.toml.
const std::string slab = R"(
[about]
name = "slab"
problem = "transport"
[grid]
cells = [4, 1, 1]
[transport]
mode = "eigenvalue"
length_cm = [3.707444, 1.0, 1.0]
particles = 400
inactive_steps = 10
[boundaries]
south = "periodic"
north = "periodic"
below = "periodic"
above = "periodic"
)" + plutonium + R"([run]
steps = 30
)";

}  // namespace

TEST_CASE("the standard error of a fixed source is as large as the error") {
  Coverage flux, collisions, corner, absorption;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Trial trial(closed, seed);
    flux.add(trial.estimate("flux:all"), 1 / 0.3);
    collisions.add(trial.estimate("flux_by_collisions:all"), 1 / 0.3);
    corner.add(trial.estimate("flux:corner"), 1 / 0.3);
    absorption.add(trial.estimate("absorption"), 8 * 0.5 / 0.3);
  }
  flux.check("flux");
  collisions.check("flux by collisions");
  corner.check("flux in a corner");
  absorption.check("absorption");
}

TEST_CASE("the standard error of an eigenvalue is as large as the error") {
  Coverage infinite, critical;
  for (int seed = 1; seed <= seeds; ++seed) {
    infinite.add(Trial(multiplying, seed).estimate("k_effective"), 0.264384 / 0.101184);
    critical.add(Trial(slab, seed).estimate("k_effective"), 1);
  }
  infinite.check("k of the infinite medium");
  critical.check("k of the slab");
}
