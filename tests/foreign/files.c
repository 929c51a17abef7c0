/* SPDX-License-Identifier: BSD-3-Clause */
/* usage: files FILE
   A program of somebody else that writes a file with all ranks and reads its neighbour's part back, while a message too
   long to be eager is on its way: its sender must not wait for a rank that waits for the sender in a file. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { n = 100000 };

int main(int argc, char** argv) {
  int rank = 0, ranks = 1;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int right = (rank + 1) % ranks, left = (rank + ranks - 1) % ranks;
  double *mine = malloc(n * sizeof *mine), *other = malloc(n * sizeof *other);
  for (int i = 0; i < n; ++i) mine[i] = rank + 1e-6 * i;

  MPI_Comm comm;
  MPI_File file;
  MPI_Request request;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  MPI_Irecv(other, n, MPI_DOUBLE, left, 0, comm, &request);
  if (rank == 0) MPI_Send(mine, n, MPI_DOUBLE, right, 0, comm);
  MPI_File_open(comm, argv[1], MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &file);
  if (rank != 0) MPI_Send(mine, n, MPI_DOUBLE, right, 0, comm);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  int wrong = 0;
  for (int i = 0; i < n; ++i) wrong += other[i] != left + 1e-6 * i;

  MPI_Comm_free(&comm); /* the file lives on */
  MPI_File_write_at_all(file, (MPI_Offset)sizeof(double) * n * rank, mine, n, MPI_DOUBLE, MPI_STATUS_IGNORE);
  MPI_File_sync(file);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_File_read_at(file, (MPI_Offset)sizeof(double) * n * right, other, n, MPI_DOUBLE, MPI_STATUS_IGNORE);
  for (int i = 0; i < n; ++i) wrong += other[i] != right + 1e-6 * i;
  MPI_File_close(&file);
  MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  if (rank == 0) printf("wrong %d\n", wrong);
  free(mine);
  free(other);
  MPI_Finalize();
  return 0;
}
