// SPDX-License-Identifier: BSD-3-Clause
// A program of somebody else that takes its messages from whoever comes first. Its last sender is the first in modelled
// time (by what it announces) and the last in real time.
#include <mpi.h>
#include <unistd.h>

#include <cstdio>

#include "haloscope/border/protocol.hpp"

int main(int argc, char** argv) {
  int rank = 0, ranks = 1, received = 0;
  MPI_Status status;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (rank == 0) {
    printf("order");
    for (int k = 1; k < ranks; ++k) {
      if (k == 2) MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
      MPI_Recv(&received, 1, MPI_INT, k == 2 ? status.MPI_SOURCE : MPI_ANY_SOURCE, 0, MPI_COMM_WORLD,
               MPI_STATUS_IGNORE);
      printf(" %d", received);
    }
    printf("\n");
  } else {
    MPI_Pcontrol(haloscope::pcontrol::announce, 1e-4 * (ranks - rank));
    usleep(20000 * static_cast<unsigned>(rank));
    MPI_Send(&rank, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
  }
  MPI_Finalize();
  return 0;
}
