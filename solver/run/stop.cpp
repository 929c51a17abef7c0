// SPDX-License-Identifier: BSD-3-Clause
#include "run/stop.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

constexpr double seconds_between_checks = 1.0;
constexpr std::array signals{SIGTERM, SIGINT, SIGUSR1};
volatile std::sig_atomic_t received = 0;  // a signal handler can reach nothing else

extern "C" void note_signal(int number) { received = number; }

std::string signal_name(int number) { return number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGUSR1"; }

}  // namespace

StopSign::StopSign(MPI_Comm comm) : comm_(comm), checked_(PMPI_Wtime()) {
  received = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);  // the second signal meets the default: it kills
  for (const int number : signals) sigaction(number, &action, nullptr);
}

StopSign::~StopSign() {
  for (const int number : signals) std::signal(number, SIG_DFL);
}

std::string StopSign::seen() {
  if (--until_check_ > 0) return {};
  const double now = PMPI_Wtime();  // real time: signals come in it
  std::array<double, 2> worst{static_cast<double>(received), (now - checked_) / static_cast<double>(interval_)};
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, worst.data(), 2, MPI_DOUBLE, MPI_MAX, comm_));
  checked_ = now;
  // The same on every rank: it follows from reduced numbers. Growth is bounded because a first step may be short.
  const double fit = seconds_between_checks / std::max(worst[1], 1e-6);
  interval_ = static_cast<long>(std::clamp(fit, 1.0, 10.0 * static_cast<double>(interval_)));
  until_check_ = interval_;
  return worst[0] > 0 ? signal_name(static_cast<int>(worst[0])) : std::string{};
}

}  // namespace haloscope
