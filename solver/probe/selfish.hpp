// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file selfish.hpp
/// What the host takes from a computing core: a loop that does nothing but read the clock, and looks where it stood
/// still (the selfish detour benchmark; Hoefler, Schneider & Lumsdaine, SC10, section 2; Beckman et al., Cluster
/// 2006).
///
/// A reading that comes later than 9 minimum loops after the one before is a detour; its duration excludes the minimum
/// loop. Detours shorter than that are invisible, so hosts are compared by the rates of those longer than 10 us and
/// more. The loop tells nothing about who took the time: kernel, hypervisor, or another thread.
#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace haloscope {

struct Detour {
  double start = 0;    ///< by the clock that was read [s]
  double seconds = 0;  ///< less the minimum loop
};

struct DetourSeries {
  double minimum_loop = 0;  ///< the least time between two readings [s]
  double threshold = 0;     ///< [s]
  double begin = 0;         ///< the first reading that might have ended a detour [s]
  double observed = 0;      ///< from there to the last reading [s]
  std::vector<Detour> detours;
};

inline constexpr double detour_threshold_loops = 9;
/// No threshold is lower: a clock whose readings are corrected for their own cost may not move between two of them.
inline constexpr double least_detour_threshold = 0.2e-6;  // [s]
inline constexpr std::array<double, 5> detour_lengths_us = {10, 20, 50, 100, 200};

/// Reads @p clock, which gives seconds, for about @p seconds, or until @p most detours have been seen, or the clock has
/// not moved for @p patience readings. The first tenth only finds the minimum loop.
template <class Clock>
[[nodiscard]] DetourSeries watch_for_detours(Clock&& clock, double seconds, std::size_t most,
                                             long patience = 10'000'000) {
  DetourSeries series;
  std::vector<Detour> seen(std::min(most, std::size_t{1} << 14));  // touched now: a page fault would be a detour
  std::size_t count = 0;
  const double begin = clock();
  double least = std::numeric_limits<double>::infinity(), last = begin;
  long still = 0;
  while (last - begin < 0.1 * seconds && still < patience) {
    const double now = clock();
    still = now > last ? 0 : still + 1;
    least = std::min(least, now - last);
    last = now;
  }
  series.minimum_loop = still < patience ? least : 0;
  series.threshold = std::max(detour_threshold_loops * series.minimum_loop, least_detour_threshold);
  series.begin = last;
  while (last - begin < seconds && still < patience && count < most) {
    const double now = clock();
    still = now > last ? 0 : still + 1;
    const double loop = now - last;
    if (loop > series.threshold) seen[count++] = {last, loop - series.minimum_loop};
    last = now;
    if (count == seen.size() && count < most) {
      seen.resize(std::min(most, 2 * count));
      last = clock();  // the time of that is no detour
    }
  }
  seen.resize(count);
  series.detours = std::move(seen);
  series.observed = last - series.begin;
  return series;
}

/// A series in numbers; quantities that nothing tells are 0.
struct DetourSummary {
  double minimum_loop = 0, threshold = 0, observed = 0;        ///< as in the series [s]
  double count = 0;                                            ///< detours
  double cpu_fraction = 0;                                     ///< sum of durations over the time observed
  double rate = 0;                                             ///< of all of them [1/s]
  std::array<double, detour_lengths_us.size()> rate_longer{};  ///< than each of detour_lengths_us [1/s]
  double median = 0, p99 = 0, longest = 0;                     ///< durations [s]
  double interval_median = 0, interval_p99 = 0;                ///< start to start [s]
};
[[nodiscard]] DetourSummary summarise(const DetourSeries& series);

/// Durations, and intervals from start to start. [s]
[[nodiscard]] std::vector<double> durations_of(const DetourSeries& series);
[[nodiscard]] std::vector<double> intervals_of(const DetourSeries& series);

}  // namespace haloscope
