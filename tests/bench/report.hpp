// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file report.hpp
/// What every benchmark prints around its table: first where it ran and with what, last whether targets were met. Rank
/// 0 alone prints.
#include <mpi.h>

#include <functional>
#include <string>

#include "command_line.hpp"
#include "haloscope/base/errors.hpp"
#include "triad.hpp"

namespace haloscope::bench {

class Report {
 public:
  /// Prints command, date, commit, compiler, machine, load and warnings. Collective.
  Report(MPI_Comm comm, int argc, char** argv);

  /// Measures STREAM and prints it. Collective.
  TriadBandwidth print_triad(int mebibytes) const;
  void line(const std::string& text) const;  ///< on rank 0

  /// Prints the value beside its target. A miss makes exit_code() say so, unless targets are not judged (short runs).
  void at_least(const std::string& what, double value, double target);
  void at_most(const std::string& what, double value, double target);
  /// A result that is wrong; always fails.
  void check(const std::string& what, bool holds);
  void judge_targets(bool judge) noexcept { judge_ = judge; }
  [[nodiscard]] ExitCode exit_code() const noexcept { return failed_ ? ExitCode::result_invalid : ExitCode::ok; }

 private:
  void target(const std::string& what, const std::string& rule, double value, bool met);
  MPI_Comm comm_;
  int rank_ = 0;
  bool judge_ = true, failed_ = false;
};

/// Every benchmark's main: MPI and PETSc from here on, @p line's options into what @p body reads, and the exit
/// code. Errors are printed as the program prints them.
int run_benchmark(int argc, char** argv, CommandLine& line, const std::function<void(Report&)>& body);

}  // namespace haloscope::bench
