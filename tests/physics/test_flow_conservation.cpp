// SPDX-License-Identifier: BSD-3-Clause
// Momentum, energy and mass; walls against closed forms; steps that break a limit.
#include <cmath>
#include <string>

#include "catch.hpp"
#include "flow_case.hpp"

using namespace haloscope;
using namespace haloscope::testing;

namespace {

Case vortex(double dt, double viscosity) {
  Case c = flow_case({16, 12, 10}, {1, 1, 1}, {true, true, true});
  c.initial = InitialState::taylor_green_3d;
  c.viscosity_m2_per_s = viscosity;
  c.dt_s = dt;
  return c;
}

/// A channel between walls across @p across, driven along @p along; relaxed to its steady state.
Case channel(std::size_t across, std::size_t along, Integrator integrator) {
  PerAxis<GlobalIndex> cells{4, 4, 4};
  PerAxis<bool> periodic{true, true, true};
  cells[across] = 8;
  periodic[across] = false;
  Case c = flow_case(cells, {1, 1, 1}, periodic);
  c.viscosity_m2_per_s = 1;
  c.body_force_m_per_s2[along] = 2;
  c.integrator = integrator;
  return c;
}

}  // namespace

TEST_CASE("a periodic box keeps its momentum, and a body force adds force times time") {
  Case c = vortex(0.01, 0.01);
  c.body_force_m_per_s2 = {0.5, 0, -0.25};
  c.integrator = GENERATE(Integrator::rk3, Integrator::ab2);
  Laboratory lab(c);
  CHECK(std::abs(lab.mean(0)) < 1e-14);
  lab.run_steps(10);
  CHECK(std::abs(lab.mean(0) - 0.5 * 0.1) < 1e-13);
  CHECK(std::abs(lab.mean(1)) < 1e-13);
  CHECK(std::abs(lab.mean(2) + 0.25 * 0.1) < 1e-13);
}

TEST_CASE("without viscosity the energy changes only by the error in time") {
  const auto change = [](double dt, int steps) {
    Laboratory lab(vortex(dt, 0));
    lab.run_steps(1);  // the sampled state of unequal spacings is projected first
    const double before = lab.flow.quantity("kinetic_energy");
    const double after = lab.run_steps(steps).kinetic_energy;
    CHECK(after <= before * (1 + 1e-12));
    return std::abs(after / before - 1);
  };
  const double coarse = change(0.02, 10), fine = change(0.01, 20);
  INFO("relative change of energy " << coarse << " " << fine);
  CHECK(fine < 1e-5);
  CHECK(std::log2(coarse / fine) > 2.5);
}

TEST_CASE("viscosity takes energy at the rate called dissipation") {
  Laboratory lab(vortex(1e-4, 0.01));
  lab.run_steps(2);
  const double e0 = lab.flow.quantity("kinetic_energy"), d0 = lab.flow.quantity("dissipation");
  const double e1 = lab.run_steps(1).kinetic_energy, d1 = lab.flow.quantity("dissipation");
  CHECK((e0 - e1) / 1e-4 == Approx((d0 + d1) / 2).epsilon(1e-6));
}

TEST_CASE("plane Poiseuille flow is the parabola that the differences allow") {
  const PerAxis<std::size_t> axes =
      GENERATE(PerAxis<std::size_t>{1, 0, 2}, PerAxis<std::size_t>{0, 2, 1}, PerAxis<std::size_t>{2, 1, 0});
  const auto integrator = GENERATE(Integrator::rk3, Integrator::ab2);
  const std::size_t across = axes[0], along = axes[1];
  Laboratory lab(channel(across, along, integrator));
  lab.run(2.5);
  // The parabola f/2nu y(H-y); the wall ghost's mean raises it by f h²/(8 nu) everywhere.
  const double offset = 2.0 / (8.0 * 64);
  CHECK(lab.flow.quantity("velocity_error_max") == Approx(offset).epsilon(1e-6));
  const Flow::Profile profile = lab.flow.profile({.name = "",
                                                  .quantity = along == 0   ? "u"
                                                              : along == 1 ? "v"
                                                                           : "w",
                                                  .axis = static_cast<int>(across),
                                                  .at_m = {0.3, 0.3, 0.3}});
  REQUIRE(profile.value.size() == 10);
  for (std::size_t i = 1; i < 9; ++i) {
    const double y = profile.coordinate[i];
    CHECK(std::abs(profile.value[i] - (y * (1 - y) + offset)) < 1e-8);
  }
  CHECK(profile.coordinate.front() == 0.0);
  CHECK(profile.coordinate.back() == 1.0);
  CHECK(std::abs(profile.value.front()) < 1e-14);
  CHECK(std::abs(profile.value.back()) < 1e-14);
  CHECK(std::abs(lab.mean(static_cast<int>(across))) < 1e-14);
}

TEST_CASE("plane Couette flow is exact") {
  Case c = channel(1, 0, Integrator::rk3);
  c.body_force_m_per_s2 = {};
  c.wall_velocity_m_per_s[static_cast<int>(Side::north)] = {2, 0, -1};
  c.wall_velocity_m_per_s[static_cast<int>(Side::south)] = {-1, 0, 0};
  Laboratory lab(c);
  lab.run(2.5);
  CHECK(lab.flow.quantity("velocity_error_max") < 1e-9);
}

TEST_CASE("a force that walls hold back becomes pressure, in one, two and three dimensions") {
  const auto cells =
      GENERATE(PerAxis<GlobalIndex>{16, 1, 1}, PerAxis<GlobalIndex>{16, 8, 1}, PerAxis<GlobalIndex>{16, 8, 8});
  Case c = flow_case(cells, {2, 1, 1}, {false, cells[1] == 1, cells[2] == 1});
  c.body_force_m_per_s2 = {3, 0, 0};
  c.density_kg_per_m3 = 10;
  c.dt_s = 0.01;
  Laboratory lab(c);
  const FlowStep last = lab.run_steps(5);
  CHECK(last.kinetic_energy < 1e-16);
  CHECK(last.divergence < 1e-8);
  const Flow::Profile p = lab.flow.profile({.name = "", .quantity = "pressure", .axis = 0, .at_m = {0, 0.5, 0.5}});
  REQUIRE(p.value.size() == 18);
  for (std::size_t i = 1; i + 1 < p.value.size(); ++i) {
    CHECK(std::abs(p.value[i] - 30 * (p.coordinate[i] - 1)) < 1e-7);
  }
}

TEST_CASE("one dimension moves as one") {
  Case c = flow_case({16, 1, 1}, {1, 1, 1}, {true, true, true});
  c.body_force_m_per_s2 = {1, 2, 0};
  c.dt_s = 0.01;
  Laboratory lab(c);
  lab.run_steps(4);
  CHECK(std::abs(lab.mean(0) - 0.04) < 1e-14);
  CHECK(std::abs(lab.mean(1) - 0.08) < 1e-14);
  CHECK(lab.flow.quantity("kinetic_energy") == Approx(0.5 * (0.04 * 0.04 + 0.08 * 0.08)));
}

TEST_CASE("a step that breaks a limit is the user's error, at the start and later") {
  Case c = vortex(1, 0.0);
  std::string text = user_error_of([&] { const Laboratory lab(c); });
  CHECK(text.find("test.toml:flow.dt_s: 1: must be at most ") == 0);
  CHECK(text.find("CFL limit 0.5") != std::string::npos);
  c = vortex(0.01, 1);
  text = user_error_of([&] { const Laboratory lab(c); });
  CHECK(text.find("diffusion limit 0.5") != std::string::npos);

  c = flow_case({16, 16, 1}, {1, 1, 1}, {true, true, true});
  c.viscosity_m2_per_s = 0.001;
  c.body_force_m_per_s2 = {1, 0, 0};
  c.dt_s = 0.05;
  Laboratory accelerating(c);  // u = t; the limit 0.5 = u dt/dx falls at t = 0.625
  text = user_error_of([&] { accelerating.run(2); });
  CHECK(text.find("must be at most") != std::string::npos);
  CHECK(text.find("at time 0.65 s") != std::string::npos);
}

TEST_CASE("what cannot be stepped is refused") {
  Case c = flow_case({16, 16, 1}, {1, 1, 1}, {true, true, false});
  CHECK(user_error_of([&] { const Laboratory lab(c); }).find("an axis of one cell must be periodic") !=
        std::string::npos);
  c = flow_case({8, 8, 1}, {1, 1, 1}, {true, false, true});
  c.initial = InitialState::taylor_green;
  CHECK(user_error_of([&] { const Laboratory lab(c); }).find("flow.initial: taylor_green") != std::string::npos);
  c = flow_case({8, 8, 1}, {1, 1, 1}, {true, true, true});
  c.viscosity_m2_per_s = 0;
  CHECK(user_error_of([&] { Laboratory(c).run_steps(1); }).find("nothing limits the step") != std::string::npos);
}

TEST_CASE("chosen steps keep the limits and end on time") {
  Case c = vortex(0, 0.02);
  Laboratory lab(c);
  double dt = 0;
  int steps = 0;
  while (lab.flow.time() < 0.1) {
    const FlowStep s = lab.flow.step(0.1);
    dt = std::max(dt, s.dt);
    ++steps;
  }
  CHECK(lab.flow.time() == 0.1);
  CHECK(steps > 2);
  CHECK(dt * 2 * 0.02 * (256 + 144 + 100) < c.diffusion_limit);
}

TEST_CASE("a flow that is not finite says so") {
  Case c = vortex(0.01, 0.01);
  c.initial = InitialState::rest;
  c.body_force_m_per_s2 = {std::numeric_limits<double>::quiet_NaN(), 0, 0};
  Laboratory lab(c);
  const FlowStep step = lab.run_steps(2);
  CHECK(!step.converged);
  CHECK(std::isnan(step.kinetic_energy));
  CHECK(std::isnan(step.divergence));
}
