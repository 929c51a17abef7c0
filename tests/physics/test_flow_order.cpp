// SPDX-License-Identifier: BSD-3-Clause
// Error and order: in space against the decaying Taylor-Green vortex, in time against a run of much smaller steps.
#include <cmath>

#include "catch.hpp"
#include "flow_case.hpp"

using namespace haloscope;
using namespace haloscope::testing;

namespace {

double taylor_green_error(GlobalIndex n) {
  Case c = flow_case({n, n, 1}, {1, 1, 1.0 / static_cast<double>(n)}, {true, true, true});
  c.initial = InitialState::taylor_green;
  c.viscosity_m2_per_s = 0.05;
  c.dt_s = 1e-2 / static_cast<double>(n);  // the same CFL number on every grid: RK3 adds a higher order
  Laboratory lab(c);
  const FlowStep last = lab.run(0.05);
  CHECK(last.converged);
  CHECK(last.time == 0.05);
  CHECK(last.divergence < 1e-8);
  return lab.flow.quantity("velocity_error_l2");
}

/// Taylor-Green in three dimensions, coarse: what matters is the same field on the same grid.
Case vortex(Integrator integrator, double dt) {
  Case c = flow_case({12, 12, 12}, {1, 1, 1}, {true, true, true});
  c.initial = InitialState::taylor_green_3d;
  c.integrator = integrator;
  c.dt_s = dt;
  c.tolerance = 1e-12;
  c.cfl_limit = 1;
  return c;
}

double temporal_error(Integrator integrator, double dt, const Laboratory& reference) {
  Laboratory lab(vortex(integrator, dt));
  lab.run(reference.flow.time());
  double error = 0;
  for (int d = 0; d < 3; ++d) error = std::max(error, greatest_difference(lab, reference, d));
  return error;
}

}  // namespace

TEST_CASE("Taylor-Green vortex: second order in space") {
  const double e16 = taylor_green_error(16), e32 = taylor_green_error(32), e64 = taylor_green_error(64);
  INFO("errors " << e16 << " " << e32 << " " << e64);
  CHECK(e64 < 2e-4);
  for (const double order : {std::log2(e16 / e32), std::log2(e32 / e64)}) {
    CHECK(order > 1.9);
    CHECK(order < 2.1);
  }
}

TEST_CASE("order in time: three for Runge-Kutta, two for Adams-Bashforth") {
  const double end = 0.32;
  Laboratory reference(vortex(Integrator::rk3, end / 128));
  reference.run(end);
  const double rk[3] = {temporal_error(Integrator::rk3, end / 8, reference),
                        temporal_error(Integrator::rk3, end / 16, reference),
                        temporal_error(Integrator::rk3, end / 32, reference)};
  INFO("RK3 errors " << rk[0] << " " << rk[1] << " " << rk[2]);
  CHECK(rk[2] < 1e-5);
  CHECK(std::log2(rk[0] / rk[1]) > 2.7);
  CHECK(std::log2(rk[1] / rk[2]) > 2.8);
  const double ab[3] = {temporal_error(Integrator::ab2, end / 16, reference),
                        temporal_error(Integrator::ab2, end / 32, reference),
                        temporal_error(Integrator::ab2, end / 64, reference)};
  INFO("AB2 errors " << ab[0] << " " << ab[1] << " " << ab[2]);
  CHECK(ab[2] < 1e-4);
  CHECK(std::log2(ab[1] / ab[2]) > 1.9);
}

TEST_CASE("the exact solution decays at the rate of its wave number") {
  Case c = flow_case({32, 32, 1}, {1, 1, 1}, {true, true, true});
  c.initial = InitialState::taylor_green;
  c.velocity_scale_m_per_s = 2;
  Laboratory lab(c);
  const double before = lab.flow.quantity("kinetic_energy");
  CHECK(before == Approx(4.0 / 4).epsilon(1e-12));  // the mean of U²/2 (sin²cos² + cos²sin²)
  const FlowStep last = lab.run(0.1);
  const double rate = 2 * c.viscosity_m2_per_s * 2 * 4 * 9.8696044010893586;
  CHECK(last.kinetic_energy == Approx(before * std::exp(-rate * 0.1)).epsilon(2e-3));
  CHECK(lab.flow.quantity("dissipation") == Approx(rate * last.kinetic_energy).epsilon(5e-3));
}
