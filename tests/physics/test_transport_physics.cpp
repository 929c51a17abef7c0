// SPDX-License-Identifier: BSD-3-Clause
// Transport against closed forms, each within four of its own standard errors, which are small enough to tell.
#include <cmath>
#include <numbers>

#include "catch.hpp"
#include "transport_problems.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

constexpr double sigmas = 4;

void check(const TransportRun& run, const std::string& name, double exact, double relative_error) {
  const Estimate e = run.transport.estimate(name);
  CAPTURE(name, exact, e.mean, e.standard_error);
  CHECK(e.standard_error < relative_error * exact);
  CHECK(std::abs(e.mean - exact) < sigmas * e.standard_error);
}

/// Rays along x through a box of cross-section 1 cm².
Case beam(PerAxis<GlobalIndex> cells, double length, std::vector<Material> materials) {
  Case c = transport_case(cells, {length, 1, 1}, std::move(materials));
  c.transport.sources = {{.kind = "west", .direction = {1, 0, 0}, .strength_per_s = 5}};
  return c;
}

Case closed_box(std::vector<Material> materials) {
  Case c = transport_case({6, 5, 4}, {3, 2, 2}, std::move(materials));
  c.transport.boundaries.fill(Boundary::reflecting);
  c.transport.sources = {{.low_cm = {0, 0, 0}, .high_cm = {1, 1, 0.7}, .strength_per_s = 2}};
  return c;
}

}  // namespace

TEST_CASE("rays die out in an absorber as exp(-Σx), in every cell") {
  Case c = beam({8, 2, 3}, 4, {one_group("absorber", 1.1, 0)});
  c.transport.tallies.push_back({.name = "third", .low_cm = {1, 0, 0}, .high_cm = {1.5, 1, 1}});
  for (const Capture capture : {Capture::analog, Capture::implicit}) {
    c.transport.capture = capture;
    const TransportRun run(MPI_COMM_WORLD, c, 30);
    check(run, "leakage_east", 5 * std::exp(-4.4), 0.05);
    check(run, "absorption", 5 * (1 - std::exp(-4.4)), 0.01);
    const double flux = 5 * (std::exp(-1.1) - std::exp(-1.65)) / 1.1 / 0.5;
    check(run, "flux:third", flux, 0.02);
    check(run, "flux_by_collisions:third", flux, 0.02);
    check(run, "absorption:third", flux * 1.1 * 0.5, 0.02);
    CHECK(run.transport.estimate("leakage_west").mean == 0);
    CHECK(run.transport.estimate("leakage_north").mean == 0);
  }
}

TEST_CASE("a slab whose border lies within cells absorbs by its true thickness") {
  Case c = beam({4, 1, 1}, 4, {one_group("absorber", 1.5, 0), one_group("other", 0.2, 0)});
  c.transport.fills = {{.material = "absorber", .low_cm = {0.63, 0, 0}, .high_cm = {2, 1, 1}, .priority = 1},
                       {.material = "other", .low_cm = {2.8, 0, 0}, .high_cm = {3.1, 1, 1}}};
  const TransportRun run(MPI_COMM_WORLD, c, 20);
  check(run, "leakage_east", 5 * std::exp(-1.5 * 1.37 - 0.2 * 0.3), 0.02);
}

TEST_CASE("a ball shades as a ball, whatever the cells") {
  const double sigma = 2, radius = 0.4;
  Case c = beam({7, 7, 7}, 1, {one_group("ball", sigma, 0)});
  c.transport.fills = {{.material = "ball", .shape = "sphere", .center_cm = {0.45, 0.5, 0.52}, .radius_cm = radius}};
  const TransportRun run(MPI_COMM_WORLD, c, 20);
  // Over the disc of the ball's shadow: 2π ∫ t exp(-2Σt) dt, t half a chord.
  const double x = 2 * sigma * radius;
  const double passed = 2 * std::numbers::pi * (1 - (1 + x) * std::exp(-x)) / (4 * sigma * sigma);
  const double shadow = std::numbers::pi * radius * radius - passed;
  check(run, "leakage_east", 5 * (1 - shadow), 0.01);
  check(run, "absorption", 5 * shadow, 0.02);
  check(run, "absorption:all", 5 * shadow, 0.02);
}

TEST_CASE("the flux of an endless medium is source over absorption and volume, however particles are captured") {
  for (const Capture capture : {Capture::analog, Capture::implicit}) {
    for (const Boundary boundary : {Boundary::reflecting, Boundary::periodic}) {
      Case c = closed_box({one_group("medium", 1, 0.7, 0, 0.2)});
      c.transport.capture = capture;
      c.transport.boundaries.fill(boundary);
      const TransportRun run(MPI_COMM_WORLD, c, 20);
      check(run, "flux:all", 2 / 0.3 / 12, 0.01);
      if (capture == Capture::analog) check(run, "flux_by_collisions:all", 2 / 0.3 / 12, 0.01);
      CHECK(run.transport.estimate("leakage").mean == 0);
    }
  }
}

TEST_CASE("secondaries multiply a subcritical source by 1/(1 - k)") {
  Case c = closed_box({one_group("medium", 1, 0.6, 0.2)});
  for (const Capture capture : {Capture::analog, Capture::implicit}) {
    c.transport.capture = capture;
    const TransportRun run(MPI_COMM_WORLD, c, 40);
    check(run, "flux:all", 2 / (0.4 - 0.2) / 12, 0.02);
    check(run, "production:all", 2 * 0.2 / (0.4 - 0.2), 0.02);
    CHECK(run.counts[0].secondaries > 0);
  }
}

TEST_CASE("two groups share the flux of an endless medium as their removal and transfer say") {
  Material m{.name = "medium", .total_per_cm = {0.5, 1.2}, .scattering_per_cm = {0.2, 0.25, 0, 1.0}};
  Case c = closed_box({m});
  c.transport.groups = 2;
  c.transport.tallies = {{.name = "fast", .group = 1}, {.name = "slow", .group = 2}};
  const TransportRun run(MPI_COMM_WORLD, c, 30);
  const double fast = 2 / 0.3 / 12;
  check(run, "flux:fast", fast, 0.01);
  check(run, "flux:slow", fast * 0.25 / 0.2, 0.01);
}

TEST_CASE("k of an endless medium, one group and two") {
  Case one = closed_box({one_group("fuel", 1, 0.7, 0.36)});
  one.transport.mode = TransportMode::eigenvalue;
  one.transport.inactive_steps = 2;
  for (const Capture capture : {Capture::analog, Capture::implicit}) {
    one.transport.capture = capture;
    const TransportRun run(MPI_COMM_WORLD, one, 30);
    check(run, "k_effective", 1.2, 0.01);
    if (capture == Capture::analog) check(run, "k_effective_by_collisions", 1.2, 0.01);
  }
  Material m{.name = "fuel",
             .total_per_cm = {0.6, 1.5},
             .scattering_per_cm = {0.3, 0.2, 0, 1.2},
             .production_per_cm = {0.03, 0.5}};
  Case two = closed_box({m});
  two.transport.groups = 2;
  two.transport.mode = TransportMode::eigenvalue;
  two.transport.inactive_steps = 3;
  two.transport.sources.clear();
  const TransportRun run(MPI_COMM_WORLD, two, 40);
  const double exact = 0.03 / 0.3 + 0.2 / 0.3 * 0.5 / 0.3;  // fast fissions, then those that slow down
  check(run, "k_effective", exact, 0.01);
  check(run, "k_effective_by_collisions", exact, 0.01);
}

TEST_CASE("anisotropic scattering carries collisions forward as its mean cosine says") {
  // The mean of x at collisions, each weighted by what is left of the particle, is 1/(1 - c μ̄) mean free paths from the
  // start: the n-th flight goes on by μ̄ⁿ, and cⁿ of the particles fly it.
  constexpr double c_ratio = 0.8, start = 20;
  for (const double mean_cosine : {-1.0 / 3, 0.0, 0.25}) {
    std::vector<double> means;
    for (int seed = 1; seed <= 12; ++seed) {
      Case c = transport_case({800, 1, 1}, {40, 1, 1}, {one_group("medium", 1, c_ratio, 0, mean_cosine)});
      using enum Boundary;
      c.transport.boundaries = {vacuum, vacuum, periodic, periodic, periodic, periodic};
      c.transport.sources = {
          {.low_cm = {start - 0.025, 0, 0}, .high_cm = {start + 0.025, 1, 1}, .direction = {1, 0, 0}}};
      c.seed = seed;
      const TransportRun run(MPI_COMM_SELF, c, 1);
      const std::vector<double> flux = run.transport.cell_flux(0);
      double sum = 0, moment = 0;
      for (std::size_t i = 0; i < flux.size(); ++i) {
        sum += flux[i];
        moment += flux[i] * ((static_cast<double>(i) + 0.5) * 0.05 - start);
      }
      means.push_back(moment / sum);
    }
    double mean = 0, squares = 0;
    for (const double m : means) mean += m / 12;
    for (const double m : means) squares += (m - mean) * (m - mean);
    const double error = std::sqrt(squares / 11 / 12);
    CAPTURE(mean_cosine, mean, error);
    CHECK(error < 0.02);
    CHECK(std::abs(mean - 1 / (1 - c_ratio * mean_cosine)) < sigmas * error);
  }
}

TEST_CASE("a supercritical source is stopped with a word, everywhere") {
  Case c = closed_box({one_group("bomb", 1, 0.5, 0.6)});
  for (const double limit : {20.0, 1e9}) {  // by the number of descendants, by those that wait
    c.transport.population_limit = limit;
    c.transport.in_flight = limit < 100 ? 100 : 3000;
    const TransportRun run(MPI_COMM_WORLD, c, 3);
    CHECK(run.counts.size() == 1);
    CHECK(run.transport.stopped().find("the source is supercritical: in step 1 its 2000 particles had") == 0);
    CHECK(std::isnan(run.transport.estimate("flux:all").mean));
  }
}

TEST_CASE("a particle that can never end is lost, counted and shown") {
  Case c = transport_case({1, 1, 2}, {1, 1, 1}, {one_group("unused", 1, 0)});
  c.transport.fills.clear();
  c.transport.boundaries.fill(Boundary::reflecting);
  c.transport.particles = 3;
  const TransportRun run(MPI_COMM_SELF, c, 1);
  CHECK(run.counts[0].lost == 3);
  CHECK(run.transport.estimate("lost_particles").mean == 3);
  CHECK(run.transport.lost_positions().find("), (") != std::string::npos);
  CHECK(run.transport.estimate("balance_error").mean < 1e-12);
}
