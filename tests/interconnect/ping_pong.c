/* SPDX-License-Identifier: BSD-3-Clause */
/* A program of somebody else: plain C, knows MPI and nothing of Haloscope. Two ranks play ping-pong; prints who signed.
 */
#include <mpi.h>
#include <stdio.h>

int main(int argc, char** argv) {
  char version[MPI_MAX_LIBRARY_VERSION_STRING];
  int rank = 0, length = 0, ball = 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int round = 0; round < 10; ++round) {
    if (rank == 0) {
      MPI_Send(&ball, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
      MPI_Recv(&ball, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else if (rank == 1) {
      MPI_Recv(&ball, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      ++ball;
      MPI_Send(&ball, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    }
  }
  MPI_Get_library_version(version, &length);
  if (rank == 0) printf("ball %d, by %s.\n", ball, version);
  MPI_Finalize();
  return 0;
}
