// SPDX-License-Identifier: BSD-3-Clause
// Runs the tests of one binary on every rank; fails when any rank fails. Ranks beyond the first speak only on failure.
#include <mpi.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char** argv) {
#if defined(__SANITIZE_ADDRESS__)
  __lsan_disable();  // components that MPI_Init loads, tries and unloads leave leaks without a name to suppress them by
  MPI_Init(&argc, &argv);
  __lsan_enable();
#else
  MPI_Init(&argc, &argv);
#endif
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
#if defined(__SANITIZE_ADDRESS__)
  // Now and not at the end, when MPI has unloaded its components and their leaks could not be told from ours. Does not
  // come back from a leak.
  __lsan_do_leak_check();
#endif
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
