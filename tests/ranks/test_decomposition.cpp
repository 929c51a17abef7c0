// SPDX-License-Identifier: BSD-3-Clause
#include <mpi.h>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/grid/decomposition.hpp"

using namespace haloscope;

namespace {

std::int64_t sum(std::int64_t mine) {
  std::int64_t total = 0;
  MPI_Allreduce(&mine, &total, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  return total;
}

}  // namespace

TEST_CASE("boxes cover the grid once, whatever the counts") {
  const auto cells = GENERATE(PerAxis<GlobalIndex>{64, 64, 64}, PerAxis<GlobalIndex>{65, 33, 17},
                              PerAxis<GlobalIndex>{100, 7, 1}, PerAxis<GlobalIndex>{7, 7, 7});
  const Decomposition where(MPI_COMM_WORLD, cells, {true, false, true});
  const PerAxis<LocalIndex> n = where.local_cells();
  CHECK(n[0] >= 1);
  CHECK(n[1] >= 1);
  CHECK(n[2] >= 1);
  CHECK(sum(std::int64_t{n[0]} * n[1] * n[2]) == where.total_cells());
  CHECK(where.rank_of(where.coordinates()) == where.rank());
  for (std::size_t a = 0; a < 3; ++a) {  // each box begins where the one before it ends, so none overlap
    if (where.coordinates()[a] == 0) continue;
    PerAxis<int> before = where.coordinates();
    --before[a];
    CHECK(where.box_of(before).end[a] == where.box().begin[a]);
  }
}

TEST_CASE("only boxes at the end of a walled axis have no neighbour there") {
  const Decomposition where(MPI_COMM_WORLD, {16, 16, 16}, {true, false, true});
  for (int s = 0; s < n_sides; ++s) {
    const Side side = static_cast<Side>(s);
    const auto a = static_cast<std::size_t>(axis_of(side));
    const int edge = is_high(side) ? where.process_grid()[a] - 1 : 0;
    CHECK(where.at_wall(side) == (a == 1 && where.coordinates()[a] == edge));
  }
}

TEST_CASE("more ranks than cells along an axis is the user's mistake") {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  CHECK_THROWS_AS(Decomposition(MPI_COMM_WORLD, {64, 64, 64}, {true, true, true}, {ranks + 1, 1, 1}), UserError);
  if (ranks > 1) CHECK_THROWS_AS(Decomposition(MPI_COMM_WORLD, {ranks - 1, 1, 1}, {true, true, true}), UserError);
}
