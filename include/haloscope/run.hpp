// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file run.hpp
/// One run from case to verdict: builds the problem, steps it under the phase clock, records every step, checks the
/// end.
#include <mpi.h>

#include <string>
#include <vector>

#include "haloscope/errors.hpp"

namespace haloscope {

struct RunOptions {
  std::string case_path;
  std::vector<std::string> overrides;  ///< table.key=value
  std::string output;                  ///< empty: NAME-RANKS.h5 in the working directory
  bool force = false;                  ///< overwrite an existing output file
  std::vector<std::string> petsc_options;
  std::string command_line;
};

/// Collective over @p world. The summary goes to standard output of rank 0, progress to its standard error.
/// @throws UserError, LibraryError
[[nodiscard]] ExitCode run(MPI_Comm world, const RunOptions& options);

}  // namespace haloscope
