// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file study_command.hpp
/// `haloscope study`: from the file to a folder of runs. Works without MPI.
#include <string>

#include "haloscope/base/errors.hpp"
#include "haloscope/study/study.hpp"
#include "launch/site.hpp"

namespace haloscope {

struct StudyOptions {
  std::string study;   ///< a file, or the name of a study that came with the program
  std::string output;  ///< the folder
  std::string launcher = "local";
  std::string site;  ///< empty: default
  bool dry_run = false, resume = false, submit_only = false;
};

/// ok: every run is done (or, with submit_only, submitted). result_invalid: some failed, are invalid or were not
/// reached; they are named. @throws UserError, LibraryError
[[nodiscard]] ExitCode run_study(const StudyOptions& options);

/// What --dry-run prints: the question, the matrix, and what it will cost, saying from what that is estimated.
/// @p cores of this machine; @p site for jobs of Slurm, null for mpirun here.
[[nodiscard]] std::string study_plan(const Study& study, const std::vector<StudyRun>& runs, int cores,
                                     const Site* site);

}  // namespace haloscope
