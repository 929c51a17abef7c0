// SPDX-License-Identifier: BSD-3-Clause
// Offsets against a truth that the ranks of one machine share: its monotonic clock.
#include <mpi.h>

#include <chrono>
#include <cmath>

#include "catch.hpp"
#include "haloscope/clock.hpp"
#include "haloscope/handles.hpp"

using namespace haloscope;

namespace {

double planted = 0;  // of this rank [s]

double shared_clock() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double planted_clock() { return shared_clock() + planted; }

int rank_of_world() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/// MPI_Wtime less the shared clock on this rank, and how far off this reading may be.
ClockOffset own_clock() {
  ClockOffset best{.seconds = 0, .uncertainty = 1e9};
  for (int i = 0; i < 100; ++i) {
    const double before = shared_clock(), now = MPI_Wtime(), after = shared_clock();
    const double half = 0.5 * (after - before);
    if (half < best.uncertainty) best = {now - before - half, half};
  }
  return best;
}

constexpr double rounding = 1e-6;  // of a clock that counts from far back [s]

}  // namespace

TEST_CASE("a planted offset is recovered within the stated uncertainty") {
  const double step = GENERATE(0.05, -3.5, 1000.0);
  const int rank = rank_of_world();
  planted = step * rank;
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  const ClockOffset offset = align_along_tree(comm.get(), planted_clock);
  CHECK(std::abs(offset.seconds + planted) <= offset.uncertainty + rounding);
  if (rank == 0) {
    CHECK(offset.seconds == 0);
    CHECK(offset.uncertainty == 0);
  } else {
    CHECK(offset.uncertainty > 0);
    CHECK(offset.uncertainty < 1000);
  }
}

TEST_CASE("aligned clocks of one machine read the same, wherever each began") {
  const ClockOffset offset = align_clock(MPI_COMM_WORLD);
  const ClockOffset mine = own_clock();
  double of_root[] = {mine.seconds, mine.uncertainty};
  MPI_Bcast(of_root, 2, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  const double error = mine.seconds + offset.seconds - of_root[0];
  CHECK(std::abs(error) <= offset.uncertainty + mine.uncertainty + of_root[1] + rounding);
  if (rank_of_world() == 0) CHECK(offset.seconds == 0);
}
