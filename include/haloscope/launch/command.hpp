// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file command.hpp
/// `haloscope study`: from the file to a folder of runs. Works without MPI.
#include <string>

#include "haloscope/base/errors.hpp"
#include "haloscope/study/manifest.hpp"

namespace haloscope {

struct StudyOptions {
  std::string study;   ///< a file, or the name of a study that came with the program
  std::string output;  ///< the folder
  std::string launcher = "local";
  std::string site;  ///< empty: default
  bool dry_run = false, resume = false, submit_only = false;
};

/// ok: every run is done (or, with submit_only, submitted). result_invalid: some failed, are invalid or were not
/// reached; they are named. @p read_outcome judges the files that runs left. @throws UserError, LibraryError
[[nodiscard]] ExitCode run_study(const StudyOptions& options, const ReadOutcome& read_outcome);

/// Every key of a site, as markdown.
[[nodiscard]] std::string site_reference();

}  // namespace haloscope
