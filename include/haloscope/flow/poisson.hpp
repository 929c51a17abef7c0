// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file poisson.hpp
/// The tightly coupled solve: -∇²x = b on a uniform grid with walls (∂x/∂n = 0) or periodic axes, driven by PETSc's
/// KSP.
///
/// The operator is a MatShell over our own halo exchange and kernel, the preconditioner a PCShell around Multigrid (or
/// PETSc's own none and jacobi). The problem is singular: the mean is taken off b, and x is returned with mean zero.
/// There are two ways to stop: the true relative residual, or a fixed number of iterations. That is constant work, so
/// the step time shows the machine and not the convergence. PETSc stays behind this door.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "flow/multigrid.hpp"
#include "haloscope/case/case.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

/// PETSc, from after MPI_Init to before MPI_Finalize. One a process; made in main. Collective over MPI_COMM_WORLD.
class PetscSession {
 public:
  /// @p options: what the user wrote after `--`.
  explicit PetscSession(const std::vector<std::string>& options);
  ~PetscSession();
  PetscSession(const PetscSession&) = delete;
  PetscSession& operator=(const PetscSession&) = delete;
  /// @throws UserError naming the first option that nothing has used. Call when all solvers are made.
  void require_options_used() const;
  [[nodiscard]] static std::string version();
};

struct SolveReport {
  int iterations = 0;
  double relative_residual = 0;  ///< ‖b - A x‖₂ / ‖b‖₂; 0 when b = 0
  bool converged = false;        ///< true in fixed-iteration mode unless the solve diverged or met a NaN
};

class Poisson {
 public:
  /// Collective over the decomposition's ranks. Spacing follows from @p settings' cells and length_m.
  /// @throws UserError for an unknown KSP type, LibraryError when PETSc fails.
  Poisson(const Decomposition& decomposition, const Case& settings, PhaseClock& clock);
  Poisson(Poisson&&) noexcept;
  ~Poisson();

  /// Dense arrays (nz, ny, nx) of this rank, which solve() reads and overwrites. Valid as long as the solver.
  [[nodiscard]] FieldView<double> right_side() noexcept;
  [[nodiscard]] FieldView<double> solution() noexcept;

  /// Solves -∇²x = b. @p start_from_solution: x holds a guess. Collective. @throws LibraryError
  SolveReport solve(bool start_from_solution = false);

  /// y = -∇²x for dense arrays of this rank (the operator kernel with its halo exchange). Collective.
  void apply_operator(const double* x, double* y);

  [[nodiscard]] std::string describe() const;  ///< one line: method, preconditioner, levels, precision

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace haloscope
