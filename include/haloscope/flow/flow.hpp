// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file flow.hpp
/// Incompressible Navier-Stokes on a staggered grid (Harlow & Welch, Phys. Fluids 8, 1965): second-order central
/// differences in divergence form, explicit in time, a projection (Chorin, Math. Comput. 22, 1968) each stage.
///
/// Velocity component d of cell (i,j,k) lives on its high face along d; pressure in the middle. So a cell on a low wall
/// finds the wall's face in its ghost. In time: Runge-Kutta of order 3 or Adams-Bashforth 2; the pressure is of order
/// 1. Diffusion is explicit and limits dt, so this is meant for Reynolds numbers at which advection limits it. A chosen
/// step shares itself between both limits (1/dt = rate/cfl_limit + viscous rate/diffusion_limit); a given one must keep
/// each. An axis of one cell is a direction in which nothing changes; it must be periodic. A step reduces twice besides
/// the solver.
#include <memory>
#include <string>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

/// What one step did; the same on every rank.
struct FlowStep {
  double dt = 0;        ///< [s]
  double time = 0;      ///< at the end of the step [s]
  int iterations = 0;   ///< Krylov iterations, summed over the stages
  double residual = 0;  ///< the largest relative residual of the stages
  /// max |∇·u| dx / max(|u|, |U_wall|, |f| dt) over all cells at the end of the step, dx the least spacing;
  /// dimensionless; NaN when a velocity is not finite
  double divergence = 0;
  double kinetic_energy = 0;  ///< mean of |u|²/2 over the volume [m²/s²]
  bool converged = false;     ///< every solve converged and every velocity is finite
};

class Flow {
 public:
  /// Collective. Sets the initial state. @throws UserError when a given dt breaks the CFL or viscous limit.
  Flow(const Decomposition& decomposition, const Case& settings, PhaseClock& clock);
  Flow(Flow&&) noexcept;
  ~Flow();

  /// Advances one time step, to no later than @p end_time [s], which lies ahead. Collective. @throws UserError when the
  /// flow has become too fast for a given dt, or nothing limits a chosen one; LibraryError
  FlowStep step(double end_time);

  [[nodiscard]] double time() const noexcept;  ///< [s]
  /// Velocity component 0, 1, 2 (on high faces) or pressure, 3 (cell centres), with one ghost layer; ghosts are
  /// current.
  [[nodiscard]] FieldView<const double> component(int index) const noexcept;
  [[nodiscard]] const Poisson& poisson() const noexcept;

  /// The values a ProfileRequest asks for: interpolated to the line, sorted by coordinate, walls included; on every
  /// rank (a sum over ranks of one line, never of the grid). Collective.
  struct Profile {
    std::vector<double> coordinate;  ///< [m]
    std::vector<double> value;       ///< [m/s] or [Pa]
  };
  [[nodiscard]] Profile profile(const ProfileRequest& request) const;

  /// A scalar named in an Expectation, NaN when this flow has none of that name. Collective.
  /// kinetic_energy [m²/s²] and divergence_max as in the last FlowStep; dissipation, nu<|∇u|²> by the differences of
  /// the viscous term [m²/s³], which is 2 nu<S:S> in a periodic box or between walls at rest; velocity_error_l2 (root
  /// of the mean over cells of |u - exact|²) and velocity_error_max (of any component) [m/s] against the decaying
  /// Taylor-Green vortex in two dimensions, or against the steady Poiseuille-Couette flow between two walls from rest.
  [[nodiscard]] double quantity(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace haloscope
