// SPDX-License-Identifier: BSD-3-Clause
#include "command/mpi_session.hpp"

#include <fmt/format.h>
#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "haloscope/base/errors.hpp"
#include "haloscope/border/protocol.hpp"

namespace haloscope {

namespace {

/// The end by a failure that is no mistake of the user. One rank alone may fail while the others wait for it, so only
/// MPI_Abort ends them all. A terminate handler runs before any destructor: closing the run file or PETSc is collective
/// and would wait for ever.
[[noreturn]] void abort_all_ranks() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
    fmt::print(stderr, "haloscope: rank {}: terminated without an exception\n", rank);
  } catch (const std::exception& error) {
    fmt::print(stderr, "haloscope: rank {}: {}\n", rank, error.what());
  }
  std::fflush(stderr);
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::library_error));
  std::_Exit(static_cast<int>(ExitCode::library_error));
}

}  // namespace

MpiSession::MpiSession(int* argc, char*** argv) {
  MPI_Init(argc, argv);  // aborts by itself
  MPI_Pcontrol(pcontrol::describe, 0,
               nullptr);  // this program tells its user of the network itself: no report at the end
  std::set_terminate(abort_all_ranks);
  world_ = make_communicator(MPI_COMM_WORLD);
}

MpiSession::~MpiSession() {
  world_.reset();
  MPI_Finalize();
}

bool MpiSession::of_rank_0(bool mine) const {
  int answer = mine ? 1 : 0;
  MPI_Pcontrol(pcontrol::pause);
  check_mpi(MPI_Bcast(&answer, 1, MPI_INT, 0, world_.get()));
  MPI_Pcontrol(pcontrol::go_on);
  return answer != 0;
}

}  // namespace haloscope
