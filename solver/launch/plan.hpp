// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file plan.hpp
/// Inside the launcher: what --dry-run prints.
#include <string>
#include <vector>

#include "haloscope/study/study.hpp"
#include "launch/site.hpp"

namespace haloscope {

/// The question, the matrix, and the cost with the source of its estimate. @p cores of this machine; @p
/// site for jobs of Slurm, null for mpirun here.
[[nodiscard]] std::string study_plan(const Study& study, const std::vector<StudyRun>& runs, int cores,
                                     const Site* site);

}  // namespace haloscope
