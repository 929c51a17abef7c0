// SPDX-License-Identifier: BSD-3-Clause
#include "probe/stage.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/statistics.hpp"

namespace haloscope {

namespace {

constexpr unsigned nap = 100;  // [us]
constexpr int tag = 1;

/// Differences of readings in a row: their median is what a reading costs, the least above 0 is the clock's step.
void look_at_clock(double& step, double& cost) {
  std::array<double, 2001> differences{};
  step = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < 2; ++pass) {  // the first warms up
    double last = MPI_Wtime();
    for (double& difference : differences) {
      const double now = MPI_Wtime();
      difference = now - last;
      last = now;
    }
  }
  for (const double difference : differences)
    if (difference > 0) step = std::min(step, difference);
  if (step == std::numeric_limits<double>::infinity()) step = 0;
  cost = upper_median(std::span<double>(differences));
}

/// Some 100 ns of additions that wait for each other.
void compute_a_little() {
  static volatile double result = 0;
  double sum = result;
  for (int i = 0; i < 64; ++i) sum = sum * 0.5 + 1;
  result = sum;
}

}  // namespace

Stage::Stage(MPI_Comm world, const Network& network, double seconds, double parts)
    : comm_(make_communicator(world)),
      rank_(rank_in(world)),
      ranks_(ranks_in(world)),
      seconds_(seconds),
      parts_(parts),
      line_(rank_ == 0) {
  if (network.virtual_time()) moves_ = network.compute == "announced" ? Moves::when_told : Moves::by_computing;
  look_at_clock(clock_step_, clock_cost_);
  met_ = MPI_Wtime();
}

void Stage::begin(const std::string& what, double weight) {
  what_ = what;
  meet();
  const double remaining = std::max(seconds_ - spent_, 0.0);
  end_ = spent_ + (parts_ > 0 ? remaining * std::min(weight / parts_, 1.0) : 0.0);
  parts_ -= weight;
  drawn_at_ = -1;
  show();
}

void Stage::meet(std::span<double> greatest) {
  const double mine_since = MPI_Wtime() - met_;
  const BehindTheScenes behind;
  std::vector<double> mine(greatest.begin(), greatest.end());
  mine.push_back(mine_since);
  std::vector<double> all(mine.size());
  MPI_Request begun = MPI_REQUEST_NULL;
  check_mpi(
      MPI_Iallreduce(mine.data(), all.data(), static_cast<int>(mine.size()), MPI_DOUBLE, MPI_MAX, comm_.get(), &begun));
  for (int done = 0;;) {
    check_mpi(MPI_Test(&begun, &done, MPI_STATUS_IGNORE));
    if (done != 0) break;
    ::usleep(nap);
    show(MPI_Wtime() - met_);
  }
  std::copy_n(all.begin(), greatest.size(), greatest.begin());
  spent_ += all.back();
  met_ = MPI_Wtime();
}

std::vector<double> Stage::bring(int rank, std::vector<double> values) const {
  if (rank == 0) return values;
  const BehindTheScenes behind;
  if (rank_ == rank) {
    check_mpi(MPI_Send(values.data(), static_cast<int>(values.size()), MPI_DOUBLE, 0, tag, comm_.get()));
  } else if (rank_ == 0) {
    MPI_Status status;
    int count = 0;
    check_mpi(MPI_Probe(rank, tag, comm_.get(), &status));
    check_mpi(MPI_Get_count(&status, MPI_DOUBLE, &count));
    values.resize(static_cast<std::size_t>(count));
    check_mpi(MPI_Recv(values.data(), count, MPI_DOUBLE, rank, tag, comm_.get(), MPI_STATUS_IGNORE));
  }
  return values;
}

std::vector<std::vector<double>> Stage::gather(const std::vector<double>& values) const {
  std::vector<std::vector<double>> all(static_cast<std::size_t>(rank_ == 0 ? ranks_ : 0));
  if (rank_ == 0) all[0] = values;
  for (int rank = 1; rank < ranks_; ++rank) {
    std::vector<double> theirs = bring(rank, values);
    if (rank_ == 0) all[static_cast<std::size_t>(rank)] = std::move(theirs);
  }
  return all;
}

std::vector<std::string> Stage::gather(const std::string& text) const {
  const BehindTheScenes behind;
  return haloscope::gather(comm_.get(), text);
}

double Stage::read_after(double work) const {
  if (moves_ == Moves::when_told) MPI_Pcontrol(pcontrol::announce, work);
  if (moves_ == Moves::by_computing) compute_a_little();
  return MPI_Wtime();
}

void Stage::wait_until(double time) const {
  for (double now = MPI_Wtime(); now < time;) now = read_after(std::max(time - now, 1e-9));
}

void Stage::show(double since_meeting) {
  if (!line_.seen()) return;
  const double gone = spent_ + since_meeting;
  if (drawn_at_ >= 0 && gone - drawn_at_ < LiveLine::seconds_between) return;
  drawn_at_ = gone;
  line_.draw(fmt::format("probe: {}  {:.0f} of {:.0f} s", what_, gone, seconds_));
}

std::vector<int> nodes_of(MPI_Comm comm, const Network& network) {
  const int rank = rank_in(comm), ranks = ranks_in(comm);
  std::vector<int> first_of(static_cast<std::size_t>(ranks));
  if (network.modelled()) {
    const auto ranks_per_node = static_cast<int>(std::max<std::int64_t>(network.ranks_per_node, 1));
    for (int r = 0; r < ranks; ++r) first_of[static_cast<std::size_t>(r)] = r - r % ranks_per_node;
  } else {
    MPI_Comm handle = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &handle));
    const Communicator node(handle);
    int first = rank;
    check_mpi(MPI_Bcast(&first, 1, MPI_INT, 0, node.get()));
    check_mpi(MPI_Allgather(&first, 1, MPI_INT, first_of.data(), 1, MPI_INT, comm));
  }
  std::vector<int> firsts = first_of;
  std::ranges::sort(firsts);
  firsts.erase(std::unique(firsts.begin(), firsts.end()), firsts.end());
  std::vector<int> nodes;
  for (const int first : first_of)
    nodes.push_back(static_cast<int>(std::ranges::lower_bound(firsts, first) - firsts.begin()));
  return nodes;
}

}  // namespace haloscope
