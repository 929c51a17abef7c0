// SPDX-License-Identifier: BSD-3-Clause
#include "probe/selfish.hpp"

#include <numeric>

#include "haloscope/base/statistics.hpp"
#include "probe/distribution.hpp"

namespace haloscope {

std::vector<double> durations_of(const DetourSeries& series) {
  std::vector<double> durations;
  for (const Detour& detour : series.detours) durations.push_back(detour.seconds);
  return durations;
}

std::vector<double> intervals_of(const DetourSeries& series) {
  std::vector<double> intervals;
  for (std::size_t i = 1; i < series.detours.size(); ++i)
    intervals.push_back(series.detours[i].start - series.detours[i - 1].start);
  return intervals;
}

DetourSummary summarise(const DetourSeries& series) {
  DetourSummary summary{.minimum_loop = series.minimum_loop,
                        .threshold = series.threshold,
                        .observed = series.observed,
                        .count = static_cast<double>(series.detours.size())};
  std::vector<double> durations = durations_of(series), intervals = intervals_of(series);
  if (durations.empty() || !(series.observed > 0)) return summary;
  std::ranges::sort(durations);
  std::ranges::sort(intervals);
  summary.cpu_fraction = std::accumulate(durations.begin(), durations.end(), 0.0) / series.observed;
  summary.rate = summary.count / series.observed;
  for (std::size_t i = 0; i < detour_lengths_us.size(); ++i) {
    const auto longer = std::ranges::count_if(
        durations, [length = 1e-6 * detour_lengths_us[i]](double seconds) { return seconds > length; });
    summary.rate_longer[i] = static_cast<double>(longer) / series.observed;
  }
  summary.median = quantile(durations, 0.5);
  summary.p99 = quantile(durations, 0.99);
  summary.longest = durations.back();
  if (intervals.empty()) return summary;
  summary.interval_median = quantile(intervals, 0.5);
  summary.interval_p99 = quantile(intervals, 0.99);
  return summary;
}

}  // namespace haloscope
