// SPDX-License-Identifier: BSD-3-Clause
// usage: calls record BLOCKS | virtual BLOCKS
//
// What the library itself costs, on one rank. record: the same calls through MPI_* and through PMPI_*, in turn, a block
// of each; prints for each kind of call and block what MPI_* takes more [ns a call]. virtual, on a network that takes
// no time: what a loop of calls puts on the logical clock [ns a pair of calls], first of nothing else, then with a
// microsecond of computing between any two of them, less the CPU time of the same computing without any call.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char ball, hand;
static double sum_in = 1, sum_out;

static void probe(void) {
  int flag;
  MPI_Iprobe(0, 0, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);
}
static void probe_below(void) {
  int flag;
  PMPI_Iprobe(0, 0, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);
}
static void exchange(void) {
  MPI_Request request;
  MPI_Irecv(&hand, 1, MPI_CHAR, 0, 0, MPI_COMM_SELF, &request);
  MPI_Send(&ball, 1, MPI_CHAR, 0, 0, MPI_COMM_SELF);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
}
static void exchange_below(void) {
  MPI_Request request;
  PMPI_Irecv(&hand, 1, MPI_CHAR, 0, 0, MPI_COMM_SELF, &request);
  PMPI_Send(&ball, 1, MPI_CHAR, 0, 0, MPI_COMM_SELF);
  PMPI_Wait(&request, MPI_STATUS_IGNORE);
}
static void reduce(void) { MPI_Allreduce(&sum_in, &sum_out, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_SELF); }
static void reduce_below(void) { PMPI_Allreduce(&sum_in, &sum_out, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_SELF); }
static void pair(void) {
  MPI_Send(&ball, 1, MPI_CHAR, 0, 0, MPI_COMM_SELF);
  MPI_Recv(&hand, 1, MPI_CHAR, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE);
}
static void nothing(void) {}

struct kind {
  const char* name;
  int calls;
  void (*wrapped)(void);
  void (*below)(void);
};
static const struct kind kinds[] = {
    {"Iprobe", 1, probe, probe_below},
    {"Irecv-Send-Wait", 3, exchange, exchange_below},
    {"Allreduce", 1, reduce, reduce_below},
};

/// [ns a repetition]
static double wall(void (*what)(void), int repetitions) {
  const double begin = seconds_of(CLOCK_MONOTONIC);
  for (int i = 0; i < repetitions; ++i) what();
  return 1e9 * (seconds_of(CLOCK_MONOTONIC) - begin) / repetitions;
}

/// About @p loops / 1000 us.
static double work(long loops) {
  double x = 1;
  for (long i = 0; i < loops; ++i) x = x * 1.0000001 + 1e-9;
  return x;
}

/// What a loop puts on the logical clock, and on the thread's own. [ns a repetition]
struct clocks {
  double logical, thread;
};
static struct clocks loop(void (*call)(void), long loops, int repetitions) {
  volatile double sink = 0;
  const double thread = seconds_of(CLOCK_THREAD_CPUTIME_ID), logical = MPI_Wtime();
  for (int i = 0; i < repetitions; ++i) {
    if (loops > 0) sink = work(loops);
    call();
  }
  const double logical_end = MPI_Wtime(), thread_end = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  (void)sink;
  return (struct clocks){1e9 * (logical_end - logical) / repetitions, 1e9 * (thread_end - thread) / repetitions};
}

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const char* const what = argc == 3 ? argv[1] : "";
  const int blocks = argc == 3 ? atoi(argv[2]) : 0, repetitions = 100000;
  // Volatile: the compiler must not know these calls apart.
  void (*volatile call)(void);
  if (strcmp(what, "record") == 0) {
    for (int i = -1; i < blocks; ++i)  // the first is a warm-up
      for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; ++k) {
        call = kinds[k].wrapped;
        const double wrapped = wall(call, repetitions);
        call = kinds[k].below;
        const double below = wall(call, repetitions);
        if (i >= 0) printf("%s %.2f %.2f\n", kinds[k].name, wrapped / kinds[k].calls, below / kinds[k].calls);
      }
  } else if (strcmp(what, "virtual") == 0) {
    for (int i = -1; i < blocks; ++i) {
      call = pair;
      const struct clocks calls = loop(call, 0, repetitions);
      const struct clocks both = loop(call, 1000, repetitions / 10);
      call = nothing;
      const struct clocks alone = loop(call, 1000, repetitions / 10);
      if (i >= 0)
        printf("%.2f %.2f %.2f %.2f\n", calls.logical, calls.thread, both.logical - alone.logical, alone.thread);
    }
  } else {
    fprintf(stderr, "usage: calls record BLOCKS | virtual BLOCKS\n");
    MPI_Finalize();
    return 2;
  }
  MPI_Finalize();
  return 0;
}
