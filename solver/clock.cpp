// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/clock.hpp"

#include <limits>

#include "haloscope/errors.hpp"
#include "haloscope/handles.hpp"

namespace haloscope {

namespace {

constexpr int ping_pongs = 100;
constexpr int tag = 0;

/// The child asks, the parent answers with its time. The answer was given at some moment between question and arrival:
/// taken as the middle, it is wrong by half the round trip at most.
ClockOffset ask(MPI_Comm comm, int parent, double (*clock)()) {
  ClockOffset best{.uncertainty = std::numeric_limits<double>::infinity()};
  for (int i = 0; i < ping_pongs; ++i) {
    double answer = 0;
    const double asked = clock();
    check_mpi(MPI_Sendrecv(nullptr, 0, MPI_DOUBLE, parent, tag, &answer, 1, MPI_DOUBLE, parent, tag, comm,
                           MPI_STATUS_IGNORE));
    const double arrived = clock();
    const double half = 0.5 * (arrived - asked);
    if (half < best.uncertainty) best = {answer - (asked + half), half};
  }
  return best;
}

void answer(MPI_Comm comm, int child, double (*clock)()) {
  for (int i = 0; i < ping_pongs; ++i) {
    check_mpi(MPI_Recv(nullptr, 0, MPI_DOUBLE, child, tag, comm, MPI_STATUS_IGNORE));
    const double now = clock();
    check_mpi(MPI_Send(&now, 1, MPI_DOUBLE, child, tag, comm));
  }
}

bool clock_is_global(MPI_Comm comm) {
  int* global = nullptr;
  int known = 0;
  check_mpi(MPI_Comm_get_attr(comm, MPI_WTIME_IS_GLOBAL, static_cast<void*>(&global), &known));
  return known != 0 && *global != 0;
}

ClockOffset sum(ClockOffset a, ClockOffset b) { return {a.seconds + b.seconds, a.uncertainty + b.uncertainty}; }

/// From rank 0 of @p comm to all.
ClockOffset spread(MPI_Comm comm, ClockOffset offset) {
  double both[] = {offset.seconds, offset.uncertainty};
  check_mpi(MPI_Bcast(both, 2, MPI_DOUBLE, 0, comm));
  return {both[0], both[1]};
}

}  // namespace

ClockOffset align_along_tree(MPI_Comm comm, double (*clock)()) {
  int rank = 0, ranks = 1;
  check_mpi(MPI_Comm_rank(comm, &rank));
  check_mpi(MPI_Comm_size(comm, &ranks));
  ClockOffset offset;
  // In each round the ranks below `known`, which know their offset, take in as many more.
  for (int known = 1; known < ranks; known *= 2) {
    if (rank >= known && rank < 2 * known) {
      const int parent = rank - known;
      double of_parent[2] = {0, 0};
      offset = ask(comm, parent, clock);
      check_mpi(MPI_Recv(of_parent, 2, MPI_DOUBLE, parent, tag, comm, MPI_STATUS_IGNORE));
      offset = sum(offset, {of_parent[0], of_parent[1]});
    } else if (rank < known && rank + known < ranks) {
      const double mine[2] = {offset.seconds, offset.uncertainty};
      answer(comm, rank + known, clock);
      check_mpi(MPI_Send(mine, 2, MPI_DOUBLE, rank + known, tag, comm));
    }
  }
  return offset;
}

ClockOffset align_clock(MPI_Comm comm) {
  const Communicator all = make_communicator(comm);
  if (clock_is_global(all.get())) return {};
  int rank = 0, rank_on_node = 0;
  check_mpi(MPI_Comm_rank(all.get(), &rank));
  MPI_Comm node_handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(all.get(), MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node_handle));
  const Communicator node(node_handle);
  check_mpi(MPI_Comm_set_errhandler(node.get(), MPI_ERRORS_RETURN));
  check_mpi(MPI_Comm_rank(node.get(), &rank_on_node));
  const Communicator leaders = split_communicator(all.get(), rank_on_node == 0 ? 0 : MPI_UNDEFINED, rank);

  ClockOffset of_leader;
  if (leaders) of_leader = align_along_tree(leaders.get(), &MPI_Wtime);
  return sum(spread(node.get(), of_leader), align_along_tree(node.get(), &MPI_Wtime));
}

}  // namespace haloscope
