// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/clock_alignment.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"

namespace haloscope {

namespace {

constexpr int ping_pongs = 100;
constexpr int tag = 0;
constexpr ClockWindow between_nodes{.instants = 100, .seconds = 2};

/// The parent's clock less the child's at one instant, known to `half`.
struct Comparison {
  double at = 0;  ///< on the child's clock [s]
  double difference = 0;
  double half = std::numeric_limits<double>::infinity();  ///< of the least round trip [s]
};

/// The child asks, the parent answers with its time. The answer was given at some moment between question and arrival:
/// taken as the middle, it is wrong by half the round trip at most.
template <class Clock>
Comparison ask(MPI_Comm comm, int parent, Clock clock) {
  Comparison best;
  for (int i = 0; i < ping_pongs; ++i) {
    double answer = 0;
    const double asked = clock();
    check_mpi(MPI_Sendrecv(nullptr, 0, MPI_DOUBLE, parent, tag, &answer, 1, MPI_DOUBLE, parent, tag, comm,
                           MPI_STATUS_IGNORE));
    const double arrived = clock();
    const double half = 0.5 * (arrived - asked);
    if (half < best.half) best = {asked + half, answer - (asked + half), half};
  }
  return best;
}

template <class Clock>
void answer(MPI_Comm comm, int child, Clock clock) {
  for (int i = 0; i < ping_pongs; ++i) {
    check_mpi(MPI_Recv(nullptr, 0, MPI_DOUBLE, child, tag, comm, MPI_STATUS_IGNORE));
    const double now = clock();
    check_mpi(MPI_Send(&now, 1, MPI_DOUBLE, child, tag, comm));
  }
}

/// In each round the ranks below `known` take in as many more: calls @p as_child (parent) once on all ranks but 0, and
/// @p as_parent (child) for each child, after that.
template <class AsChild, class AsParent>
void along_tree(MPI_Comm comm, AsChild as_child, AsParent as_parent) {
  const int rank = rank_in(comm), ranks = ranks_in(comm);
  for (int known = 1; known < ranks; known *= 2) {
    if (rank >= known && rank < 2 * known)
      as_child(rank - known);
    else if (rank < known && rank + known < ranks)
      as_parent(rank + known);
  }
}

/// Every rank but 0 with its parent.
template <class Clock>
Comparison compare(MPI_Comm comm, Clock clock) {
  Comparison found;
  along_tree(
      comm, [&](int parent) { found = ask(comm, parent, clock); }, [&](int child) { answer(comm, child, clock); });
  return found;
}

/// A line through the comparisons, each of the weight 1 / half^2: slow answers say little.
void fit(const std::vector<Comparison>& points, ClockModel& line) {
  const double first = points.front().at;
  double weights = 0, t = 0, y = 0;
  for (const Comparison& point : points) {
    const double weight = 1 / (point.half * point.half);
    weights += weight;
    t += weight * (point.at - first);
    y += weight * point.difference;
  }
  t /= weights;
  y /= weights;
  double tt = 0, ty = 0;
  for (const Comparison& point : points) {
    const double weight = 1 / (point.half * point.half), from = point.at - first - t;
    tt += weight * from * from;
    ty += weight * from * (point.difference - y);
  }
  line.offset = y;
  line.drift = tt > 0 ? ty / tt : 0;
  line.since = first + t;
}

/// The error of the line is itself a line e, and at each comparison |e| <= its distance from the comparison + half. So
/// for any two of them |e| at `since` and the slope of e have bounds; the least count.
void bound(const std::vector<Comparison>& points, ClockModel& line) {
  const auto at_most = [&line](const Comparison& point) {
    return std::abs(point.at + point.difference - line(point.at)) + point.half;
  };
  line.uncertainty = line.drift_uncertainty = std::numeric_limits<double>::infinity();
  for (const Comparison& a : points)
    for (const Comparison& b : points) {
      const double apart = b.at - a.at;
      if (apart <= 0) continue;
      const double of_a = at_most(a), of_b = at_most(b), share = (line.since - a.at) / apart;
      line.uncertainty = std::min(line.uncertainty, std::abs(1 - share) * of_a + std::abs(share) * of_b);
      line.drift_uncertainty = std::min(line.drift_uncertainty, (of_a + of_b) / apart);
    }
}

ClockModel line_through(const std::vector<Comparison>& points) {
  ClockModel line;
  if (points.size() == 1) {
    line.offset = points[0].difference;
    line.since = points[0].at;
    line.uncertainty = points[0].half;
  } else {
    fit(points, line);
    bound(points, line);
  }
  return line;
}

/// First to the parent's clock, then on to rank 0's.
ClockModel chain(const ClockModel& to_parent, const ClockModel& onward) {
  ClockModel whole;
  whole.since = to_parent.since;
  const double at_parent = to_parent(whole.since);
  whole.offset = onward(at_parent) - whole.since;
  whole.drift = to_parent.drift + onward.drift + to_parent.drift * onward.drift;
  whole.uncertainty =
      to_parent.uncertainty + onward.uncertainty + onward.drift_uncertainty * std::abs(at_parent - onward.since);
  whole.drift_uncertainty = to_parent.drift_uncertainty + onward.drift_uncertainty;
  whole.residual = to_parent.residual + onward.residual;
  return whole;
}

constexpr int model_words = 6;
static_assert(sizeof(ClockModel) == model_words * sizeof(double));

/// Each rank adds what its parent adds.
ClockModel chain_along_tree(MPI_Comm comm, ClockModel mine) {
  along_tree(
      comm,
      [&](int parent) {
        ClockModel onward;
        check_mpi(MPI_Recv(&onward, model_words, MPI_DOUBLE, parent, tag, comm, MPI_STATUS_IGNORE));
        mine = chain(mine, onward);
      },
      [&](int child) { check_mpi(MPI_Send(&mine, model_words, MPI_DOUBLE, child, tag, comm)); });
  return mine;
}

void sleep_for(double seconds) {
  const double whole = std::floor(seconds);
  const timespec pause{static_cast<time_t>(whole), static_cast<long>(1e9 * (seconds - whole))};
  nanosleep(&pause, nullptr);
}

bool clock_is_global(MPI_Comm comm) {
  int* global = nullptr;
  int known = 0;
  check_mpi(MPI_Comm_get_attr(comm, MPI_WTIME_IS_GLOBAL, static_cast<void*>(&global), &known));
  return known != 0 && *global != 0;
}

/// The ranks of a node, and one rank of each node (empty on all others).
struct Nodes {
  explicit Nodes(MPI_Comm comm) : all(make_communicator(comm)) {
    const int rank = rank_in(all.get());
    MPI_Comm handle = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split_type(all.get(), MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &handle));
    node = Communicator(handle);
    check_mpi(MPI_Comm_set_errhandler(node.get(), MPI_ERRORS_RETURN));
    leaders = split_communicator(all.get(), rank_in(node.get()) == 0 ? 0 : MPI_UNDEFINED, rank);
  }
  Communicator all, node, leaders;
};

ClockModel align_nodes(const Nodes& nodes, double (*clock)()) {
  ClockModel model;
  if (nodes.leaders && ranks_in(nodes.leaders.get()) > 1)
    model = align_along_tree(nodes.leaders.get(), clock, between_nodes);
  check_mpi(MPI_Bcast(&model, model_words, MPI_DOUBLE, 0, nodes.node.get()));
  return model;
}

}  // namespace

double residual_along_tree(MPI_Comm comm, double (*clock)(), const ClockModel& model) {
  const Comparison left = compare(comm, [&] { return model(clock()); });
  return chain_along_tree(comm, {.residual = left.difference}).residual;
}

ClockModel align_along_tree(MPI_Comm comm, double (*clock)(), const ClockWindow& window) {
  std::vector<Comparison> points;
  const double pause = window.instants > 1 ? window.seconds / (window.instants - 1) : 0;
  for (int i = 0; i < window.instants; ++i) {
    if (i > 0) sleep_for(pause);
    points.push_back(compare(comm, clock));
  }
  ClockModel model = chain_along_tree(comm, rank_in(comm) == 0 ? ClockModel{} : line_through(points));
  sleep_for(0.5 * window.seconds);
  model.residual = residual_along_tree(comm, clock, model);
  return model;
}

ClockModel align_node_clock(MPI_Comm comm, double (*clock)()) { return align_nodes(Nodes(comm), clock); }

ClockModel align_clock(MPI_Comm comm) {
  if (clock_is_global(comm)) return {};
  const Nodes nodes(comm);
  const ClockModel of_leader = align_nodes(nodes, &MPI_Wtime);
  return chain(align_along_tree(nodes.node.get(), &MPI_Wtime, {}), of_leader);
}

double clock_residual(MPI_Comm comm, const ClockModel& model) {
  if (clock_is_global(comm)) return 0;
  const Nodes nodes(comm);
  double of_leader = 0;
  if (nodes.leaders) of_leader = residual_along_tree(nodes.leaders.get(), &MPI_Wtime, model);
  check_mpi(MPI_Bcast(&of_leader, 1, MPI_DOUBLE, 0, nodes.node.get()));
  return of_leader + residual_along_tree(nodes.node.get(), &MPI_Wtime, model);
}

}  // namespace haloscope
