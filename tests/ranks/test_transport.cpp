// SPDX-License-Identifier: BSD-3-Clause
// The same histories on any number of ranks: every case is run on all ranks together and by each rank alone; whole
// numbers, the fingerprint of all histories among them, must be equal, real tallies equal to rounding.
#include "catch.hpp"
#include "transport_problems.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

constexpr int steps = 3;
/// Sums of up to some 10⁵ terms in another order.
constexpr double rounding = 1e-11;

void check_same(const Case& settings, const std::vector<std::string>& names) {
  TransportRun together(MPI_COMM_WORLD, settings, steps), alone(MPI_COMM_SELF, settings, steps);
  REQUIRE(together.counts.size() == steps);
  for (int step = 0; step < steps; ++step) {
    const TransportCounts &a = together.counts[static_cast<std::size_t>(step)],
                          &b = alone.counts[static_cast<std::size_t>(step)];
    CAPTURE(step);
    CHECK(a.fingerprint == b.fingerprint);
    CHECK(a.segments == b.segments);
    CHECK(a == b);
    CHECK(a.lost == 0);
    CHECK(a.absorbed + a.leaked + a.rouletted == a.histories + a.secondaries);
    CHECK(a.collisions > 0);
  }
  CHECK(together.counts[0].fingerprint != together.counts[1].fingerprint);
  CHECK((together.transport.migrations() > 0) == (ranks_of_world() > 1));
  for (const std::string& name : names) {
    const Estimate a = together.transport.estimate(name), b = alone.transport.estimate(name);
    CAPTURE(name);
    CHECK(b.mean > 0);
    CHECK(a.mean == Approx(b.mean).epsilon(rounding));
    CHECK(a.standard_error == Approx(b.standard_error).epsilon(1e-6));
  }
  CHECK(together.transport.estimate("balance_error").mean < rounding);
}

const std::vector<std::string> fixed_names{
    "leakage", "absorption", "leakage_east", "flux:all", "flux_by_collisions:all", "absorption:all"};

/// A corner source in a box of two materials that follow the cells.
Case two_boxes() {
  Case c = transport_case({9, 8, 10}, {9, 8, 20}, {one_group("thin", 0.3, 0.2), one_group("thick", 1, 0.9)});
  c.transport.fills.push_back({.material = "thick", .low_cm = {3, 0, 4}, .high_cm = {6, 8, 12}, .priority = 1});
  c.transport.sources = {{.low_cm = {0, 0, 0}, .high_cm = {2.5, 2, 3}}};
  return c;
}

/// Borders that no cell follows.
Case sphere_in_box() {
  Case c = transport_case({8, 7, 9}, {8, 8, 8}, {one_group("thin", 0.1, 0.05), one_group("ball", 2, 1.5)});
  c.transport.fills.push_back(
      {.material = "ball", .shape = "sphere", .center_cm = {4, 3.5, 4.2}, .radius_cm = 2.7, .priority = 2});
  c.transport.fills.push_back({.material = "ball", .low_cm = {0.3, 0, 0}, .high_cm = {1.4, 7.7, 2.2}, .priority = 1});
  return c;
}

Material three_groups() {
  return {.name = "three",
          .total_per_cm = {0.4, 0.7, 1.5},
          .scattering_per_cm = {0.1, 0.2, 0.05, 0, 0.3, 0.3, 0, 0.1, 1.1},
          .production_per_cm = {0.02, 0.05, 0.3},
          .fission_spectrum = {0.7, 0.2, 0.1},
          .mean_cosine = {0.3, -0.2, 0}};
}

}  // namespace

TEST_CASE("cells of one material each, analog") {
  Case c = two_boxes();
  c.transport.capture = Capture::analog;
  check_same(c, fixed_names);
}

TEST_CASE("cells of one material each, implicit capture") { check_same(two_boxes(), fixed_names); }

TEST_CASE("cells that borders cut") { check_same(sphere_in_box(), fixed_names); }

TEST_CASE("several groups, anisotropic, with secondaries", "[many]") {
  Case c = transport_case({8, 8, 8}, {6, 6, 6}, {three_groups()});
  c.transport.groups = 3;
  c.transport.tallies.push_back({.name = "third", .low_cm = {0, 0, 0}, .high_cm = {3, 6, 6}, .group = 3});
  std::vector<std::string> names = fixed_names;
  names.insert(names.end(), {"flux:third", "production:all", "production:third"});
  for (const Capture capture : {Capture::analog, Capture::implicit}) {
    c.transport.capture = capture;
    check_same(c, names);
  }
}

TEST_CASE("sides that reflect and sides that lead around") {
  Case c = two_boxes();
  using enum Boundary;
  c.transport.boundaries = {reflecting, vacuum, periodic, periodic, reflecting, reflecting};
  check_same(c, fixed_names);
  c.transport.boundaries = {periodic, periodic, periodic, periodic, vacuum, vacuum};
  check_same(c, {"leakage", "absorption", "leakage_above", "flux:all"});
}

TEST_CASE("sources of all kinds, sharing the particles") {
  Case c = two_boxes();
  c.transport.sources.push_back({.kind = "west", .low_cm = {0, 1, 1}, .high_cm = {0, 3, 18.3}, .strength_per_s = 3});
  c.transport.sources.push_back({.kind = "above", .direction = {0, 0, -1}, .strength_per_s = 0.1});
  c.transport.sources.push_back({.kind = "north", .direction = {1, -2, 0.5}, .strength_per_s = 0.7});
  check_same(c, fixed_names);
}

TEST_CASE("no room in messages and little in flight change the rounds, not the histories") {
  Case c = two_boxes();
  const TransportRun roomy(MPI_COMM_WORLD, c, 1);
  for (const std::int64_t in_flight : {1, 7, 150}) {
    c.transport.in_flight = in_flight;
    const TransportRun tight(MPI_COMM_WORLD, c, 1);
    CHECK(tight.counts == roomy.counts);
    CHECK(tight.transport.rounds() > roomy.transport.rounds());
  }
}

TEST_CASE("an eigenvalue, from a source and from everywhere that fissions", "[many]") {
  Case c = transport_case({6, 8, 6}, {9, 8, 9}, {one_group("fuel", 1, 0.8, 0.24), one_group("water", 1, 0.95)});
  c.transport.mode = TransportMode::eigenvalue;
  c.transport.generations_per_step = 2;
  c.transport.particles = 700;
  c.transport.fills = {
      {.material = "water"},
      {.material = "fuel", .shape = "sphere", .center_cm = {4, 4, 4.5}, .radius_cm = 3.3, .priority = 1}};
  std::vector<std::string> names = fixed_names;
  names.insert(names.end(), {"k_effective", "k_effective_by_collisions", "production:all"});
  check_same(c, names);
  c.transport.sources.clear();
  check_same(c, names);
}
