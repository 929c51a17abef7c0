// SPDX-License-Identifier: BSD-3-Clause
// Closed forms: initial states and the solutions that the flow is measured against.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "flow/flow_state.hpp"
#include "haloscope/base/errors.hpp"

namespace haloscope::flow {

KnownFlow KnownFlow::initial(const Case& settings) {
  const std::size_t axes = settings.initial == InitialState::rest           ? 0
                           : settings.initial == InitialState::taylor_green ? 2
                                                                            : 3;
  for (std::size_t a = 0; a < axes; ++a) {
    if (settings.periodic[a] && settings.cells[a] > 1) continue;
    throw UserError(fmt::format("{}:flow.initial: {}: needs {} periodic axes of more than one cell", settings.file,
                                axes == 2 ? "taylor_green" : "taylor_green_3d", axes == 2 ? "x and y as" : "three"));
  }
  return {settings, axes == 0 ? Kind::rest : axes == 2 ? Kind::taylor_green : Kind::taylor_green_3d};
}

std::optional<KnownFlow> KnownFlow::exact(const Case& settings) {
  if (settings.initial == InitialState::taylor_green) {
    for (const double f : settings.body_force_m_per_s2) {
      if (f != 0) return std::nullopt;
    }
    if (!settings.periodic[2]) return std::nullopt;  // a wall across z slows it
    return KnownFlow(settings, Kind::taylor_green);
  }
  if (settings.initial != InitialState::rest || settings.viscosity_m2_per_s <= 0) return std::nullopt;
  KnownFlow channel(settings, Kind::channel);
  int walls = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    if (settings.periodic[a]) continue;
    channel.wall_axis_ = a;
    ++walls;
  }
  return walls == 1 ? std::optional(channel) : std::nullopt;
}

double KnownFlow::operator()(std::size_t d, PerAxis<double> at, double t) const {
  const Case& c = *settings_;
  const double scale = c.velocity_scale_m_per_s;
  PerAxis<double> k{};
  for (std::size_t a = 0; a < 3; ++a) k[a] = 2 * std::numbers::pi / c.length_m[a];
  const double x = k[0] * at[0], y = k[1] * at[1], z = k[2] * at[2];
  switch (kind_) {
    case Kind::rest:
      return 0;
    case Kind::taylor_green: {
      // Taylor (Phil. Mag. 46, 1923): one Fourier mode of the stream function, which advection leaves alone
      const double decay = std::exp(-c.viscosity_m2_per_s * (k[0] * k[0] + k[1] * k[1]) * t);
      if (d == 0) return scale * std::sin(x) * std::cos(y) * decay;
      return d == 1 ? -scale * k[0] / k[1] * std::cos(x) * std::sin(y) * decay : 0.0;
    }
    case Kind::taylor_green_3d:
      // Taylor & Green (Proc. R. Soc. A 158, 1937), in the phase of Brachet et al. (J. Fluid Mech. 130, 1983)
      if (d == 0) return scale * std::sin(x) * std::cos(y) * std::cos(z);
      return d == 1 ? -scale * k[0] / k[1] * std::cos(x) * std::sin(y) * std::cos(z) : 0.0;
    case Kind::channel: {
      // plane Poiseuille and Couette flow (Batchelor, An Introduction to Fluid Dynamics, 1967, section 4.2), steady
      if (d == wall_axis_) return 0;
      const double height = c.length_m[wall_axis_], s = at[wall_axis_];
      const double low = c.wall_velocity_m_per_s[2 * wall_axis_][d],
                   high = c.wall_velocity_m_per_s[2 * wall_axis_ + 1][d];
      return c.body_force_m_per_s2[d] / (2 * c.viscosity_m2_per_s) * s * (height - s) + low + (high - low) * s / height;
    }
  }
  return 0;
}

}  // namespace haloscope::flow
