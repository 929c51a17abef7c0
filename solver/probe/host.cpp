// SPDX-License-Identifier: BSD-3-Clause
// What the hosts do to their ranks: detours of every core, all ranks looking at once as they would compute at once; and
// the bandwidth of the memory that the ranks of a node share.
#include <algorithm>
#include <limits>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/statistics.hpp"
#include "probe/distribution.hpp"
#include "probe/parts.hpp"
#include "probe/triad.hpp"

namespace haloscope {

namespace {

constexpr std::size_t most_detours = 2'000'000, most_kept = 20'000;  // of a rank: seen, and brought to rank 0
constexpr int sweeps = 7, warmup_sweeps = 1;

/// Of all ranks those detours that began within equal times, as long as no rank has too many: pooled, each rank then
/// counts by its rate.
void keep_equal_times(Stage& stage, DetourSeries& series) {
  const bool many = series.detours.size() > most_kept;
  double shortest[] = {many ? series.begin - series.detours[most_kept].start : -series.observed};  // the sign is turned
  stage.meet(shortest);
  const double end = series.begin - shortest[0];
  std::erase_if(series.detours, [end](const Detour& detour) { return detour.start >= end; });
}

/// The median of several sweeps [B/s]; NaN where the clock does not move meanwhile.
double bandwidth(const Stage& stage, Triad& triad) {
  std::vector<double> seconds;
  for (int sweep = -warmup_sweeps; sweep < sweeps; ++sweep) {
    const double before = MPI_Wtime();
    triad.sweep();
    if (sweep >= 0) seconds.push_back(MPI_Wtime() - before);
  }
  std::ranges::sort(seconds);
  const double median = quantile(seconds, 0.5);
  return median > 0 && !stage.clock_moves_when_told() ? triad.bytes() / median
                                                      : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void measure_detours(Stage& stage, RankReport& mine, ProbeReport& report) {
  stage.meet();
  DetourSeries series =
      watch_for_detours([&stage] { return stage.read_while_computing(); }, std::max(stage.left(), 0.1), most_detours);
  stage.meet();
  mine.detours = summarise(series);
  keep_equal_times(stage, series);
  for (const std::vector<double>& of_rank : stage.gather(durations_of(series)))
    report.detour_seconds.insert(report.detour_seconds.end(), of_rank.begin(), of_rank.end());
  for (const std::vector<double>& of_rank : stage.gather(intervals_of(series)))
    report.detour_intervals.insert(report.detour_intervals.end(), of_rank.begin(), of_rank.end());
}

void measure_triad(Stage& stage, int mebibytes, bool first_of_node, RankReport& mine) {
  Triad triad(mebibytes);
  stage.meet();
  if (first_of_node) mine.triad_alone = bandwidth(stage, triad);
  stage.meet();
  mine.triad_together = bandwidth(stage, triad);
  stage.meet();
  require(triad.correct(), "the triad computes b + s c");
}

}  // namespace haloscope
