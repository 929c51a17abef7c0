// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/progress.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace haloscope {

namespace {

constexpr double seconds_between_drawings = 0.2;

/// mpirun hands its ranks a pipe as standard error and copies it to its own. So where a launcher started us, what
/// counts is whether the launcher's standard error is a terminal (its process is our parent when rank 0 runs on its
/// node).
bool launcher_has_terminal() {
  if (std::getenv("PMIX_RANK") == nullptr) return false;
  const int theirs = open(fmt::format("/proc/{}/fd/2", getppid()).c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (theirs < 0) return false;
  const bool terminal = isatty(theirs) != 0;
  close(theirs);
  return terminal;
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace

bool terminal_watches() { return isatty(STDERR_FILENO) != 0 || launcher_has_terminal(); }

Progress::Progress(std::int64_t steps, bool enabled) : steps_(steps), enabled_(enabled) {}

Progress::~Progress() {
  if (enabled_ && last_drawn_ > 0) std::fputs("\r\x1b[K", stderr);
}

std::string Progress::line(double now, double simulated_time, double end_time) const {
  const auto known = static_cast<std::size_t>(std::min<std::int64_t>(done_, n_recent));
  std::array<double, n_recent> sorted = recent_;
  std::nth_element(sorted.begin(), sorted.begin() + known / 2, sorted.begin() + known);
  const double median = sorted[known / 2];
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
  if (!enabled_) return;
  if (done_ == 0) first_ = times.start;
  const auto slot = static_cast<std::size_t>(done_++ % n_recent);
  recent_[slot] = times.seconds;
  recent_mpi_[slot] = 0;
  for (int phase = 0; phase < n_phases; ++phase) {
    const auto p = static_cast<std::size_t>(phase);
    recent_mpi_[slot] += times.point_to_point_seconds[p] + times.collective_seconds[p];
  }
  const double now = times.start + times.seconds;
  if (now - last_drawn_ < seconds_between_drawings) return;
  last_drawn_ = now;
  fmt::print(stderr, "\r{}\x1b[K", line(now, simulated_time, end_time));
  std::fflush(stderr);
}

}  // namespace haloscope
