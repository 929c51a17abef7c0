/* SPDX-License-Identifier: BSD-3-Clause */
/* usage: refused CALL
   A program of somebody else that makes one call which no logical clock can follow, and says when it came back. */
#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* In MPI from a second thread. */
static void* talk(void* unused) {
  int sent = 1, received = 0;
  MPI_Sendrecv(&sent, 1, MPI_INT, 0, 0, &received, 1, MPI_INT, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE);
  return unused;
}

int main(int argc, char** argv) {
  MPI_Win window = MPI_WIN_NULL;
  MPI_Comm children = MPI_COMM_NULL;
  int rank = 0, level = 0;
  double memory = 0;
  void* base = NULL;
  const char* const call = argc > 1 ? argv[1] : "";
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (strcmp(call, "MPI_Win_create") == 0)
    MPI_Win_create(&memory, sizeof memory, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
  else if (strcmp(call, "MPI_Win_allocate") == 0)
    MPI_Win_allocate(sizeof memory, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &window);
  else if (strcmp(call, "MPI_Win_allocate_shared") == 0)
    MPI_Win_allocate_shared(sizeof memory, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &window);
  else if (strcmp(call, "MPI_Win_create_dynamic") == 0)
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &window);
  else if (strcmp(call, "MPI_Comm_spawn") == 0)
    MPI_Comm_spawn(argv[0], MPI_ARGV_NULL, 1, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &children, MPI_ERRCODES_IGNORE);
  else if (strcmp(call, "MPI_Cancel") == 0 && rank == 0) { /* of a send that waits for its receiver */
    static char long_message[1 << 20];
    MPI_Request request;
    MPI_Isend(long_message, sizeof long_message, MPI_CHAR, 1, 0, MPI_COMM_WORLD, &request);
    MPI_Cancel(&request);
  } else if (strcmp(call, "MPI_Comm_spawn_multiple") == 0)
    MPI_Comm_spawn_multiple(1, argv, MPI_ARGVS_NULL, &rank, (MPI_Info[]){MPI_INFO_NULL}, 0, MPI_COMM_WORLD, &children,
                            MPI_ERRCODES_IGNORE);
  else if (strcmp(call, "MPI_Comm_accept") == 0)
    MPI_Comm_accept("nowhere", MPI_INFO_NULL, 0, MPI_COMM_WORLD, &children);
  else if (strcmp(call, "MPI_Comm_connect") == 0)
    MPI_Comm_connect("nowhere", MPI_INFO_NULL, 0, MPI_COMM_WORLD, &children);
  else if (strcmp(call, "MPI_Comm_join") == 0)
    MPI_Comm_join(0, &children);
  else if (strcmp(call, "MPI_Intercomm_create") == 0)
    MPI_Intercomm_create(MPI_COMM_SELF, 0, MPI_COMM_WORLD, 1 - rank, 0, &children);
  else if (strcmp(call, "MPI_Intercomm_merge") == 0)
    MPI_Intercomm_merge(MPI_COMM_WORLD, 0, &children);
  else if (strcmp(call, "MPI_Sendrecv") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, talk, NULL);
    pthread_join(thread, NULL);
  }
  if (window != MPI_WIN_NULL) MPI_Win_free(&window);
  if (rank == 0) printf("came back\n");
  MPI_Finalize();
  return 0;
}
