// SPDX-License-Identifier: BSD-3-Clause
// What is asked of a flow between steps: a line of values, or one number.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "flow/flow_state.hpp"
#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// The two samples along an axis around a point, by global index, and their weights.
struct Between {
  GlobalIndex index[2];
  double weight[2];
};

/// @p on_faces: samples lie at (i+1) h, else at (i+½) h. Beyond a wall the samples -1 and n are ghosts.
Between around(double at, double spacing, GlobalIndex n, bool periodic, bool on_faces) {
  const double position = at / spacing - (on_faces ? 1.0 : 0.5);
  const double whole = std::floor(position);
  auto low = static_cast<GlobalIndex>(whole);
  double share = position - whole;
  if (periodic) {
    return {{((low % n) + n) % n, (((low + 1) % n) + n) % n}, {1 - share, share}};
  }
  const GlobalIndex last = on_faces ? n - 1 : n;  // a face on the high wall is the last of its component
  if (low < -1) low = -1, share = 0;
  if (low >= last) low = last - 1, share = 1;
  return {{low, low + 1}, {1 - share, share}};
}

/// True where this rank answers for global index @p g of axis @p a: its own cells, and the ghosts beyond a wall.
bool holds(const Decomposition& where, std::size_t a, GlobalIndex g) {
  const Box box = where.box();
  const Side low = static_cast<Side>(2 * static_cast<int>(a)), high = static_cast<Side>(2 * static_cast<int>(a) + 1);
  return (g >= box.begin[a] && g < box.end[a]) || (g == -1 && where.at_wall(low)) ||
         (g == where.cells()[a] && where.at_wall(high));
}

std::size_t component_of(const std::string& quantity) {
  const std::string names[4] = {"u", "v", "w", "pressure"};
  const auto* const found = std::find(std::begin(names), std::end(names), quantity);
  require(found != std::end(names), "a profile is of u, v, w or pressure");
  return static_cast<std::size_t>(found - names);
}

}  // namespace

Flow::Profile Flow::profile(const ProfileRequest& request) const {
  const State& s = *state_;
  const std::size_t d = component_of(request.quantity), line = static_cast<std::size_t>(request.axis);
  const std::size_t first = line == 0 ? 1 : 0, second = line == 2 ? 1 : 2;
  const FieldView<const double> field = component(static_cast<int>(d));
  const Box box = s.where->box();
  const GlobalIndex n = s.settings.cells[line];
  const bool periodic = s.settings.periodic[line], on_faces = d == line;

  // Samples -1 … n by global index; the value at a wall is the mean of its two sides unless a face lies on it.
  std::vector<double> samples(static_cast<std::size_t>(n + 2));
  const auto across = [&](std::size_t a) {
    return around(request.at_m[a], s.spacing[a], s.settings.cells[a], s.settings.periodic[a], d == a);
  };
  const Between one = across(first), two = across(second);
  for (int p = 0; p < 4; ++p) {
    const GlobalIndex g1 = one.index[p % 2], g2 = two.index[p / 2];
    const double weight = one.weight[p % 2] * two.weight[p / 2];
    if (weight == 0 || !holds(*s.where, first, g1) || !holds(*s.where, second, g2)) continue;
    for (GlobalIndex g = std::max<GlobalIndex>(-1, box.begin[line] - 1); g <= std::min(n, box.end[line]); ++g) {
      if (!holds(*s.where, line, g)) continue;
      PerAxis<LocalIndex> cell{};
      cell[line] = static_cast<LocalIndex>(g - box.begin[line]);
      cell[first] = static_cast<LocalIndex>(g1 - box.begin[first]);
      cell[second] = static_cast<LocalIndex>(g2 - box.begin[second]);
      samples[static_cast<std::size_t>(g + 1)] += weight * field(cell[0], cell[1], cell[2]);
    }
  }
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, samples.data(), static_cast<int>(samples.size()), MPI_DOUBLE, MPI_SUM,
                          s.where->comm()));

  Profile profile;
  const auto add = [&](double at, double value) {
    profile.coordinate.push_back(at);
    profile.value.push_back(value);
  };
  if (!periodic) add(0, on_faces ? samples.front() : (samples[0] + samples[1]) / 2);
  for (GlobalIndex g = 0; g < n; ++g) {
    const double at = (static_cast<double>(g) + (on_faces ? 1.0 : 0.5)) * s.spacing[line];
    add(at, samples[static_cast<std::size_t>(g + 1)]);
  }
  if (!periodic && !on_faces) {
    add(s.settings.length_m[line], (samples[samples.size() - 2] + samples.back()) / 2);
  }
  return profile;
}

namespace {

/// Root mean square over cells of |u - exact|, and the largest |u_d - exact_d|, both [m/s].
struct VelocityError {
  double l2 = std::numeric_limits<double>::quiet_NaN(), max = std::numeric_limits<double>::quiet_NaN();
};

VelocityError velocity_error(const Decomposition& where, const Case& settings, PerAxis<double> spacing,
                             const flow::ConstVelocity& u, double time) {
  const std::optional<flow::KnownFlow> exact = flow::KnownFlow::exact(settings);
  if (!exact) return {};
  const Box box = where.box();
  double square = 0, greatest = 0;
  for (std::size_t d = 0; d < 3; ++d) {
    for (LocalIndex k = 0; k < u[d].cells[2]; ++k) {
      for (LocalIndex j = 0; j < u[d].cells[1]; ++j) {
        for (LocalIndex i = 0; i < u[d].cells[0]; ++i) {
          const PerAxis<GlobalIndex> cell{box.begin[0] + i, box.begin[1] + j, box.begin[2] + k};
          const double error = std::abs(u[d](i, j, k) - (*exact)(d, flow::place(d, cell, spacing), time));
          square += error * error;
          greatest = std::max(greatest, error);
        }
      }
    }
  }
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &square, 1, MPI_DOUBLE, MPI_SUM, where.comm()));
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &greatest, 1, MPI_DOUBLE, MPI_MAX, where.comm()));
  // A maximum passes over NaN, a sum does not.
  return {std::sqrt(square / static_cast<double>(where.total_cells())), std::isnan(square) ? square : greatest};
}

}  // namespace

double Flow::quantity(const std::string& name) const {
  const State& s = *state_;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const flow::ConstVelocity u = views(std::as_const(s.velocity));
  if (name == "kinetic_energy") return s.extremes.energy;
  if (name == "divergence_max") {
    if (!std::isfinite(s.extremes.energy)) return nan;
    double speed = std::max(s.extremes.speed, s.wall_speed);
    for (const double f : s.settings.body_force_m_per_s2) speed = std::max(speed, std::abs(f) * s.dt_before);
    return speed > 0 ? s.extremes.divergence * s.least_spacing / speed : 0;
  }
  if (name == "dissipation") {
    double sum = flow::gradient_squared(s.inverse_spacing, u);
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, s.where->comm()));
    return s.settings.viscosity_m2_per_s * sum / static_cast<double>(s.where->total_cells());
  }
  if (name != "velocity_error_l2" && name != "velocity_error_max") return nan;
  const VelocityError error = velocity_error(*s.where, s.settings, s.spacing, u, s.time);
  return name == "velocity_error_l2" ? error.l2 : error.max;
}

}  // namespace haloscope
