// SPDX-License-Identifier: BSD-3-Clause
#include "transport/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// In parts of a cell: a border that is this near to a face lies on it.
constexpr double on_face = 1e-9;

enum class Meets { not_at_all, partly, wholly };

Meets meets_box(const Shape& shape, PerAxis<double> low, PerAxis<double> high) {
  bool wholly = true;
  for (std::size_t a = 0; a < 3; ++a) {
    const double slack = on_face * (high[a] - low[a]);
    if (shape.low[a] >= high[a] - slack || shape.high[a] <= low[a] + slack) return Meets::not_at_all;
    wholly = wholly && shape.low[a] <= low[a] + slack && shape.high[a] >= high[a] - slack;
  }
  return wholly ? Meets::wholly : Meets::partly;
}

Meets meets_sphere(const Shape& shape, PerAxis<double> low, PerAxis<double> high) {
  double nearest = 0, farthest = 0;  // squares of distances
  for (std::size_t a = 0; a < 3; ++a) {
    const double c = shape.center[a], near = c - std::clamp(c, low[a], high[a]);
    const double far = std::max(std::abs(c - low[a]), std::abs(c - high[a]));
    nearest += near * near;
    farthest += far * far;
  }
  const double square = shape.radius * shape.radius;
  return nearest >= square ? Meets::not_at_all : farthest <= square ? Meets::wholly : Meets::partly;
}

PerAxis<double> three(const std::vector<double>& given, PerAxis<double> otherwise) {
  if (given.empty()) return otherwise;
  require(given.size() == 3, "three numbers for a point");
  return {given[0], given[1], given[2]};
}

}  // namespace

bool Shape::holds(PerAxis<double> x) const noexcept {
  if (sphere) {
    double square = 0;
    for (std::size_t a = 0; a < 3; ++a) square += (x[a] - center[a]) * (x[a] - center[a]);
    return square < radius * radius;
  }
  return x[0] >= low[0] && x[0] < high[0] && x[1] >= low[1] && x[1] < high[1] && x[2] >= low[2] && x[2] < high[2];
}

std::vector<Shape> shapes_of(const TransportCase& settings, const MaterialTable& materials) {
  std::vector<Shape> shapes;
  for (const Fill& fill : settings.fills) {
    Shape shape;
    shape.sphere = fill.shape == "sphere";
    shape.low = three(fill.low_cm, {0, 0, 0});
    shape.high = three(fill.high_cm, settings.length_cm);
    shape.center = three(fill.center_cm, {0, 0, 0});
    shape.radius = fill.radius_cm;
    shape.material = materials.number_of(fill.material);
    shape.priority = fill.priority;
    shapes.push_back(shape);
  }
  std::ranges::stable_sort(shapes, std::greater<>{}, &Shape::priority);
  return shapes;
}

Geometry::Geometry(const Decomposition& decomposition, const TransportCase& settings, const MaterialTable& materials)
    : cells(decomposition.cells()), box(decomposition.box()), shapes_(shapes_of(settings, materials)) {
  const PerAxis<LocalIndex> n = decomposition.local_cells();
  for (std::size_t a = 0; a < 3; ++a) {
    require(cells[a] < std::numeric_limits<std::int32_t>::max(), "fewer than 2^31 cells along an axis");
    width[a] = settings.length_cm[a] / static_cast<double>(cells[a]);
  }
  stride = {1, n[0] + 2, std::ptrdiff_t{n[0] + 2} * (n[1] + 2)};
  first_mixture = static_cast<Kind>(materials.materials);
  outside = std::numeric_limits<Kind>::max();
  kinds.assign(static_cast<std::size_t>(stride[2] * (n[2] + 2)), outside);
  for (GlobalIndex k = box.begin[2]; k < box.end[2]; ++k)
    for (GlobalIndex j = box.begin[1]; j < box.end[1]; ++j)
      for (GlobalIndex i = box.begin[0]; i < box.end[0]; ++i) {
        const PerAxis<GlobalIndex> cell{i, j, k};
        PerAxis<double> low{}, high{};
        for (std::size_t a = 0; a < 3; ++a) {
          low[a] = face(a, static_cast<double>(cell[a]));
          high[a] = face(a, static_cast<double>(cell[a] + 1));
        }
        const std::ptrdiff_t at =
            index({static_cast<std::int32_t>(i), static_cast<std::int32_t>(j), static_cast<std::int32_t>(k)});
        kinds[static_cast<std::size_t>(at)] = kind_of(mixture_of(low, high));
      }
  // Known only now: the last kind.
  const Kind last = static_cast<Kind>(first_mixture + mixtures_.size());
  std::ranges::replace(kinds, outside, last);
  outside = last;
  n_kinds = std::size_t{last} + 1;
  make_rates(materials);
}

Geometry::Mixture Geometry::mixture_of(PerAxis<double> low, PerAxis<double> high) const {
  Mixture mixture;
  for (std::size_t s = 0; s < shapes_.size(); ++s) {
    const Meets meets = shapes_[s].sphere ? meets_sphere(shapes_[s], low, high) : meets_box(shapes_[s], low, high);
    if (meets == Meets::wholly) {
      mixture.otherwise = shapes_[s].material;
      break;
    }
    if (meets == Meets::partly) mixture.shapes.push_back(s);
  }
  const auto same = [&](std::size_t s) { return shapes_[s].material == mixture.otherwise; };
  if (std::ranges::all_of(mixture.shapes, same)) mixture.shapes.clear();
  return mixture;
}

Geometry::Kind Geometry::kind_of(const Mixture& mixture) {
  if (mixture.shapes.empty()) return static_cast<Kind>(mixture.otherwise);
  auto found = std::ranges::find(mixtures_, mixture);
  if (found == mixtures_.end()) {
    require(mixtures_.size() + first_mixture + 1u < std::numeric_limits<Kind>::max(), "fewer than 65,535 mixtures");
    found = mixtures_.insert(found, mixture);
  }
  return static_cast<Kind>(first_mixture + (found - mixtures_.begin()));
}

int Geometry::material_at(Kind kind, PerAxis<double> x) const noexcept {
  const Mixture& mixture = mixtures_[static_cast<std::size_t>(kind - first_mixture)];
  for (const std::size_t s : mixture.shapes)
    if (shapes_[s].holds(x)) return shapes_[s].material;
  return mixture.otherwise;
}

void Geometry::make_rates(const MaterialTable& materials) {
  rate_.assign(n_kinds * static_cast<std::size_t>(materials.groups), 0.0);
  for (int g = 0; g < materials.groups; ++g) {
    double* const rate = &rate_[static_cast<std::size_t>(g) * n_kinds];
    for (int m = 0; m < materials.materials; ++m) rate[m] = materials.total[materials.at(m, g)];
    for (std::size_t n = 0; n < mixtures_.size(); ++n) {
      double densest = materials.total[materials.at(mixtures_[n].otherwise, g)];
      for (const std::size_t s : mixtures_[n].shapes)
        densest = std::max(densest, materials.total[materials.at(shapes_[s].material, g)]);
      rate[first_mixture + n] = densest;
    }
    rate[outside] = std::numeric_limits<double>::infinity();
  }
}

}  // namespace haloscope
