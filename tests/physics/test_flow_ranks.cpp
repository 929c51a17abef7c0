// SPDX-License-Identifier: BSD-3-Clause
// One answer on any number of ranks, by any halo method, with or without overlap.
#include "catch.hpp"
#include "flow_case.hpp"

using namespace haloscope;
using namespace haloscope::testing;

namespace {

/// Every kind of boundary at once: walls in y with moving lids, periodic x, and z either.
Case mixed(bool periodic_z) {
  Case c = flow_case({14, 12, 10}, {1, 1.2, 0.8}, {true, false, periodic_z});
  c.body_force_m_per_s2 = {1, 0, 0.3};
  c.wall_velocity_m_per_s[static_cast<int>(Side::north)] = {1, 0, 0.5};
  if (!periodic_z) c.wall_velocity_m_per_s[static_cast<int>(Side::below)] = {0.2, -0.4, 0};
  c.tolerance = 1e-13;
  c.dt_s = 0.01;
  return c;
}

Case vortex() {
  Case c = flow_case({16, 12, 10}, {1, 1, 1}, {true, true, true});
  c.initial = InitialState::taylor_green_3d;
  c.tolerance = 1e-13;
  c.dt_s = 0.01;
  return c;
}

}  // namespace

TEST_CASE("any number of ranks gives one answer") {
  Case c = GENERATE(vortex(), mixed(true), mixed(false));
  c.integrator = GENERATE(Integrator::rk3, Integrator::ab2);
  Laboratory all(c), alone(c, MPI_COMM_SELF);
  const FlowStep together = all.run_steps(5), single = alone.run_steps(5);
  CHECK(together.converged);
  CHECK(alone.flow.quantity("kinetic_energy") > 1e-3);
  for (int d = 0; d < 3; ++d) CHECK(greatest_difference(all, alone, d) < 1e-10);
  CHECK(greatest_difference(all, alone, 3) < 1e-8);
  CHECK(together.kinetic_energy == Approx(single.kinetic_energy).epsilon(1e-11));
  CHECK(all.flow.quantity("dissipation") == Approx(alone.flow.quantity("dissipation")).epsilon(1e-10));
  for (int axis = 0; axis < 3; ++axis) {
    const ProfileRequest line{.name = "", .quantity = "u", .axis = axis, .at_m = {0.45, 0.6, 0.31}};
    const Flow::Profile a = all.flow.profile(line), b = alone.flow.profile(line);
    REQUIRE(a.value.size() == b.value.size());
    for (std::size_t i = 0; i < a.value.size(); ++i) CHECK(std::abs(a.value[i] - b.value[i]) < 1e-10);
  }
}

TEST_CASE("halo methods and overlap change no bit") {
  Case c = mixed(GENERATE(true, false));
  c.halo_method = HaloMethod::persistent;
  Laboratory first(c);
  first.run_steps(3);
  c.halo_method = GENERATE(HaloMethod::point_to_point, HaloMethod::persistent, HaloMethod::neighbor_collective);
  c.overlap = true;
  Laboratory second(c);
  second.run_steps(3);
  for (int d = 0; d < 4; ++d) CHECK(greatest_difference(first, second, d) == 0.0);
}

TEST_CASE("the divergence is that of the solver's tolerance") {
  Case c = mixed(false);
  c.tolerance = 1e-6;
  Laboratory loose(c);
  const FlowStep rough = loose.run_steps(3);
  c.tolerance = 1e-11;
  Laboratory tight(c);
  const FlowStep smooth = tight.run_steps(3);
  INFO("divergence " << rough.divergence << " and " << smooth.divergence);
  CHECK(rough.divergence < 1e-4);
  CHECK(smooth.divergence < 1e-9);
  CHECK(smooth.residual <= 1e-11);
  CHECK(smooth.iterations >= 3);
}
