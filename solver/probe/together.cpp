// SPDX-License-Identifier: BSD-3-Clause
// Operations of all ranks together: barrier, reduction, halo exchange. A repetition begins at a time agreed beforehand
// (windows; Hunold & Carpen-Amarie, IEEE TPDS 27(12), 2016). It counts from the moment when the last rank begins until
// the last one ends, by clocks compared with rank 0's. So a late rank does not make it longer, and no repetition is
// thrown away. The price: work that the others do before the last one begins is not counted.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/statistics.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "haloscope/grid/halo.hpp"
#include "probe/distribution.hpp"
#include "probe/parts.hpp"

namespace haloscope {

namespace {

constexpr std::size_t batch = 100;  // repetitions between two agreements
constexpr std::size_t most_repetitions = 20'000;
constexpr double head_start = 2e-4, slack = 1e-5;       // before a batch, and in a window [s]
constexpr double window_lengths = 3;                    // of the median repetition
constexpr double allreduce_part = 0.6;                  // of the time of both collectives
constexpr std::array<int, 3> halo_edges = {8, 32, 64};  // cells along the edges of a rank's box

/// The times of a batch on rank 0's clock [s]. Collective.
struct Batch {
  std::array<double, 3 * batch> greatest{};  ///< starts, ends, and starts with the sign turned
  [[nodiscard]] double seconds(std::size_t i) const { return greatest[batch + i] - greatest[i]; }
  [[nodiscard]] double skew(std::size_t i) const { return greatest[i] + greatest[2 * batch + i]; }
};

Batch run_batch(const Stage& stage, const ClockModel& clock, const std::function<void()>& operation, double window) {
  check_mpi(MPI_Barrier(stage.comm()));
  double start = clock(MPI_Wtime()) + head_start;
  {
    const BehindTheScenes behind;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &start, 1, MPI_DOUBLE, MPI_MAX, stage.comm()));
  }
  Batch times;
  for (std::size_t i = 0; i < batch; ++i) {
    stage.wait_until(clock.inverse(start + static_cast<double>(i) * window));
    const double begun = MPI_Wtime();
    operation();
    const double ended = MPI_Wtime();
    times.greatest[i] = clock(begun);
    times.greatest[batch + i] = clock(ended);
    times.greatest[2 * batch + i] = -times.greatest[i];
  }
  const BehindTheScenes behind;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, times.greatest.data(), static_cast<int>(times.greatest.size()), MPI_DOUBLE,
                          MPI_MAX, stage.comm()));
  return times;
}

/// Equal boxes of size³ cells, one a rank, periodic along axes that several ranks share.
Decomposition boxes(MPI_Comm comm, int size) {
  const GlobalIndex plenty = GlobalIndex{1} << 20;
  const PerAxis<int> grid = choose_process_grid(ranks_in(comm), {plenty, plenty, plenty});
  PerAxis<std::vector<GlobalIndex>> cuts;
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (int piece = 0; piece <= grid[axis]; ++piece) cuts[axis].push_back(GlobalIndex{size} * piece);
  return Decomposition(comm, cuts, {grid[0] > 1, grid[1] > 1, grid[2] > 1});
}

}  // namespace

CollectiveReport measure_together(Stage& stage, const ClockModel& clock, const std::string& name,
                                  const std::function<void()>& operation, double seconds, std::size_t most) {
  CollectiveReport report{.name = name, .seconds = {}};
  std::vector<double> skews;
  const double end = stage.spent() + seconds;
  double window = slack;
  do {
    const Batch times = run_batch(stage, clock, operation, window);
    std::vector<double> sorted;
    for (std::size_t i = 0; i < batch; ++i) {
      sorted.push_back(times.seconds(i));
      skews.push_back(times.skew(i));
    }
    report.seconds.insert(report.seconds.end(), sorted.begin(), sorted.end());
    std::ranges::sort(sorted);
    window = window_lengths * quantile(sorted, 0.5) + slack;
    stage.meet();
  } while (report.seconds.size() < most && stage.spent() < end);
  // The first batch had no window to go by.
  report.warmup = static_cast<std::int64_t>(report.seconds.size() > batch ? batch : batch / 10);
  std::ranges::sort(skews);
  report.skew = quantile(skews, 0.5);
  return report;
}

std::vector<CollectiveReport> measure_collectives(Stage& stage, const ClockModel& clock) {
  std::vector<CollectiveReport> reports;
  const double seconds = stage.left();
  double one = 1, sum = 0;
  reports.push_back(measure_together(
      stage, clock, "allreduce 8 B",
      [&] { check_mpi(MPI_Allreduce(&one, &sum, 1, MPI_DOUBLE, MPI_SUM, stage.comm())); }, allreduce_part * seconds,
      most_repetitions));
  require(sum == stage.ranks(), "the reduction adds up");
  reports.push_back(measure_together(
      stage, clock, "barrier", [&] { check_mpi(MPI_Barrier(stage.comm())); }, stage.left(), most_repetitions));
  return reports;
}

std::vector<CollectiveReport> measure_halo(Stage& stage, const ClockModel& clock) {
  std::vector<CollectiveReport> reports;
  PhaseClock phases;
  for (std::size_t i = 0; i < halo_edges.size(); ++i) {
    const int edge = halo_edges[i];
    const Decomposition where = boxes(stage.comm(), edge);
    Halo<double> halo(where, HaloMethod::persistent, HaloReach::faces, 1, 1, phases);
    Field<double> field(where.local_cells(), 1);
    int messages = halo.messages();
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &messages, 1, MPI_INT, MPI_MAX, stage.comm()));
    const std::string name = fmt::format("halo {} x {} B", messages, 8 * edge * edge);
    const double seconds = std::max(stage.left(), 0.0) / static_cast<double>(halo_edges.size() - i);
    reports.push_back(measure_together(
        stage, clock, name, [&] { halo.exchange(field.view()); }, seconds, most_repetitions));
  }
  return reports;
}

}  // namespace haloscope
