// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/live_line.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace haloscope {

namespace {

/// Standard error where it is a terminal. mpirun hands its ranks a pipe instead and copies it to its own standard
/// error; Open MPI 5 copies whole lines only, and a live line never ends. So under a launcher the line goes to the
/// launcher's terminal directly (its process is our parent when rank 0 runs on its node). That is opened without
/// blocking: a terminal that stands still (Ctrl-S) stops no rank. @return a file descriptor to close, or -1
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

}  // namespace

LiveLine::LiveLine(bool speaks) : terminal_(speaks ? open_terminal() : -1) {}

LiveLine::~LiveLine() {
  if (terminal_ < 0) return;
  if (drawn_) show(terminal_, "\r\x1b[K");
  close(terminal_);
}

void LiveLine::draw(const std::string& text) {
  if (terminal_ < 0) return;
  drawn_ = true;
  show(terminal_, fmt::format("\r{}\x1b[K", text));
}

}  // namespace haloscope
