// SPDX-License-Identifier: BSD-3-Clause
// MPI calls that fail must throw, not abort and not pass: the calls are redefined here to fail on demand.
#include <mpi.h>

#include <string>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/grid/halo.hpp"

using namespace haloscope;

namespace {
bool fail_startall = false, fail_waitall = false, fail_dup = false;
}

extern "C" {
int MPI_Startall(int count, MPI_Request requests[]) {
  return fail_startall ? MPI_ERR_OTHER : PMPI_Startall(count, requests);
}
int MPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[]) {
  const int code = PMPI_Waitall(count, requests, statuses);
  return fail_waitall ? MPI_ERR_TRUNCATE : code;
}
int MPI_Comm_dup(MPI_Comm comm, MPI_Comm* copy) { return fail_dup ? MPI_ERR_COMM : PMPI_Comm_dup(comm, copy); }
}

TEST_CASE("our communicators return errors: a message to a rank that does not exist throws") {
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  int ranks = 0;
  MPI_Comm_size(comm.get(), &ranks);
  CHECK_THROWS_AS(check_mpi(MPI_Send(&ranks, 1, MPI_INT, ranks + 7, 0, comm.get())), LibraryError);
}

TEST_CASE("a failing exchange throws, naming MPI's reason and our place") {
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, {16, 16, 16}, {true, true, true});
  Halo<double> halo(where, HaloMethod::persistent, HaloReach::faces, 1, 1, clock);
  if (halo.messages() == 0) return;  // a rank alone sends nothing that could fail
  Field<double> field(where.local_cells(), 1);
  SECTION("when it starts") {
    fail_startall = true;
    CHECK_THROWS_AS((void)halo.begin(field.view()), LibraryError);
    fail_startall = false;
  }
  SECTION("when it waits") {
    HaloTicket ticket = halo.begin(field.view());
    fail_waitall = true;
    try {
      halo.end(std::move(ticket));
      FAIL("no error");
    } catch (const LibraryError& error) {
      CHECK(std::string(error.what()).find("halo_messages.cpp") != std::string::npos);
      CHECK(std::string(error.what()).find("TRUNCATE") != std::string::npos);
    }
    fail_waitall = false;
  }
}

TEST_CASE("a communicator that cannot be copied is no communicator") {
  fail_dup = true;
  CHECK_THROWS_AS(make_communicator(MPI_COMM_WORLD), LibraryError);
  fail_dup = false;
}

TEST_CASE("handles own, move and let go") {
  Communicator first = make_communicator(MPI_COMM_SELF);
  const MPI_Comm raw = first.get();
  Communicator second = std::move(first);
  CHECK(!first);  // NOLINT(bugprone-use-after-move): moved-from is empty, and that is the promise
  CHECK(second.get() == raw);
  second.reset();
  CHECK(!second);
}
