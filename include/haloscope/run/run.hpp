// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file run.hpp
/// One run from case to verdict: builds the workload, steps it under the phase clock, records every step, checks the
/// end. Only the steps are measured, and only they take time on a modelled network.
#include <mpi.h>

#include <string>
#include <vector>

#include "haloscope/base/errors.hpp"

namespace haloscope {

class PetscSession;

struct RunOptions {
  std::string case_path;               ///< a file, or the name of a case that came with the program
  std::vector<std::string> overrides;  ///< table.key=value
  std::string output;                  ///< empty: NAME-Nranks.h5 in the working directory
  bool force = false;                  ///< overwrite an existing output file
  std::string compute;  ///< the model to announce computing by, where the network was started so; empty: the usual one
  std::string calibrate;  ///< write such a model to this file; the network must be ideal, in virtual time
  std::string command_line;
};

/// Collective over @p world. The summary goes to standard output of rank 0, progress and warnings to its standard
/// error.
/// @throws UserError, LibraryError
[[nodiscard]] ExitCode run(MPI_Comm world, const PetscSession& petsc, const RunOptions& options);

}  // namespace haloscope
