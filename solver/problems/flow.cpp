// SPDX-License-Identifier: BSD-3-Clause
// The whole flow: each step advances the velocity and makes it free of divergence.
#include "haloscope/flow/flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "haloscope/case/growth.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/problems/workload.hpp"
#include "problems/pressure.hpp"

namespace haloscope {

namespace {

// --- settings --------------------------------------------------------------------------------------------------------

void add_flow_keys(Schema<Case>& keys) {
  keys.table("flow", "Incompressible Navier–Stokes. Only in a case of problem `flow`.");
  keys.add("viscosity_m2_per_s", positive(), &Case::viscosity_m2_per_s)
      .in("m²/s")
      .needed()
      .means("kinematic. For flow");
  keys.add("density_kg_per_m3", positive(), &Case::density_kg_per_m3).in("kg/m³").means("scales the pressure only");
  keys.add("body_force_m_per_s2", three(any_number()), &Case::body_force_m_per_s2).in("m/s²").means("per mass");
  keys.add("velocity_scale_m_per_s", positive(), &Case::velocity_scale_m_per_s)
      .in("m/s")
      .means("amplitude V of the initial state");
  keys.add("initial",
           one_of<InitialState>({{"rest", InitialState::rest},
                                 {"taylor_green", InitialState::taylor_green},
                                 {"taylor_green_3d", InitialState::taylor_green_3d}}),
           &Case::initial)
      .means(
          "`taylor_green`: u = V sin(x) cos(y), v = -V cos(x) sin(y), x and y scaled to the box; `taylor_green_3d`: "
          "both times cos(z). Their axes must be periodic, with 4 cells or more");
  keys.add("integrator", one_of<Integrator>({{"rk3", Integrator::rk3}, {"ab2", Integrator::ab2}}), &Case::integrator)
      .means("Runge-Kutta of order 3 (a pressure solve in each of three stages) or Adams-Bashforth 2 (one a step)");
  keys.add("dt_s", not_negative(), &Case::dt_s)
      .in("s")
      .means("0: from the two limits, each step. A given one that breaks a limit is an error");
  keys.add("cfl_limit", positive(), &Case::cfl_limit).means("largest Σ abs(u_i) dt/dx_i");
  keys.add("diffusion_limit", positive(), &Case::diffusion_limit)
      .means("largest 2 ν dt Σ 1/dx_i²; RK3 bears 1.25, AB2 0.5");

  keys.table("walls",
             "Moving walls, only where `grid.periodic` is false. A wall never moves along its normal, so that "
             "component is 0. Only in a case of problem `flow`.");
  constexpr std::array<const char*, 3> walls = {"x", "y", "z"};
  for (std::size_t side = 0; side < n_sides; ++side) {
    keys.add(
            fmt::format("{}_velocity_m_per_s", side_names[side]),
            three(any_number()), [side](auto& c, Place) -> auto& { return c.wall_velocity_m_per_s[side]; })
        .in("m/s")
        .means(fmt::format("of the wall at {} {}", side % 2 == 0 ? "low" : "high", walls[side / 2]));
  }
}

void check_flow(const Case& c, const Origin& origin) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (c.cells[axis] == 1 && !c.periodic[axis]) {
      refuse(origin, c, "grid.periodic",
             fmt::format("must be true along {}, which is one cell thick", axis_names[axis]));
    }
  }
  for (std::size_t side = 0; side < n_sides; ++side) {
    const std::string path = fmt::format("walls.{}_velocity_m_per_s", side_names[side]);
    const std::size_t axis = side / 2;
    if (!origin.given.contains(path)) continue;
    if (c.periodic[axis]) {
      refuse(origin, c, path, fmt::format("has no wall to move: grid.periodic is true along {}", axis_names[axis]));
    }
    if (c.wall_velocity_m_per_s[side][axis] != 0) {
      refuse(origin, c, path, fmt::format("must be 0 along {}: nothing flows through a wall", axis_names[axis]));
    }
  }
  const int periodic_axes = c.initial == InitialState::rest ? 0 : c.initial == InitialState::taylor_green ? 2 : 3;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(periodic_axes); ++axis) {
    if (!c.periodic[axis]) {
      refuse(origin, c, "flow.initial", fmt::format("needs grid.periodic = true along {}", axis_names[axis]));
    }
    if (c.cells[axis] < 4)
      refuse(origin, c, "flow.initial", fmt::format("needs 4 cells or more along {}", axis_names[axis]));
  }
}

void check_profiles(const Case& c, const Origin& origin) {
  for (std::size_t item = 0; item < c.profiles.size(); ++item) {
    const ProfileRequest& profile = c.profiles[item];
    for (std::size_t other = 0; other < item; ++other) {
      if (c.profiles[other].name == profile.name) refuse(origin, c, "profile.name", "is there twice", item);
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (static_cast<int>(axis) == profile.axis) continue;
      if (profile.at_m[axis] < 0 || profile.at_m[axis] > c.length_m[axis]) {
        refuse(origin, c, "profile.at_m",
               fmt::format("must lie in the box: from 0 to {} along {}", c.length_m[axis], axis_names[axis]), item);
      }
    }
  }
}

void check(const Case& settings, const Origin& origin) {
  check_flow(settings, origin);
  check_profiles(settings, origin);
}

// --- the run ---------------------------------------------------------------------------------------------------------

class FlowWorkload final : public Workload {
 public:
  FlowWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock)
      : settings_(settings),
        decomposition_(comm, settings.cells, settings.periodic, settings.process_grid),
        flow_(decomposition_, settings, clock) {}

  std::map<std::string, std::string> attributes() const override {
    return {{"cells", by_axes(decomposition_.cells())},
            {"process_grid", by_axes(decomposition_.process_grid())},
            {"method", flow_.poisson().describe()},
            {"work_unit", "cell updates"},
            {"work_per_step", std::to_string(decomposition_.total_cells())}};
  }

  std::vector<std::string> quantities() const override {
    return {"time", "dt", "iterations", "residual", "divergence", "kinetic_energy"};
  }

  void step() override { last_ = flow_.step(settings_.end_time_s); }

  std::vector<double> outcome() override {
    const int stages = settings_.integrator == Integrator::rk3 ? 3 : 1;
    iterations_per_solve_max_ = std::max(iterations_per_solve_max_, (last_.iterations + stages - 1) / stages);
    divergence_max_ = std::max(divergence_max_, last_.divergence);
    return {last_.time,     last_.dt,         static_cast<double>(last_.iterations),
            last_.residual, last_.divergence, last_.kinetic_energy};
  }

  bool finished() const override { return flow_.time() >= settings_.end_time_s * (1 - 1e-12); }
  double time() const override { return flow_.time(); }

  std::vector<LineProfile> profiles() override {
    std::vector<LineProfile> all;
    for (const ProfileRequest& request : settings_.profiles) {
      Flow::Profile profile = flow_.profile(request);
      all.push_back({request.name, std::move(profile.coordinate), std::move(profile.value)});
    }
    return all;
  }

  double quantity(const std::string& name) override {
    if (name == "iterations_per_solve_max") return iterations_per_solve_max_;
    if (name == "divergence_max") return divergence_max_;
    return flow_.quantity(name);
  }

 private:
  const Case& settings_;
  Decomposition decomposition_;
  Flow flow_;
  FlowStep last_;
  int iterations_per_solve_max_ = 0;
  double divergence_max_ = 0;
};

// --- the result ------------------------------------------------------------------------------------------------------

/// -dE/dt of a mean kinetic energy at the ends of the steps: central differences, one-sided at both ends of the run.
std::vector<double> dissipation_of(const std::vector<double>& time, const std::vector<double>& energy) {
  std::vector<double> rate(time.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; time.size() > 1 && i < time.size(); ++i) {
    const std::size_t before = i == 0 ? 0 : i - 1, after = std::min(i + 1, time.size() - 1);
    rate[i] = (energy[before] - energy[after]) / (time[after] - time[before]);
  }
  return rate;
}

void judge(const Case& settings, const Evidence& evidence, std::vector<std::string>& reasons) {
  judge_pressure(settings, evidence, reasons);
  if (settings.iterations > 0) return;
  // max|∇·u| dx ≤ ‖∇·u‖₂ dx ≤ tolerance ‖∇·u*‖₂ dx ≤ tolerance √cells · 6 max|u*|: six faces a cell; the last addend
  // is rounding.
  look_for_excess(evidence, "divergence", 6 * std::sqrt(evidence.cells) * settings.tolerance + 1e-11, reasons);
}

}  // namespace

const Problem& flow_problem() {
  static const Problem problem = {
      .name = "flow",
      .add_keys = add_flow_keys,
      .shared = {"grid", "halo", "poisson", "run.end_time_s", "profile"},
      .phases = {solver_phases.begin(), solver_phases.end()},
      .quantities = {{.name = "kinetic_energy", .at_times = true},
                     {.name = "kinetic_energy_dissipation",
                      .at_times = true,
                      .series = "kinetic_energy",
                      .of_series = dissipation_of},
                     {.name = "divergence_max", .at_times = true, .series = "divergence"},
                     {.name = "velocity_error_l2"},
                     {.name = "velocity_error_max"},
                     {.name = "iterations_per_solve_max"}},
      .named_quantities = {{.prefix = "profile:", .array = "profile", .placeholder = "NAME", .at_places = true}},
      .expects_for = {"grid.", "flow.", "walls.", "run.steps", "run.end_time_s"},
      .needs_ghosts = true,
      .calibrates_all_phases = true,
      .calibrated_sizes = cells_halved_twice,
      .check = check,
      .grow = grow_grid,
      .shrink = halve_grid,
      .judge = judge,
      .make = make_workload_of<FlowWorkload>,
  };
  return problem;
}

}  // namespace haloscope
