// SPDX-License-Identifier: BSD-3-Clause
// The time step. Outside the Poisson solve a stage moves 240 bytes a cell: momentum 120, divergence 40, pressure copy
// 24, gradient 56. It exchanges three times: the normal faces of the provisional velocity, the faces of the pressure,
// the velocity with edges. The cells that neighbours wait for come first. The others are computed while messages fly,
// where the case says overlap. The flow itself reduces twice a step: one maximum of three numbers, one sum of one.
#include "haloscope/flow/flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "flow/flow_state.hpp"
#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

constexpr Side high_side(std::size_t axis) { return static_cast<Side>(2 * static_cast<int>(axis) + 1); }
constexpr Side low_side(std::size_t axis) { return static_cast<Side>(2 * static_cast<int>(axis)); }

/// Visits the cells of a layer normal to axis @p a in the order of Halo::to_send.
template <class Visit>
void for_face(PerAxis<LocalIndex> n, std::size_t a, LocalIndex layer, Visit visit) {
  PerAxis<LocalIndex> begin{0, 0, 0}, end = n;
  begin[a] = layer, end[a] = layer + 1;
  for (LocalIndex k = begin[2]; k < end[2]; ++k) {
    for (LocalIndex j = begin[1]; j < end[1]; ++j) {
      for (LocalIndex i = begin[0]; i < end[0]; ++i) visit(i, j, k);
    }
  }
}

/// Runge-Kutta of Wray, as given by Spalart, Moser & Rogers (J. Comput. Phys. 96, 1991, appendix, explicit part):
/// u += dt (γ N + ζ N_before). Each stage is projected, which makes it order 3 for the velocity, not for the pressure.
constexpr double rk3_now[3] = {8.0 / 15, 5.0 / 12, 3.0 / 4};
constexpr double rk3_before[3] = {0, -17.0 / 60, -5.0 / 12};

}  // namespace

Flow::State::State(const Decomposition& decomposition, const Case& given, PhaseClock& phase_clock)
    : where(&decomposition),
      settings(given),
      clock(&phase_clock),
      box(flow::split(decomposition)),
      pressure(decomposition.local_cells(), 1),
      velocity_halo(decomposition, given.halo_method, HaloReach::edges, 1, 3, phase_clock),
      normal_halo(decomposition, given.halo_method, HaloReach::faces, 1, 1, phase_clock),
      pressure_halo(decomposition, given.halo_method, HaloReach::faces, 1, 1, phase_clock),
      poisson(decomposition, given, phase_clock),
      scratch(4 * static_cast<std::size_t>(decomposition.local_cells()[0])) {
  const PerAxis<LocalIndex> n = decomposition.local_cells();
  least_spacing = std::numeric_limits<double>::infinity();
  for (std::size_t a = 0; a < 3; ++a) {
    const GlobalIndex cells = settings.cells[a];
    if (cells == 1 && !settings.periodic[a]) {
      throw UserError(fmt::format("{}:grid.periodic: {}: an axis of one cell must be periodic", settings.file, a));
    }
    spacing[a] = settings.length_m[a] / static_cast<double>(cells);
    inverse_spacing[a] = cells > 1 ? 1 / spacing[a] : 0;
    if (cells > 1) least_spacing = std::min(least_spacing, spacing[a]);
    for (auto* field : {&velocity[a], &provisional[a], &tendency[a]}) *field = Field<double>(n, 1);
  }
  for (int s = 0; s < n_sides; ++s) {
    const auto normal = static_cast<std::size_t>(axis_of(static_cast<Side>(s)));
    if (settings.periodic[normal]) continue;
    double rate = 0;
    for (std::size_t d = 0; d < 3; ++d) {
      if (d == normal) continue;
      const double speed = std::abs(settings.wall_velocity_m_per_s[s][d]);
      rate += speed * inverse_spacing[d];
      wall_speed = std::max(wall_speed, speed);
    }
    wall_rate = std::max(wall_rate, rate);
  }
}

/// dt = 1 / (rate/cfl_limit + viscous rate/diffusion_limit): the two act together, so they share the step. A body force
/// counts with the speed it adds within the step.
double Flow::State::choose_dt(double end_time) const {
  double dt = settings.dt_s;
  if (!(dt > 0)) {
    double viscous = 0, force = 0;
    for (std::size_t a = 0; a < 3; ++a) {
      viscous += 2 * settings.viscosity_m2_per_s * inverse_spacing[a] * inverse_spacing[a];
      force += std::abs(settings.body_force_m_per_s2[a]) * inverse_spacing[a];
    }
    // the positive root of force/cfl dt² + (rate/cfl + viscous/diffusion) dt = 1
    const double slope = std::max(extremes.rate, wall_rate) / settings.cfl_limit + viscous / settings.diffusion_limit;
    dt = 2 / (slope + std::sqrt(slope * slope + 4 * force / settings.cfl_limit));
  }
  if (!std::isfinite(extremes.energy)) dt = dt_before;  // the run is lost; let it end as the report says
  const double left = end_time - time;
  if (dt >= left * (1 - 1e-9)) dt = left;  // rounding must not leave a sliver of a step
  if (!std::isfinite(dt)) {
    throw UserError(fmt::format("{}:flow.dt_s: {}: must be given, or run.end_time_s, when nothing limits the step",
                                settings.file, settings.dt_s));
  }
  return dt;
}

void Flow::State::require_stable(double dt) const {
  double viscous = 0;
  for (const double r : inverse_spacing) viscous += 2 * settings.viscosity_m2_per_s * r * r;
  const auto check = [&](double rate, const char* name, double limit) {
    if (rate * dt <= limit * (1 + 1e-9) || !std::isfinite(rate)) return;
    throw UserError(fmt::format("{}:flow.dt_s: {}: must be at most {:.6g} ({} limit {}) at time {:.6g} s",
                                settings.file, dt, limit / rate, name, limit, time));
  };
  check(std::max(extremes.rate, wall_rate), "CFL", settings.cfl_limit);
  check(viscous, "diffusion", settings.diffusion_limit);
}

/// The provisional velocity. Its high faces travel while the interior is computed, or after it: the bits are the same.
void Flow::State::predict(const flow::MomentumTerms& terms) {
  const flow::ConstVelocity u = flow::read_only(views(velocity));
  const flow::Velocity star = views(provisional), kept = views(tendency);
  const PerAxis<LocalIndex> n = where->local_cells();
  const auto compute = [&](const flow::CellRange& cells) {
    clock->work(terms.bytes_per_cell() * cells.cells());
    flow::momentum(terms, u, kept, star, cells);
  };

  double normal_faces = 0;  // cells of a face normal to each axis
  for (std::size_t a = 0; a < 3; ++a) normal_faces += local_cells() / n[a];
  for (const flow::CellRange& shell : box.shells) compute(shell);
  if (!settings.overlap) compute(box.interior);
  {
    const ScopedPhase phase(*clock, Phase::halo);
    clock->work(24 * normal_faces);
    for (std::size_t a = 0; a < 3; ++a) {
      const std::span<double> face = normal_halo.to_send(high_side(a));
      if (face.empty()) continue;
      std::size_t at = 0;
      for_face(n, a, n[a] - 1, [&](int i, int j, int k) { face[at++] = star[a](i, j, k); });
    }
  }
  HaloTicket ticket = normal_halo.begin_packed();
  if (settings.overlap) compute(box.interior);
  normal_halo.end(std::move(ticket));
  flow::zero_high_walls(*where, star);

  const ScopedPhase phase(*clock, Phase::halo);
  clock->work(24 * normal_faces);
  for (std::size_t a = 0; a < 3; ++a) {
    const std::span<const double> face = normal_halo.received(low_side(a));
    std::size_t at = 0;
    if (!face.empty()) {
      for_face(n, a, -1, [&](int i, int j, int k) { star[a](i, j, k) = face[at++]; });
    } else if (where->at_wall(low_side(a))) {
      for_face(n, a, -1, [&](int i, int j, int k) { star[a](i, j, k) = 0; });
    } else {  // its own neighbour
      const std::ptrdiff_t across = n[a] * star[a].stride[a];
      for_face(n, a, -1, [&](int i, int j, int k) { star[a](i, j, k) = *(&star[a](i, j, k) + across); });
    }
  }
}

/// From the solver's dense array to a field with ghosts.
void Flow::State::fetch_pressure() {
  const FieldView<const double> x = poisson.solution();
  const FieldView<double> p = pressure.view();
  const auto copy = [&](const flow::CellRange& cells) {
    clock->work(24 * cells.cells());
    flow::copy(x, p, cells);
  };
  for (const flow::CellRange& shell : box.shells) copy(shell);
  if (!settings.overlap) copy(box.interior);
  HaloTicket ticket = pressure_halo.begin(p);
  if (settings.overlap) copy(box.interior);
  pressure_halo.end(std::move(ticket));
  flow::mirror_at_walls(*where, p);
}

/// Makes the provisional velocity divergence-free and the velocity of the next stage, ghosts included.
void Flow::State::correct(double scale) {
  const FieldView<const double> p = pressure.view();
  std::swap(velocity, provisional);
  const flow::Velocity u = views(velocity);
  const auto subtract = [&](const flow::CellRange& cells) {
    clock->work(56 * cells.cells());
    flow::subtract_gradient(inverse_spacing, scale, p, u, cells);
  };
  for (const flow::CellRange& shell : box.shells) subtract(shell);
  if (!settings.overlap) subtract(box.interior);
  HaloTicket ticket = velocity_halo.begin(u);
  if (settings.overlap) subtract(box.interior);
  velocity_halo.end(std::move(ticket));
  flow::set_wall_ghosts(*where, settings.wall_velocity_m_per_s, u);
}

void Flow::State::stage(double dt, double now, double before, bool keep, FlowStep& report) {
  const double length = (now + before) * dt;  // [s] of this stage
  const double density = settings.density_kg_per_m3;
  {
    const ScopedPhase phase(*clock, Phase::momentum);
    predict({.inverse_spacing = inverse_spacing,
             .viscosity = settings.viscosity_m2_per_s,
             .force = settings.body_force_m_per_s2,
             .now = now * dt,
             .before = before * dt,
             .keep = keep});
  }
  {
    const ScopedPhase phase(*clock, Phase::projection);
    clock->work(40 * local_cells());
    flow::divergence(inverse_spacing, -density / length, flow::read_only(views(provisional)), poisson.right_side());
  }
  // The last pressure is close: the solve begins there, and its tolerance is that of the whole pressure.
  const SolveReport solve = poisson.solve(has_guess);
  has_guess = std::isfinite(solve.relative_residual);  // an unfinished solve still gives a start
  report.iterations += solve.iterations;
  report.residual = std::max(report.residual, solve.relative_residual);
  if (std::isnan(solve.relative_residual)) report.residual = solve.relative_residual;
  report.converged = report.converged && solve.converged;
  const ScopedPhase phase(*clock, Phase::projection);
  fetch_pressure();
  correct(length / density);
}

/// Not fused with the correction: the divergence of a cell needs its neighbours' corrected faces.
void Flow::State::survey() {
  const ScopedPhase phase(*clock, Phase::monitor);
  clock->work(24 * local_cells());
  const flow::Extremes mine = flow::survey(inverse_spacing, views(std::as_const(velocity)), scratch);
  double greatest[3] = {mine.divergence, mine.rate, mine.speed}, energy = mine.energy;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, greatest, 3, MPI_DOUBLE, MPI_MAX, where->comm()));
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &energy, 1, MPI_DOUBLE, MPI_SUM, where->comm()));
  extremes = {greatest[0], greatest[1], greatest[2], energy / static_cast<double>(where->total_cells())};
}

Flow::Flow(const Decomposition& decomposition, const Case& settings, PhaseClock& clock)
    : state_(std::make_unique<State>(decomposition, settings, clock)) {
  State& s = *state_;
  const flow::KnownFlow initial = flow::KnownFlow::initial(s.settings);
  const Box box = decomposition.box();
  const flow::Velocity u = views(s.velocity);
  for (std::size_t d = 0; d < 3; ++d) {
    const PerAxis<LocalIndex> n = decomposition.local_cells();
    for (LocalIndex k = 0; k < n[2]; ++k) {
      for (LocalIndex j = 0; j < n[1]; ++j) {
        for (LocalIndex i = 0; i < n[0]; ++i) {
          u[d](i, j, k) =
              initial(d, flow::place(d, {box.begin[0] + i, box.begin[1] + j, box.begin[2] + k}, s.spacing), 0);
        }
      }
    }
  }
  s.velocity_halo.exchange(u);
  flow::set_wall_ghosts(decomposition, s.settings.wall_velocity_m_per_s, u);
  s.survey();
  if (s.settings.dt_s > 0) s.require_stable(s.settings.dt_s);
}

Flow::Flow(Flow&&) noexcept = default;
Flow::~Flow() = default;

FlowStep Flow::step(double end_time) {
  State& s = *state_;
  require(end_time > s.time, "a step ends after it begins");
  FlowStep report;
  report.converged = true;
  const double dt = report.dt = s.choose_dt(end_time);
  if (s.settings.dt_s > 0) s.require_stable(dt);
  if (s.settings.integrator == Integrator::rk3) {
    for (int k = 0; k < 3; ++k) s.stage(dt, rk3_now[k], rk3_before[k], k < 2, report);
  } else {
    // Adams-Bashforth 2 for steps of changing length. The first step is forward Euler; one such step keeps the second
    // order.
    const double ratio = s.dt_before > 0 ? dt / s.dt_before : 0;
    s.stage(dt, 1 + ratio / 2, -ratio / 2, true, report);
  }
  s.dt_before = dt;
  s.time = dt >= end_time - s.time ? end_time : s.time + dt;
  s.survey();
  report.time = s.time;
  report.kinetic_energy = s.extremes.energy;
  report.divergence = quantity("divergence_max");
  if (!std::isfinite(report.kinetic_energy)) report.converged = false;
  return report;
}

double Flow::time() const noexcept { return state_->time; }

FieldView<const double> Flow::component(int index) const noexcept {
  const State& s = *state_;
  return index == 3 ? s.pressure.view() : s.velocity[static_cast<std::size_t>(index)].view();
}

const Poisson& Flow::poisson() const noexcept { return state_->poisson; }

}  // namespace haloscope
