// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file child.hpp
/// Other programs, started without MPI: a run under its launcher in a process group of its own with a time limit, or a
/// command whose words are wanted. Linux only.
///
/// What a launcher starts may leave its group (Open MPI gives ranks their own) and outlive it. So this process adopts
/// orphans (PR_SET_CHILD_SUBREAPER), and when a run ends or is killed, so is everything below it. If this process is
/// killed itself, even by kill -9, the launcher gets SIGTERM.
#include <functional>
#include <string>
#include <vector>

namespace haloscope {

/// Real time since some moment [s]; for what runs without MPI and its clock.
[[nodiscard]] double seconds_now();

/// SIGINT, SIGTERM and SIGHUP wait to be asked for while this lives. One a process.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  /// Sleeps until a signal comes, a child changes or @p seconds are over; at least looks. @return the name of a signal
  /// to stop, "SIGINT"; empty: none
  [[nodiscard]] std::string wait(double seconds);
};

struct ChildEnd {
  int code = 0;             ///< exit code; 128 + number for a signal
  double seconds = 0;       ///< from start to end [s]
  bool timed_out = false;   ///< ended by us, for it took too long
  std::string interrupted;  ///< ended by us, for we got this signal
};

/// Runs @p command to its end, its words appended to the file @p log. After @p time_limit_s, or when a signal comes,
/// its group gets SIGTERM, ten seconds later (or with a second signal) everything below it SIGKILL. @p beat is called
/// about five times a second with the seconds so far. @throws LibraryError when it cannot be started
[[nodiscard]] ChildEnd run_child(const std::vector<std::string>& command, const std::string& log, double time_limit_s,
                                 SignalWatch& signals, const std::function<void(double)>& beat);

struct Answer {
  int code = 0;
  std::string out, err;
};
/// Runs a short command and gives what it said. Code 127: not found.
[[nodiscard]] Answer ask_command(const std::vector<std::string>& command);

/// Where a shell would find @p word; empty: nowhere.
[[nodiscard]] std::string find_command(const std::string& word);

/// @p words quoted as a shell wants them.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

}  // namespace haloscope
