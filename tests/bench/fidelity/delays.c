// SPDX-License-Identifier: BSD-3-Clause
// usage: delays quiet SECONDS | ping-pong BLOCKS | six BLOCKS | stretch BLOCKS
//
// What real time shows a program that knows nothing of it. A block is some thousand repetitions through MPI_*, then as
// many through PMPI_*, which pass below the library: native, on the same processes in the same second. Rank 0 prints a
// line a block: the median of each. Times by CLOCK_MONOTONIC.
//
// quiet: every rank reads the clock for SECONDS without a pause; prints the largest share of it that any rank lost in
// interruptions of more than 10 us. ping-pong, six: half round trips of one message and of six at once [us], on ranks 0
// and 1. stretch: by how much detours make computing longer [%], a line for each half second; by the CPU clock of the
// thread: what holds the program back spins, and what other programs take is not seen.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { repetitions = 2000, warm_up = 200, messages = 6 };

static double seconds_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return x < y ? -1 : x > y;
}

static double lost_share(double seconds) {
  const double begin = now();
  double last = begin, lost = 0;
  while (last - begin < seconds) {
    const double next = now();
    if (next - last > 10e-6) lost += next - last;
    last = next;
  }
  return lost / (last - begin);
}

static void ping_pong(int rank) {
  char ball = 0;
  if (rank == 0) {
    MPI_Send(&ball, 1, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
    MPI_Recv(&ball, 1, MPI_CHAR, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else {
    MPI_Recv(&ball, 1, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(&ball, 1, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
  }
}

static void native_ping_pong(int rank) {
  char ball = 0;
  if (rank == 0) {
    PMPI_Send(&ball, 1, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
    PMPI_Recv(&ball, 1, MPI_CHAR, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else {
    PMPI_Recv(&ball, 1, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    PMPI_Send(&ball, 1, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
  }
}

static void six(int rank) {
  char out[messages] = {0}, in[messages];
  MPI_Request requests[messages];
  for (int leg = 0; leg < 2; ++leg) {
    const int sends = leg == rank;
    for (int i = 0; i < messages; ++i)
      if (sends)
        MPI_Isend(&out[i], 1, MPI_CHAR, 1 - rank, i, MPI_COMM_WORLD, &requests[i]);
      else
        MPI_Irecv(&in[i], 1, MPI_CHAR, 1 - rank, i, MPI_COMM_WORLD, &requests[i]);
    MPI_Waitall(messages, requests, MPI_STATUSES_IGNORE);
  }
}

static void native_six(int rank) {
  char out[messages] = {0}, in[messages];
  MPI_Request requests[messages];
  for (int leg = 0; leg < 2; ++leg) {
    const int sends = leg == rank;
    for (int i = 0; i < messages; ++i)
      if (sends)
        PMPI_Isend(&out[i], 1, MPI_CHAR, 1 - rank, i, MPI_COMM_WORLD, &requests[i]);
      else
        PMPI_Irecv(&in[i], 1, MPI_CHAR, 1 - rank, i, MPI_COMM_WORLD, &requests[i]);
    PMPI_Waitall(messages, requests, MPI_STATUSES_IGNORE);
  }
}

/// [us]
static double median_half_round_trip(void (*exchange)(int), int rank) {
  static double times[repetitions];
  PMPI_Barrier(MPI_COMM_WORLD);
  for (int i = -warm_up; i < repetitions; ++i) {
    const double begin = now();
    exchange(rank);
    if (i >= 0) times[i] = 1e6 * (now() - begin) / 2;
  }
  qsort(times, repetitions, sizeof(double), compare);
  return times[repetitions / 2];
}

static double work(long loops) {
  double x = 1;
  for (long i = 0; i < loops; ++i) x = x * 1.0000001 + 1e-9;
  return x;
}

/// Half a second of computing, each rank alone: milliseconds that end in a call, which makes up for the detours since the
/// last one, and milliseconds that do not, in turn. @return by how much detours made all of it longer [%]
static double stretch(long loops) {
  volatile double sink = 0;
  double with = 0, without = 0;
  int flag = 0;
  MPI_Iprobe(0, 0, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);  // what came due before
  double last = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (int i = 0; i < 250; ++i) {
    sink = work(loops);
    const double middle = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    sink = work(loops);
    MPI_Iprobe(0, 0, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);
    const double end = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    without += middle - last;
    with += end - middle;
    last = end;
  }
  (void)sink;
  return 100 * (with - without) / (2 * without);
}

static long loops_a_millisecond(void) {
  volatile double sink = 0;
  double best = 1e9;
  const long loops = 1000000;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const double begin = now();
    sink = work(loops);
    const double seconds = now() - begin;
    if (seconds < best) best = seconds;
  }
  (void)sink;
  return (long)(1e-3 * (double)loops / best);
}

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank, ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const char* const what = argc == 3 ? argv[1] : "";
  const int blocks = argc == 3 ? atoi(argv[2]) : 0;
  if (strcmp(what, "quiet") == 0 && argc == 3) {
    PMPI_Barrier(MPI_COMM_WORLD);
    double share = lost_share(atof(argv[2])), worst = 0;
    PMPI_Reduce(&share, &worst, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("%.5f\n", worst);
  } else if ((strcmp(what, "ping-pong") == 0 || strcmp(what, "six") == 0) && ranks == 2) {
    const int one = strcmp(what, "six") != 0;
    for (int i = 0; i < blocks; ++i) {
      const double modelled = median_half_round_trip(one ? ping_pong : six, rank);
      const double native = median_half_round_trip(one ? native_ping_pong : native_six, rank);
      if (rank == 0) printf("%.4f %.4f\n", modelled, native);
    }
  } else if (strcmp(what, "stretch") == 0) {
    const long loops = loops_a_millisecond();
    for (int i = 0; i < blocks; ++i) {
      const double longer = stretch(loops);
      if (rank == 0) printf("%.6f\n", longer);
    }
  } else {
    if (rank == 0) fprintf(stderr, "usage: delays quiet SECONDS | ping-pong BLOCKS | six BLOCKS | stretch BLOCKS\n");
    MPI_Finalize();
    return 2;
  }
  MPI_Finalize();
  return 0;
}
