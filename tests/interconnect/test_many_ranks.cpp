// SPDX-License-Identifier: BSD-3-Clause
// An Allreduce of 8 bytes over more ranks than the machine has cores: log2 P rounds, in each of which every rank sends
// and receives, so each takes o + L + 8 G + o. The network is lab.toml.
#include <mpi.h>

#include <cstdio>

#include "catch.hpp"
#include "interconnect/logical_clock.hpp"
#include "world.hpp"

namespace {

// Of lab.toml. [ps], G a byte
constexpr Ticks us = 1'000'000, L = 8 * us, o = us, G = 100;

}  // namespace

TEST_CASE("an allreduce of 8 bytes over P ranks, a power of two, takes log2 P times 2 o + L + 8 G") {
  Ticks on_paper = 0;
  for (int ranks = 1; ranks < ranks_of_world(); ranks *= 2) on_paper += 2 * o + L + 8 * G;
  for (int repeat = 0; repeat < 3; ++repeat) {
    double one = 1, sum = 0;
    const Ticks meeting = meet();
    MPI_Allreduce(&one, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    const Ticks took = logical_now() - meeting;
    CHECK(took == on_paper);
    CHECK(sum == ranks_of_world());
    if (rank_of_world() == 0 && repeat == 0)
      std::printf("%d ranks: %.6f us, on paper %.6f us\n", ranks_of_world(), 1e-6 * static_cast<double>(took),
                  1e-6 * static_cast<double>(on_paper));
  }
}
