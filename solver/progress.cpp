// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/progress.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <numeric>

namespace haloscope {

namespace {

constexpr double seconds_between_drawings = 0.2;

/// Standard error where it is a terminal. mpirun hands its ranks a pipe instead and copies it to its own standard
/// error; Open MPI 5 copies whole lines only, and a live line never ends. So where a launcher started us the line goes
/// to the launcher's terminal directly (its process is our parent when rank 0 runs on its node), opened such that a
/// terminal that stands still (Ctrl-S) stops no rank. @return a file descriptor to close, or -1
int open_terminal() {
  if (isatty(STDERR_FILENO) != 0) return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (std::getenv("PMIX_RANK") == nullptr) return -1;
  const std::string theirs = fmt::format("/proc/{}/fd/2", getppid());
  const int terminal = open(theirs.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (terminal < 0 || isatty(terminal) != 0) return terminal;
  close(terminal);
  return -1;
}

/// A launcher runs its ranks in the background of its terminal, which after `stty tostop` stops who writes from there,
/// unless the signal for that is blocked. A line that does not get through is no loss.
void show(int terminal, const std::string& text) {
  sigset_t background, before;
  sigemptyset(&background);
  sigaddset(&background, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &background, &before);
  if (write(terminal, text.data(), text.size()) < 0) errno = 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(std::int64_t steps, bool speaks) : steps_(steps), terminal_(speaks ? open_terminal() : -1) {}

Progress::~Progress() {
  if (terminal_ < 0) return;
  if (drawn_at_) show(terminal_, "\r\x1b[K");
  close(terminal_);
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
  if (terminal_ < 0) return;
  if (done_ == 0) first_ = times.start;
  const auto slot = static_cast<std::size_t>(done_++ % n_recent);
  recent_[slot] = times.seconds;
  recent_mpi_[slot] = 0;
  for (int phase = 0; phase < n_phases; ++phase) {
    const auto p = static_cast<std::size_t>(phase);
    recent_mpi_[slot] += times.point_to_point_seconds[p] + times.collective_seconds[p];
  }
  const double now = times.start + times.seconds;
  if (drawn_at_ && now - *drawn_at_ < seconds_between_drawings) return;
  drawn_at_ = now;
  show(terminal_, fmt::format("\r{}\x1b[K", line(now, simulated_time, end_time)));
}

}  // namespace haloscope
