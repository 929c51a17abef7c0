// SPDX-License-Identifier: BSD-3-Clause
// The clock of the ideal twin through collectives: on a network that takes no time a rank waits only for those whose
// data it needs. Each case is a phase; all ranks enter it at one ideal time.
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "haloscope/border/protocol.hpp"
#include "interconnect/logical_clock.hpp"
#include "world.hpp"

namespace {

constexpr Ticks us = 1'000'000;

Ticks skew_of(int rank) { return (rank * 5 % 7) * 10 * us + rank * 17; }

Ticks latest() {
  Ticks time = 0;
  for (int rank = 0; rank < ranks_of_world(); ++rank) time = std::max(time, skew_of(rank));
  return time;
}

/// What computing for the skew and then @p call take on the ideal clock.
template <class Call>
Ticks ideal(Call call) {
  double unused = 0, before = 0, after = 0;
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Pcontrol(haloscope::pcontrol::read_twin, 1, &unused, &before);
  MPI_Pcontrol(haloscope::pcontrol::phase, 0);
  compute_for(skew_of(rank_of_world()));
  call();
  MPI_Pcontrol(haloscope::pcontrol::phase, haloscope::pcontrol::outside);
  MPI_Pcontrol(haloscope::pcontrol::read_twin, 1, &unused, &after);
  return std::llround(1e12 * (after - before));
}

}  // namespace

TEST_CASE("who needs data of all waits for the last") {
  const MPI_Comm world = MPI_COMM_WORLD;
  std::vector<double> s(100000, 1), r(100000 * static_cast<std::size_t>(ranks_of_world()));
  CHECK(ideal([&] { MPI_Barrier(world); }) == latest());
  for (const int n : {1, 100, 100000}) {
    CAPTURE(n);
    CHECK(ideal([&] { MPI_Allreduce(s.data(), r.data(), n, MPI_DOUBLE, MPI_SUM, world); }) == latest());
    CHECK(ideal([&] { MPI_Allgather(s.data(), n, MPI_DOUBLE, r.data(), n, MPI_DOUBLE, world); }) == latest());
    CHECK(ideal([&] {
            MPI_Request request = MPI_REQUEST_NULL;
            MPI_Iallreduce(s.data(), r.data(), n, MPI_DOUBLE, MPI_SUM, world, &request);
            MPI_Wait(&request, MPI_STATUS_IGNORE);
          }) == latest());
  }
  const int n = 100000 / ranks_of_world();
  CHECK(ideal([&] { MPI_Alltoall(s.data(), n, MPI_DOUBLE, r.data(), n, MPI_DOUBLE, world); }) == latest());
}

TEST_CASE("with a root only one side waits") {
  const MPI_Comm world = MPI_COMM_WORLD;
  const int me = rank_of_world(), root = ranks_of_world() - 1;
  for (const int n : {1, 100, 1000}) {
    std::vector<double> s(1000, 1), r(1000);
    const Ticks bcast = ideal([&] { MPI_Bcast(s.data(), n, MPI_DOUBLE, root, world); });
    CAPTURE(n);
    if (me == root) CHECK(bcast == skew_of(me));
    if (me != root) CHECK(bcast >= std::max(skew_of(me), skew_of(root)));
    const Ticks reduce = ideal([&] { MPI_Reduce(s.data(), r.data(), n, MPI_DOUBLE, MPI_SUM, root, world); });
    if (me == root) CHECK(reduce == latest());
    const bool leaf = n <= 100 && me == (root + ranks_of_world() - 1) % ranks_of_world();  // longer ones use no tree
    if (leaf && me != root) CHECK(reduce == skew_of(me));
  }
}

TEST_CASE("computing hides a collective in flight on the ideal clock too") {
  double x = 1, sum = 0;
  const Ticks work = 500 * us;
  const Ticks took = ideal([&] {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Iallreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
    compute_for(work);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  });
  CHECK(took == skew_of(rank_of_world()) + work);
}
