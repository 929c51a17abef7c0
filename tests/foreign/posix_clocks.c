/* SPDX-License-Identifier: BSD-3-Clause */
/* A program of somebody else that times itself by the clocks of POSIX, and sleeps. */
#define _GNU_SOURCE
#include <mpi.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double time_of_day(void) {
  struct timeval t;
  gettimeofday(&t, NULL);
  return t.tv_sec + 1e-6 * t.tv_usec;
}

int main(int argc, char** argv) {
  int rank = 0, ball = 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const double start = seconds(CLOCK_MONOTONIC), day = seconds(CLOCK_REALTIME);
  for (int round = 0; round < 100; ++round) {
    if (rank == 0) {
      MPI_Send(&ball, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
      MPI_Recv(&ball, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else if (rank == 1) {
      MPI_Recv(&ball, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Send(&ball, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    }
  }
  const double end = seconds(CLOCK_MONOTONIC), end_of_day = seconds(CLOCK_REALTIME);
  if (rank == 0) printf("monotonic %.3f us\nreal %.3f us\n", 1e6 * (end - start), 1e6 * (end_of_day - day));

  const double before = MPI_Wtime(), day_before = time_of_day();
  const time_t whole_before = time(NULL);
  const struct timespec half = {0, 500000000};
  usleep(1250000);
  nanosleep(&half, NULL);
  sleep(1);
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += 2;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  if (rank == 0)
    printf("slept %.6f\ntime of day %.6f\ntime %ld\nstarted %.0f\n", MPI_Wtime() - before, time_of_day() - day_before,
           (long)(time(NULL) - whole_before), day);
  const double last = seconds(CLOCK_MONOTONIC);
  MPI_Finalize();
  if (rank == 0) printf("goes on %d\n", seconds(CLOCK_MONOTONIC) >= last && seconds(CLOCK_MONOTONIC) < last + 60);
  return 0;
}
