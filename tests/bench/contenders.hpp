// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file contenders.hpp
/// Who can solve a PoissonProblem: a table, so that a run names those it wants.
#include <memory>
#include <string>
#include <vector>

#include "haloscope/case/case.hpp"
#include "poisson_problem.hpp"

namespace haloscope::bench {

/// CG with Haloscope's multigrid.
[[nodiscard]] std::unique_ptr<Contender> make_ours(std::string name, const PoissonProblem& problem, Precision precision,
                                                   HaloMethod method);

/// A KSP on an assembled DMDA matrix. @p options as on PETSc's command line. @p refine: the DMDA gives PETSc the coarse
/// grids (pc_type mg).
[[nodiscard]] std::unique_ptr<Contender> make_petsc(std::string name, std::string group, const PoissonProblem& problem,
                                                    const std::string& options, bool refine);

/// hypre's CG with PFMG on its struct grid (Ashby & Falgout, Nucl. Sci. Eng. 124, 1996); empty where hypre is not built
/// in. @p relaxation 1: weighted Jacobi, 2: symmetric red-black Gauss-Seidel; @p galerkin: coarse operators by RAP,
/// else rediscretised; @p skip: no relaxation on levels where it would not help.
[[nodiscard]] std::unique_ptr<Contender> make_pfmg(std::string name, std::string group, const PoissonProblem& problem,
                                                   int relaxation, bool galerkin, bool skip);

}  // namespace haloscope::bench
