// SPDX-License-Identifier: BSD-3-Clause
// The lid-driven cavity at Re = 100 on a coarse grid against Ghia, Ghia & Shin (J. Comput. Phys. 48, 1982, tables I,
// II).
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "flow_case.hpp"

using namespace haloscope;
using namespace haloscope::testing;

namespace {

double interpolate(const Flow::Profile& profile, double at) {
  std::size_t i = 1;
  while (profile.coordinate[i] < at) ++i;
  const double share = (at - profile.coordinate[i - 1]) / (profile.coordinate[i] - profile.coordinate[i - 1]);
  return (1 - share) * profile.value[i - 1] + share * profile.value[i];
}

struct Reference {
  double at, value;
};
const std::vector<Reference> u_on_vertical = {{0.0547, -0.03717}, {0.1719, -0.10150}, {0.4531, -0.21090},
                                              {0.5, -0.20581},    {0.7344, 0.00332},  {0.9531, 0.68717}};
const std::vector<Reference> v_on_horizontal = {
    {0.0625, 0.09233}, {0.2266, 0.17507}, {0.5, 0.05454}, {0.8047, -0.24533}, {0.9453, -0.10313}};

}  // namespace

TEST_CASE("lid-driven cavity, Re 100, 32 x 32") {
  Case c = flow_case({32, 32, 1}, {1, 1, 1}, {false, false, true});
  c.integrator = Integrator::ab2;
  c.tolerance = 1e-6;
  c.wall_velocity_m_per_s[static_cast<int>(Side::north)] = {1, 0, 0};
  Laboratory lab(c);
  const FlowStep last = lab.run(14);
  CHECK(last.converged);
  const Flow::Profile u = lab.flow.profile({.name = "", .quantity = "u", .axis = 1, .at_m = {0.5, 0, 0.5}});
  const Flow::Profile v = lab.flow.profile({.name = "", .quantity = "v", .axis = 0, .at_m = {0, 0.5, 0.5}});
  REQUIRE(u.value.size() == 34);
  CHECK(u.value.front() == 0.0);
  CHECK(u.value.back() == Approx(1.0));
  CHECK(v.value.front() == 0.0);
  for (const Reference& r : u_on_vertical) {
    INFO("u at y = " << r.at);
    CHECK(std::abs(interpolate(u, r.at) - r.value) < 0.01);
  }
  for (const Reference& r : v_on_horizontal) {
    INFO("v at x = " << r.at);
    CHECK(std::abs(interpolate(v, r.at) - r.value) < 0.01);
  }
}
