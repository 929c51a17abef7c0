// SPDX-License-Identifier: BSD-3-Clause
// The parts that tracking stands on: what lies in a cell, which group a part of a row means, where particles start.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "catch.hpp"
#include "transport/geometry.hpp"
#include "transport/material.hpp"
#include "transport/source.hpp"
#include "transport_problems.hpp"

using namespace haloscope;

namespace {

Case layered() {
  Case c = transport_case({5, 4, 3}, {5, 4, 3},
                          {one_group("low", 0.5, 0), one_group("high", 2, 0), one_group("ball", 1, 0)});
  c.transport.fills = {
      {.material = "low", .low_cm = {0, 0, 0}, .high_cm = {3, 4, 3}},
      {.material = "high", .low_cm = {2, 0, 0}, .high_cm = {3.5, 4, 3}, .priority = 1},
      {.material = "ball", .shape = "sphere", .center_cm = {1, 2, 1.5}, .radius_cm = 0.4, .priority = 2}};
  return c;
}

}  // namespace

TEST_CASE("a cell is of one material, or a mixture at the rate of its densest") {
  const Case c = layered();
  const Decomposition where(MPI_COMM_SELF, c.cells, {false, false, false});
  const MaterialTable materials(c.transport);
  const Geometry geometry(where, c.transport, materials);
  const auto kind = [&](std::int32_t i, std::int32_t j, std::int32_t k) {
    return geometry.kinds[static_cast<std::size_t>(geometry.index({i, j, k}))];
  };
  CHECK(kind(0, 0, 0) == 1);
  CHECK(kind(2, 0, 0) == 2);
  CHECK(kind(4, 0, 0) == 0);
  CHECK(kind(-1, 0, 0) == geometry.outside);
  CHECK(kind(0, 4, 0) == geometry.outside);
  const Geometry::Kind cut = kind(3, 1, 1), ball = kind(0, 1, 1);
  REQUIRE(geometry.is_mixture(cut));
  REQUIRE(geometry.is_mixture(ball));
  CHECK(geometry.rates(0)[cut] == 2);
  CHECK(geometry.rates(0)[ball] == 1);
  CHECK(geometry.rates(0)[1] == 0.5);
  CHECK(std::isinf(geometry.rates(0)[geometry.outside]));
  CHECK(geometry.material_at(cut, {3.4, 1.5, 1.5}) == 2);
  CHECK(geometry.material_at(cut, {3.6, 1.5, 1.5}) == 0);
  CHECK(geometry.material_at(ball, {0.9, 1.8, 1.5}) == 3);
  CHECK(geometry.material_at(ball, {0.5, 1.5, 1.5}) == 1);
  CHECK(std::ranges::count_if(geometry.kinds,
                              [&](auto k) { return k != geometry.outside && geometry.is_mixture(k); }) == 12 + 4);
}

TEST_CASE("a fill whose border is a face but for rounding cuts no cell") {
  Case c = transport_case({10, 1, 1}, {1, 1, 1}, {one_group("m", 1, 0)});
  c.transport.fills = {{.material = "m", .low_cm = {0.3, 0, 0}, .high_cm = {0.7, 1, 1}}};  // 3 · 0.1 > 0.3
  const Decomposition where(MPI_COMM_SELF, c.cells, {false, false, false});
  const MaterialTable materials(c.transport);
  const Geometry geometry(where, c.transport, materials);
  CHECK(!geometry.has_mixtures());
  CHECK(std::ranges::count(geometry.kinds, 1) == 4);
}

TEST_CASE("the group that a part of a row falls into, for few groups and for many") {
  for (const std::size_t groups : {2u, 7u, 40u}) {
    Material m{.name = "m"};
    m.total_per_cm.assign(groups, 10);
    for (std::size_t n = 0; n < groups * groups; ++n)
      m.scattering_per_cm.push_back(n % 3 == 0 ? 0 : 0.001 * static_cast<double>(n % 17));
    Case c = transport_case({1, 1, 1}, {1, 1, 1}, {m});
    c.transport.groups = static_cast<int>(groups);
    const MaterialTable table(c.transport);
    for (std::size_t from = 0; from < groups; ++from) {
      double sum = 0;
      for (std::size_t to = 0; to < groups; ++to) {
        const double width = m.scattering_per_cm[from * groups + to];
        if (width > 0)
          for (const double within : {0.001, 0.5, 0.999})
            CHECK(table.scattered_group(1, static_cast<int>(from), sum + within * width) == static_cast<int>(to));
        sum += width;
      }
    }
  }
}

TEST_CASE("a source spreads its particles evenly, each within its cell and the source") {
  Case c = transport_case({4, 3, 5}, {4, 3, 5}, {one_group("m", 1, 0)});
  c.transport.particles = 10'000;
  c.transport.sources = {{.low_cm = {0.5, 0, 1.25}, .high_cm = {4, 2, 5}, .strength_per_s = 3},
                         {.kind = "above", .low_cm = {1, 1, 5}, .high_cm = {3, 3, 5}, .strength_per_s = 1}};
  const Decomposition where(MPI_COMM_SELF, c.cells, {false, false, false});
  const MaterialTable materials(c.transport);
  const Geometry geometry(where, c.transport, materials);
  Source source(geometry, c.transport, 1);
  source.begin(5);
  std::map<PerAxis<std::int32_t>, int> by_cell;
  std::vector<std::uint64_t> numbers;
  double weight = 0;
  for (Particle p{}; source.next(p);) {
    numbers.push_back(p.number);
    weight += p.weight;
    for (std::size_t a = 0; a < 3; ++a) {
      REQUIRE(p.origin[a] >= p.cell[a]);
      REQUIRE(p.origin[a] <= p.cell[a] + 1);
    }
    if (p.number >= 7500) {
      REQUIRE(p.origin[2] == 5);
      REQUIRE(p.direction[2] < 0);
    } else {
      REQUIRE((p.origin[0] >= 0.5 && p.origin[1] <= 2 && p.origin[2] >= 1.25));
      ++by_cell[p.cell];
    }
  }
  CHECK(!source.next(*std::make_unique<Particle>()));
  CHECK(numbers.size() == 10'000);
  CHECK(std::ranges::is_sorted(numbers));
  CHECK(std::ranges::adjacent_find(numbers) == numbers.end());
  CHECK(weight == Approx(10'000).epsilon(1e-12));
  // Strata: a cell has its share of the volume but for the two at its ends.
  for (const auto& [cell, count] : by_cell) {
    const double volume = (cell[0] == 0 ? 0.5 : 1) * (cell[2] == 1 ? 0.75 : 1);
    CHECK(std::abs(count - 7500 * volume / (3.5 * 2 * 3.75)) < 2);
  }
  CHECK(by_cell.size() == 4 * 2 * 4);
}

TEST_CASE("too few particles for a weak source are refused") {
  Case c = transport_case({2, 1, 1}, {1, 1, 1}, {one_group("m", 1, 0)});
  c.transport.particles = 10;
  c.transport.sources = {{}, {.strength_per_s = 1e-3}};
  const Decomposition where(MPI_COMM_SELF, c.cells, {false, false, false});
  const MaterialTable materials(c.transport);
  const Geometry geometry(where, c.transport, materials);
  CHECK_THROWS_WITH(Source(geometry, c.transport, 1),
                    "transport.particles: 10: too few to give one to a source of 0.001 of 1.001 per s");
}
