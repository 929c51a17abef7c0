// SPDX-License-Identifier: BSD-3-Clause
#include "run/progress.hpp"

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <numeric>

#include "haloscope/base/statistics.hpp"

namespace haloscope {

namespace {

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(std::int64_t steps, bool speaks) : steps_(steps), line_(speaks), first_(PMPI_Wtime()) {}

std::string Progress::text(double now, double simulated_time, double end_time) const {
  const auto known = static_cast<std::size_t>(std::min<std::int64_t>(done_, n_recent));
  std::array<double, n_recent> sorted = recent_;
  const double median = upper_median(std::span(sorted).first(known));
  const double in_steps = std::accumulate(recent_.begin(), recent_.begin() + known, 0.0);
  const double in_mpi = std::accumulate(recent_mpi_.begin(), recent_mpi_.begin() + known, 0.0);
  const double rate = now > first_ ? static_cast<double>(done_) / (now - first_) : 0;
  double steps_left = static_cast<double>(steps_ - done_);
  if (simulated_time > 0)  // an end time may come before the last step; steps so far tell how long a step is
    steps_left = std::min(steps_left, static_cast<double>(done_) * std::max(end_time / simulated_time - 1, 0.0));
  return fmt::format("step {}/{}  {:.3g} steps/s  median {:.3g} ms  MPI {:.0f} %  {} left", done_, steps_, rate,
                     1e3 * median, 100 * in_mpi / in_steps, rate > 0 ? duration(steps_left / rate) : "?");
}

void Progress::update(const StepTimes& times, double simulated_time, double end_time) {
  if (!line_.seen()) return;
  const double now = PMPI_Wtime();  // real time, whatever clock the steps are measured by
  const auto slot = static_cast<std::size_t>(done_++ % n_recent);
  recent_[slot] = times.seconds;
  recent_mpi_[slot] = 0;
  for (int phase = 0; phase < n_phases; ++phase) {
    const auto p = static_cast<std::size_t>(phase);
    recent_mpi_[slot] += times.point_to_point_seconds[p] + times.collective_seconds[p];
  }
  if (drawn_at_ && now - *drawn_at_ < LiveLine::seconds_between) return;
  drawn_at_ = now;
  line_.draw(text(now, simulated_time, end_time));
}

}  // namespace haloscope
