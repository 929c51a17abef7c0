// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/handles.hpp"

#include "haloscope/base/errors.hpp"

namespace haloscope {

bool mpi_is_running() noexcept {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  return initialized != 0 && finalized == 0;
}

Communicator make_communicator(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(comm, &copy));
  Communicator owned(copy);
  check_mpi(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN));
  return owned;
}

Communicator split_communicator(MPI_Comm comm, int color, int key) {
  MPI_Comm part = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(comm, color, key, &part));
  if (part == MPI_COMM_NULL) return {};
  Communicator owned(part);
  check_mpi(MPI_Comm_set_errhandler(part, MPI_ERRORS_RETURN));
  return owned;
}

int rank_in(MPI_Comm comm) {
  int rank = 0;
  check_mpi(MPI_Comm_rank(comm, &rank));
  return rank;
}

int ranks_in(MPI_Comm comm) {
  int ranks = 0;
  check_mpi(MPI_Comm_size(comm, &ranks));
  return ranks;
}

}  // namespace haloscope
