// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// What tests on several ranks ask all the time.
#include <mpi.h>

inline int rank_of_world() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

inline int ranks_of_world() {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  return ranks;
}
