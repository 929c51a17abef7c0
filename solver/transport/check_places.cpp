// SPDX-License-Identifier: BSD-3-Clause
// Where things lie in a case of problem transport: fills, sources and tallies.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "transport/check.hpp"

namespace haloscope {

namespace {

constexpr double face_distance = 1e-6;  ///< of a tally's side from a face of cells, in cells

struct Corners {
  PerAxis<double> low{}, high{};
};

/// The whole grid where nothing is given.
Corners corners(const TransportCase& c, const std::vector<double>& low, const std::vector<double>& high) {
  Corners box{{0, 0, 0}, c.length_cm};
  if (!low.empty()) std::copy_n(low.begin(), 3, box.low.begin());
  if (!high.empty()) std::copy_n(high.begin(), 3, box.high.begin());
  return box;
}

/// A box of the grid with a volume; on side @p flat, where it is one, a rectangle with an area.
void check_box(const Checked& in, const std::string& table, const std::vector<double>& low,
               const std::vector<double>& high, std::size_t item, int flat = -1) {
  if (low.empty() != high.empty()) {
    const std::string missing = table + (low.empty() ? ".low_cm" : ".high_cm");
    in.origin.refuse(missing, "missing",
                     fmt::format("must be given with {}{}", table, low.empty() ? ".high_cm" : ".low_cm"));
  }
  if (low.empty()) return;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double length = in.c.length_cm[axis];
    const auto in_grid = [&](const char* key, double x) {
      if (x < -in.slack(axis) || x > length + in.slack(axis))
        in.refuse(table + key, fmt::format("must lie in the grid: from 0 to {:g} along {}", length, axis_names[axis]),
                  item);
    };
    in_grid(".low_cm", low[axis]);
    in_grid(".high_cm", high[axis]);
    if (flat >= 0 && axis == static_cast<std::size_t>(flat / 2)) {
      const double at = flat % 2 == 1 ? length : 0;
      for (const auto& [key, x] : {std::pair{".low_cm", low[axis]}, std::pair{".high_cm", high[axis]}})
        if (std::abs(x - at) > in.slack(axis))
          in.refuse(table + key,
                    fmt::format("must be {:g} along {}, on the side {}", at, axis_names[axis],
                                side_names[static_cast<std::size_t>(flat)]),
                    item);
    } else if (!(low[axis] < high[axis])) {
      in.refuse(table + ".high_cm", fmt::format("must lie above {}.low_cm along {}", table, axis_names[axis]), item);
    }
  }
}

/// From a point to the nearest of a box.
double distance(const std::vector<double>& point, const Corners& box) {
  double square = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double d = point[axis] - std::clamp(point[axis], box.low[axis], box.high[axis]);
    square += d * d;
  }
  return std::sqrt(square);
}

/// Whether two fills share more than faces.
bool overlap(const Checked& in, const Fill& a, const Fill& b) {
  const bool a_round = a.shape == "sphere", b_round = b.shape == "sphere";
  if (a_round && b_round) {
    const double apart =
        std::hypot(a.center_cm[0] - b.center_cm[0], a.center_cm[1] - b.center_cm[1], a.center_cm[2] - b.center_cm[2]);
    return apart < (a.radius_cm + b.radius_cm) * (1 - allowed_rounding);
  }
  if (a_round) return distance(a.center_cm, corners(in.c, b.low_cm, b.high_cm)) < a.radius_cm * (1 - allowed_rounding);
  if (b_round) return overlap(in, b, a);
  const Corners one = corners(in.c, a.low_cm, a.high_cm), other = corners(in.c, b.low_cm, b.high_cm);
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (std::min(one.high[axis], other.high[axis]) - std::max(one.low[axis], other.low[axis]) <= in.slack(axis))
      return false;
  return true;
}

void check_shape(const Checked& in, std::size_t item) {
  const Fill& fill = in.c.fills[item];
  const auto absent = [&](const char* key, bool given) {
    if (given)
      in.refuse(fmt::format("fill.{}", key), fmt::format("has no meaning for the shape {}; remove it", fill.shape),
                item);
  };
  if (fill.shape == "box") {
    absent("center_cm", !fill.center_cm.empty());
    absent("radius_cm", fill.radius_cm != 0);
    check_box(in, "fill", fill.low_cm, fill.high_cm, item);
    return;
  }
  absent("low_cm", !fill.low_cm.empty());
  absent("high_cm", !fill.high_cm.empty());
  if (fill.center_cm.empty()) in.origin.refuse("fill.center_cm", "missing", "must be given for a sphere");
  if (fill.radius_cm == 0) in.origin.refuse("fill.radius_cm", "missing", "must be given for a sphere");
  if (distance(fill.center_cm, corners(in.c, {}, {})) >= fill.radius_cm)
    in.refuse("fill.center_cm", "must be less than the radius away from the grid: the sphere is all outside", item);
}

int side_of(const ParticleSource& source) {
  const auto found = std::ranges::find_if(side_names, [&](const char* name) { return source.kind == name; });
  return found == side_names.end() ? -1 : static_cast<int>(found - side_names.begin());
}

}  // namespace

void check_fill(const Checked& in, std::size_t item) {
  const Fill& fill = in.c.fills[item];
  std::vector<std::string> names;
  for (const Material& material : in.c.materials) names.push_back(material.name);
  if (names.empty()) in.refuse("fill.material", "must be the name of a [[material]], of which there is none", item);
  if (std::ranges::find(names, fill.material) == names.end())
    in.refuse("fill.material",
              "must be the name of a [[material]]; the nearest is " + nearest_name(fill.material, names), item);
  check_shape(in, item);
  for (std::size_t n = 0; n < item; ++n) {
    const Fill& other = in.c.fills[n];
    if (other.priority == fill.priority && other.material != fill.material && overlap(in, other, fill))
      in.refuse("fill.priority",
                fmt::format("must differ where fills of two materials overlap: [[fill]] {} is of {}, {} of {}", n + 1,
                            other.material, item + 1, fill.material),
                item);
  }
}

void check_tally(const Checked& in, std::size_t item) {
  const TallyRegion& tally = in.c.tallies[item];
  for (std::size_t other = 0; other < item; ++other)
    if (in.c.tallies[other].name == tally.name) in.refuse("tally.name", "is there twice", item);
  check_box(in, "tally", tally.low_cm, tally.high_cm, item);
  for (std::size_t axis = 0; axis < 3 && !tally.low_cm.empty(); ++axis) {
    const double width = in.c.length_cm[axis] / static_cast<double>(in.all.cells[axis]);
    for (const auto& [key, x] : {std::pair{"tally.low_cm", tally.low_cm[axis]}, {"tally.high_cm", tally.high_cm[axis]}})
      if (std::abs(x / width - std::round(x / width)) > face_distance)
        in.refuse(key, fmt::format("must lie on faces of cells: multiples of {:.6g} along {}", width, axis_names[axis]),
                  item);
  }
  if (tally.group > in.c.groups)
    in.refuse("tally.group", fmt::format("must be at most transport.groups, {}", in.c.groups), item);
}

void check_source(const Checked& in, std::size_t item) {
  const ParticleSource& source = in.c.sources[item];
  const int side = side_of(source);
  if (side >= 0) {
    const auto s = static_cast<std::size_t>(side);
    if (in.c.mode == TransportMode::eigenvalue)
      in.refuse("source.kind", "must be \"volume\" where transport.mode = \"eigenvalue\"", item);
    if (in.c.boundaries[s] != Boundary::vacuum)
      in.refuse("source.kind", fmt::format("needs boundaries.{} = \"vacuum\": nothing comes in there", side_names[s]),
                item);
  }
  check_box(in, "source", source.low_cm, source.high_cm, item, side);
  if (source.group > in.c.groups)
    in.refuse("source.group", fmt::format("must be at most transport.groups, {}", in.c.groups), item);
  if (source.direction.empty()) return;
  if (std::ranges::all_of(source.direction, [](double x) { return x == 0; }))
    in.refuse("source.direction", "must have a length", item);
  if (side >= 0) {
    const double inwards = source.direction[static_cast<std::size_t>(side / 2)] * (side % 2 == 1 ? -1 : 1);
    if (!(inwards > 0))
      in.refuse("source.direction", fmt::format("must point into the grid from {}", source.kind), item);
  }
}

}  // namespace haloscope
