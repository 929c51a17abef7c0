// SPDX-License-Identifier: BSD-3-Clause
// usage: pattern ping-pong BYTES | allreduce DOUBLES | halo-cg POINTS
//
// Times one pattern of communication and nothing else: rank 0 prints the median of its repetitions in us. halo-cg is
// what an iteration of conjugate gradients on a box of POINTS^3 a rank sends: its six faces, then two sums of one
// double.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { repetitions = 21, warm_up = 3 };

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return x < y ? -1 : x > y;
}

static void ping_pong(char* data, int bytes, int rank) {
  if (rank == 0) {
    MPI_Send(data, bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
    MPI_Recv(data, bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else if (rank == 1) {
    MPI_Recv(data, bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(data, bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
  }
}

static void halo_cg(char* data, int bytes, MPI_Comm grid) {
  MPI_Request requests[12];
  int n = 0;
  for (int axis = 0; axis < 3; ++axis) {
    int low, high;
    MPI_Cart_shift(grid, axis, 1, &low, &high);
    MPI_Irecv(data + 2 * axis * bytes, bytes, MPI_CHAR, low, axis, grid, &requests[n++]);
    MPI_Irecv(data + (2 * axis + 1) * bytes, bytes, MPI_CHAR, high, 3 + axis, grid, &requests[n++]);
    MPI_Isend(data + 6 * bytes, bytes, MPI_CHAR, high, axis, grid, &requests[n++]);
    MPI_Isend(data + 6 * bytes, bytes, MPI_CHAR, low, 3 + axis, grid, &requests[n++]);
  }
  MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
  double sum = 1, total = 0;
  MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, grid);
  MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, grid);
}

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank, ranks, dims[3] = {0, 0, 0}, periods[3] = {1, 1, 1};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const char* const what = argc == 3 ? argv[1] : "";
  const int n = argc == 3 ? atoi(argv[2]) : 0;
  if (n <= 0 || (strcmp(what, "ping-pong") != 0 && strcmp(what, "allreduce") != 0 && strcmp(what, "halo-cg") != 0)) {
    if (rank == 0) fprintf(stderr, "usage: pattern ping-pong BYTES | allreduce DOUBLES | halo-cg POINTS\n");
    MPI_Finalize();
    return 2;
  }
  MPI_Comm grid;
  MPI_Dims_create(ranks, 3, dims);
  MPI_Cart_create(MPI_COMM_WORLD, 3, dims, periods, 0, &grid);
  const int face = n * n * (int)sizeof(double);
  char* const data = calloc(7, (size_t)(face > n ? face : n));
  double* const in = calloc((size_t)n, sizeof(double));
  double* const out = calloc((size_t)n, sizeof(double));

  double times[repetitions];
  for (int i = -warm_up; i < repetitions; ++i) {
    const double begin = MPI_Wtime();
    if (strcmp(what, "ping-pong") == 0)
      ping_pong(data, n, rank);
    else if (strcmp(what, "allreduce") == 0)
      MPI_Allreduce(in, out, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    else
      halo_cg(data, face, grid);
    if (i >= 0) times[i] = 1e6 * (MPI_Wtime() - begin) / (strcmp(what, "ping-pong") == 0 ? 2 : 1);
  }
  qsort(times, repetitions, sizeof(double), compare);
  if (rank == 0) printf("%.4f\n", times[repetitions / 2]);
  MPI_Comm_free(&grid);
  free(data);
  free(in);
  free(out);
  MPI_Finalize();
  return 0;
}
