/* SPDX-License-Identifier: BSD-3-Clause */
/* usage: half_paused both|receiver
   A program of somebody else that pauses the model around both ends of a message, or around the receiver's alone. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  int rank = 0, ball = 7;
  const int both = argc > 1 && strcmp(argv[1], "both") == 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0 || both) MPI_Pcontrol(0);
  if (rank == 0) MPI_Recv(&ball, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  if (rank == 1) MPI_Send(&ball, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
  if (rank == 0 || both) MPI_Pcontrol(1);
  if (rank == 0) MPI_Recv(&ball, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  if (rank == 1) MPI_Send(&ball, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
  if (rank == 0) printf("ball %d\n", ball);
  MPI_Finalize();
  return 0;
}
