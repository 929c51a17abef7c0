// SPDX-License-Identifier: BSD-3-Clause
// A ghost cell holds what its owner holds: checked against a number computed from the cell's place in the whole grid.
#include <mpi.h>

#include <array>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "haloscope/grid/halo.hpp"

using namespace haloscope;

namespace {

double value_of(PerAxis<GlobalIndex> cell, PerAxis<GlobalIndex> n, int field) {
  for (std::size_t a = 0; a < 3; ++a) cell[a] = (cell[a] + n[a]) % n[a];
  return 1.0 + static_cast<double>(cell[0] + 1000 * cell[1] + 1000000 * cell[2]) + 0.25 * field;
}

void fill_owned(FieldView<double> f, const Box& box, PerAxis<GlobalIndex> n, int field) {
  for (int k = 0; k < f.cells[2]; ++k)
    for (int j = 0; j < f.cells[1]; ++j)
      for (int i = 0; i < f.cells[0]; ++i)
        f(i, j, k) = value_of({box.begin[0] + i, box.begin[1] + j, box.begin[2] + k}, n, field);
}

/// Ghosts that differ from what they must hold: the owner's value, or -1 where nothing may have been written.
int wrong_ghosts(FieldView<double> f, const Decomposition& where, int order, int field) {
  const Box box = where.box();
  const PerAxis<GlobalIndex> n = where.cells();
  int wrong = 0;
  for (int k = -1; k <= f.cells[2]; ++k)
    for (int j = -1; j <= f.cells[1]; ++j)
      for (int i = -1; i <= f.cells[0]; ++i) {
        const PerAxis<int> local{i, j, k};
        Direction d{};
        for (std::size_t a = 0; a < 3; ++a) d[a] = local[a] < 0 ? -1 : local[a] >= f.cells[a] ? 1 : 0;
        const int outside = std::abs(d[0]) + std::abs(d[1]) + std::abs(d[2]);
        const bool filled = outside == 0 || (outside <= order && where.neighbour(d) != MPI_PROC_NULL);
        const double expected =
            filled ? value_of({box.begin[0] + i, box.begin[1] + j, box.begin[2] + k}, n, field) : -1.0;
        wrong += f(i, j, k) == expected ? 0 : 1;
      }
  return wrong;
}

}  // namespace

TEST_CASE("every halo method fills faces and edges, on periodic axes and at walls, in 1, 2 and 3 dimensions") {
  const auto method = GENERATE(HaloMethod::point_to_point, HaloMethod::persistent, HaloMethod::neighbor_collective);
  const auto reach = GENERATE(HaloReach::faces, HaloReach::edges);
  const auto cells =
      GENERATE(PerAxis<GlobalIndex>{12, 10, 9}, PerAxis<GlobalIndex>{13, 11, 1}, PerAxis<GlobalIndex>{37, 1, 1});
  const auto periodic =
      GENERATE(PerAxis<bool>{true, true, true}, PerAxis<bool>{false, true, false}, PerAxis<bool>{false, false, false});
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, cells, periodic);
  Halo<double> halo(where, method, reach, 1, 2, clock);
  std::array<Field<double>, 2> fields{Field<double>(where.local_cells(), 1), Field<double>(where.local_cells(), 1)};
  const std::array<FieldView<double>, 2> views{fields[0].view(), fields[1].view()};
  for (int repeat = 0; repeat < 2; ++repeat) {  // persistent requests must start again
    for (std::size_t f = 0; f < 2; ++f) {
      fields[f].fill(-1);
      fill_owned(views[f], where.box(), cells, static_cast<int>(f));
    }
    halo.end(halo.begin(views));
    for (std::size_t f = 0; f < 2; ++f)
      CHECK(wrong_ghosts(views[f], where, reach == HaloReach::faces ? 1 : 2, static_cast<int>(f)) == 0);
  }
}

TEST_CASE("a dense array is read through the faces received") {
  PhaseClock clock;
  const PerAxis<GlobalIndex> cells{12, 10, 9};
  const Decomposition where(MPI_COMM_WORLD, cells, {true, true, true});
  Halo<double> halo(where, HaloMethod::persistent, HaloReach::faces, 1, 1, clock);
  const PerAxis<LocalIndex> n = where.local_cells();
  std::vector<double> memory(static_cast<std::size_t>(n[0] * n[1] * n[2]));
  const FieldView<double> view = dense_view(memory.data(), n);
  fill_owned(view, where.box(), cells, 0);
  halo.end(halo.begin(view));
  for (int s = 0; s < n_sides; ++s) {
    const Side side = static_cast<Side>(s);
    const auto face = halo.received(side);
    CHECK(face.empty() == (where.neighbour(direction_of(side)) == where.rank()));
    if (face.empty()) continue;
    const auto a = static_cast<std::size_t>(axis_of(side));
    const auto first = static_cast<std::size_t>(a == 0 ? 1 : 0), second = static_cast<std::size_t>(a == 2 ? 1 : 2);
    REQUIRE(face.size() == static_cast<std::size_t>(n[first] * n[second]));
    PerAxis<GlobalIndex> cell = where.box().begin;
    cell[a] = is_high(side) ? where.box().end[a] : where.box().begin[a] - 1;
    cell[first] += 1;  // the second cell of the face's first row
    CHECK(face[1] == value_of(cell, cells, 0));
  }
}

TEST_CASE("mock packs and unpacks but sends nothing") {
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, {12, 10, 9}, {true, true, true});
  Halo<double> halo(where, HaloMethod::mock, HaloReach::faces, 1, 1, clock);
  Field<double> field(where.local_cells(), 1);
  field.fill(7);
  halo.end(halo.begin(field.view()));
  CHECK(halo.messages() == 0);
  const bool remote = where.neighbour({0, 0, -1}) != where.rank();
  CHECK(field(0, 0, -1) == (remote ? 0.0 : 7.0));
}

TEST_CASE("the cost model of an exchange counts its messages and bytes") {
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, {8, 8, 56}, {false, false, true}, {1, 1, 0});
  const Halo<double> halo(where, HaloMethod::persistent, HaloReach::faces, 1, 3, clock);
  const bool alone = where.ranks() == 1;
  CHECK(halo.messages() == (alone ? 0 : 2));
  CHECK(halo.bytes() == (alone ? 0u : 2u * 3u * 64u * sizeof(double)));
}
