// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file flow_state.hpp
/// What a Flow holds, shared by the files of this wing.
#include <array>
#include <optional>
#include <vector>

#include "flow/kernels.hpp"
#include "haloscope/flow/flow.hpp"
#include "haloscope/grid/halo.hpp"

namespace haloscope {

namespace flow {

/// A closed-form velocity field: an initial state, an exact solution, or both.
class KnownFlow {
 public:
  /// The state at time zero. @throws UserError when the case's axes do not allow it.
  [[nodiscard]] static KnownFlow initial(const Case& settings);
  /// The solution of the Navier-Stokes equations that this case tends to or follows; none for most cases.
  [[nodiscard]] static std::optional<KnownFlow> exact(const Case& settings);
  /// Component @p d [m/s] at point @p at [m] and time @p t [s].
  [[nodiscard]] double operator()(std::size_t d, PerAxis<double> at, double t) const;

 private:
  enum class Kind { rest, taylor_green, taylor_green_3d, channel };
  KnownFlow(const Case& settings, Kind kind) : settings_(&settings), kind_(kind) {}
  const Case* settings_;
  Kind kind_;
  std::size_t wall_axis_ = 0;  ///< channel: across it
};

/// Where component @p d of the cell with global number @p cell lies [m]; @p d = 3 is the cell's middle.
[[nodiscard]] inline PerAxis<double> place(std::size_t d, PerAxis<GlobalIndex> cell, PerAxis<double> spacing) noexcept {
  PerAxis<double> at{};
  for (std::size_t a = 0; a < 3; ++a) at[a] = (static_cast<double>(cell[a]) + (a == d ? 1.0 : 0.5)) * spacing[a];
  return at;
}

}  // namespace flow

struct Flow::State {
  State(const Decomposition& decomposition, const Case& given, PhaseClock& phase_clock);

  const Decomposition* where;
  Case settings;
  PhaseClock* clock;
  PerAxis<double> spacing{};          ///< [m]
  PerAxis<double> inverse_spacing{};  ///< [1/m]; 0 for an axis of one cell
  double least_spacing = 0;           ///< of the axes that have more than one cell [m]
  double wall_rate = 0;               ///< max over walls of Σ|U_d|/dx_d [1/s]
  double wall_speed = 0;              ///< max over walls of |U_d| [m/s]
  flow::SplitBox box;

  std::array<Field<double>, 3> velocity, provisional, tendency;
  Field<double> pressure;
  Halo<double> velocity_halo;  ///< u, v, w with edges
  Halo<double> normal_halo;    ///< of each component the faces on the high side, which the neighbour's divergence reads
  Halo<double> pressure_halo;
  Poisson poisson;
  std::vector<double> scratch;

  double time = 0;
  double dt_before = 0;     ///< of the last step, 0 at the start
  bool has_guess = false;   ///< the solver's solution holds a pressure
  flow::Extremes extremes;  ///< of all ranks, end of the last step; energy is the mean over the volume

  [[nodiscard]] double local_cells() const noexcept { return flow::CellRange{{}, where->local_cells()}.cells(); }
  [[nodiscard]] double choose_dt(double end_time) const;
  void require_stable(double dt) const;
  /// One stage, (now + before) dt long: provisional velocity, projection, ghosts.
  void stage(double dt, double now, double before, bool keep, FlowStep& report);
  void predict(const flow::MomentumTerms& terms);
  void fetch_pressure();
  void correct(double scale);
  void survey();
};

[[nodiscard]] inline flow::Velocity views(std::array<Field<double>, 3>& fields) noexcept {
  return {fields[0].view(), fields[1].view(), fields[2].view()};
}
[[nodiscard]] inline flow::ConstVelocity views(const std::array<Field<double>, 3>& fields) noexcept {
  return {fields[0].view(), fields[1].view(), fields[2].view()};
}

}  // namespace haloscope
