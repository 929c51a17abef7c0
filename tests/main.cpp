// SPDX-License-Identifier: BSD-3-Clause
// Runs the tests of one binary on every rank; fails when any rank fails. Ranks beyond the first speak only on failure.
#include <mpi.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  int failed = 0;
  {
    std::ostringstream quiet;
    std::streambuf* const terminal = std::cout.rdbuf();
    if (rank != 0) std::cout.rdbuf(quiet.rdbuf());
    failed = std::min(Catch::Session().run(argc, argv), 255);
    std::cout.rdbuf(terminal);
    if (rank != 0 && failed != 0) std::cout << "rank " << rank << ":\n" << quiet.str() << std::flush;
  }
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
