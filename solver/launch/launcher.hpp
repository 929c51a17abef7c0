// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file launcher.hpp
/// How the runs of a study are started and followed: one after the other by mpirun on this machine, or as jobs of
/// Slurm.
///
/// Both keep the manifest up to date as they go. They can be called again on a manifest of any age.
#include <string>

#include "haloscope/study/manifest.hpp"
#include "launch/child.hpp"
#include "launch/progress.hpp"
#include "launch/site.hpp"

namespace haloscope {

/// Cores, not their hardware threads, that this process may use.
[[nodiscard]] int cores_here();

/// The words that run @p run here. Ranks get a core each where there are enough; else, in virtual time only, they take
/// turns. Works for Open MPI 4 and 5: what it needs stands in its environment.
[[nodiscard]] std::vector<std::string> local_command(const Study& study, const StudyRun& run, const std::string& output,
                                                     int cores);

/// Why @p run cannot be done on so many cores; empty when it can.
[[nodiscard]] std::string local_objection(const StudyRun& run, int cores);

/// Does every run that is not done. @return the name of the signal that ended it early; empty: all were tried
[[nodiscard]] std::string run_locally(Manifest& manifest, StudyProgress& progress, SignalWatch& signals);

/// The script of one run, from the template jobs/slurm/run.sh.
[[nodiscard]] std::string slurm_script(const Manifest& manifest, const ManifestRun& run, const Site& site);

/// Submits every run that is neither done nor out already, and unless @p submit_only follows them to their ends. A
/// signal ends the following, not the jobs. @throws UserError without Slurm's commands, LibraryError when sbatch
/// refuses every run
[[nodiscard]] std::string run_by_slurm(Manifest& manifest, const Site& site, bool submit_only, StudyProgress& progress,
                                       SignalWatch& signals);

}  // namespace haloscope
