/* SPDX-License-Identifier: BSD-3-Clause */
/* usage: threads N
   A program of somebody else whose rank 0 lets N other threads compute, 0.2 s each, while the one in MPI waits. */
#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void* compute(void* unused) {
  struct timespec now = {0, 0};
  while (now.tv_sec == 0 && now.tv_nsec < 200000000) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return unused;
}

int main(int argc, char** argv) {
  pthread_t threads[8];
  int rank = 0;
  const int n = argc > 1 ? atoi(argv[1]) : 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    for (int i = 0; i < n; ++i) pthread_create(&threads[i], NULL, compute, NULL);
    for (int i = 0; i < n; ++i) pthread_join(threads[i], NULL);
    printf("computed\n");
  }
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
  return 0;
}
