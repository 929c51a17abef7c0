// SPDX-License-Identifier: BSD-3-Clause
// What concerns more than one key of a case of problem transport: cross-sections that cannot be, settings that have no
// meaning together, histories that would never end. Each refusal names the key to change.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "haloscope/transport/settings.hpp"
#include "transport/check.hpp"

namespace haloscope {

namespace {

// --- materials -------------------------------------------------------------------------------------------------------

double scattering(const TransportCase& c, const Material& material, std::size_t group) {
  if (material.scattering_per_cm.empty()) return 0;
  const auto row = material.scattering_per_cm.begin() + static_cast<std::ptrdiff_t>(group) * c.groups;
  return std::accumulate(row, row + c.groups, 0.0);
}

double absorption(const TransportCase& c, const Material& material, std::size_t group) {
  const double total = material.total_per_cm[group], left = total - scattering(c, material, group);
  return left > allowed_rounding * total ? left : 0;
}

double most(const std::vector<double>& values) { return values.empty() ? 0 : std::ranges::max(values); }

void check_lengths(const Checked& in, std::size_t item) {
  const Material& m = in.c.materials[item];
  const auto groups = static_cast<std::size_t>(in.c.groups);
  const auto check = [&](const char* name, const std::vector<double>& list, bool pairs) {
    const std::size_t wanted = pairs ? groups * groups : groups;
    if (list.size() == wanted || (list.empty() && &list != &m.total_per_cm)) return;
    const char* const what = pairs ? "one from each group to each, row after row" : "one a group";
    in.refuse(fmt::format("material.{}", name),
              fmt::format("must be {} number{}, {}", wanted, wanted == 1 ? "" : "s", what), item);
  };
  check("total_per_cm", m.total_per_cm, false);
  check("scattering_per_cm", m.scattering_per_cm, true);
  check("absorption_per_cm", m.absorption_per_cm, false);
  check("production_per_cm", m.production_per_cm, false);
  check("fission_spectrum", m.fission_spectrum, false);
  check("mean_cosine", m.mean_cosine, false);
}

void check_balance(const Checked& in, std::size_t item) {
  const Material& m = in.c.materials[item];
  for (std::size_t group = 0; group < m.total_per_cm.size(); ++group) {
    const double total = m.total_per_cm[group], scattered = scattering(in.c, m, group);
    if (scattered > total * (1 + allowed_rounding))
      in.refuse(
          "material.scattering_per_cm",
          fmt::format("must sum to at most the total {:g} from group {}, not to {:g}", total, group + 1, scattered),
          item);
    if (!m.absorption_per_cm.empty() && std::abs(total - scattered - m.absorption_per_cm[group]) >
                                            allowed_rounding * std::max(total, m.absorption_per_cm[group]))
      in.refuse("material.absorption_per_cm",
                fmt::format("must be total less scattering, {:g} in group {}; or leave it out",
                            std::max(total - scattered, 0.0), group + 1),
                item);
    if (!m.production_per_cm.empty() && m.production_per_cm[group] > 0 && absorption(in.c, m, group) == 0)
      in.refuse(
          "material.production_per_cm",
          fmt::format("must be 0 in group {}, where nothing is absorbed: fission is a part of absorption", group + 1),
          item);
  }
}

void check_material(const Checked& in, std::size_t item) {
  const Material& m = in.c.materials[item];
  for (std::size_t other = 0; other < item; ++other)
    if (in.c.materials[other].name == m.name) in.refuse("material.name", "is there twice", item);
  check_lengths(in, item);
  check_balance(in, item);
  const double sum = std::accumulate(m.fission_spectrum.begin(), m.fission_spectrum.end(), 0.0);
  if (!m.fission_spectrum.empty()) {
    if (most(m.production_per_cm) == 0)
      in.refuse("material.fission_spectrum", "has no meaning without material.production_per_cm; remove it", item);
    if (std::abs(sum - 1) > allowed_rounding)
      in.refuse("material.fission_spectrum", fmt::format("must sum to 1, not to {:.10g}", sum), item);
  }
  if (!m.mean_cosine.empty() && most(m.scattering_per_cm) == 0)
    in.refuse("material.mean_cosine", "has no meaning without material.scattering_per_cm; remove it", item);
}

// --- the whole -------------------------------------------------------------------------------------------------------

void check_settings(const Checked& in) {
  const TransportCase& c = in.c;
  const auto absent = [&](const char* path, const char* where) {
    if (in.origin.given.contains(path)) in.refuse(path, fmt::format("has no meaning where {}; remove it", where));
  };
  if (c.mode == TransportMode::fixed_source) {
    absent("transport.generations_per_step", "transport.mode = \"fixed_source\"");
    absent("transport.inactive_steps", "transport.mode = \"fixed_source\"");
  } else {
    absent("transport.population_limit", "transport.mode = \"eigenvalue\"");
  }
  if (c.capture == Capture::analog) {
    absent("transport.roulette_weight", "transport.capture = \"analog\"");
    absent("transport.survival_weight", "transport.capture = \"analog\"");
  } else if (!(c.survival_weight > c.roulette_weight)) {
    in.refuse("transport.survival_weight",
              fmt::format("must be above transport.roulette_weight, {:g}", c.roulette_weight));
  }
  for (std::size_t side = 0; side < n_sides; ++side) {
    const std::size_t opposite = side ^ 1U;
    if (c.boundaries[side] == Boundary::periodic && c.boundaries[opposite] != Boundary::periodic)
      in.refuse(fmt::format("boundaries.{}", side_names[side]),
                fmt::format("needs boundaries.{} = \"periodic\", too", side_names[opposite]));
  }
}

/// The materials that are there, if they do anything.
std::vector<const Material*> used_materials(const TransportCase& c) {
  std::vector<const Material*> used;
  for (const Material& material : c.materials) {
    const bool filled = std::ranges::count(c.fills, material.name, &Fill::material) > 0;
    if (filled && most(material.total_per_cm) > 0) used.push_back(&material);
  }
  return used;
}

/// Every history must be able to end.
void check_ends(const Checked& in) {
  const TransportCase& c = in.c;
  const std::vector<const Material*> used = used_materials(c);
  const auto absorbs = [&c](const Material* material) {
    for (std::size_t group = 0; group < material->total_per_cm.size(); ++group)
      if (absorption(c, *material, group) > 0) return true;
    return false;
  };
  const auto vacuum = [&c](std::size_t axis) {
    return c.boundaries[2 * axis] == Boundary::vacuum || c.boundaries[2 * axis + 1] == Boundary::vacuum;
  };
  if (!vacuum(0) && !vacuum(1) && !vacuum(2) && std::ranges::none_of(used, absorbs))
    in.origin.refuse("boundaries", "",
                     "histories would never end: one side at least must be \"vacuum\" where nothing absorbs");
  if (!used.empty()) return;
  for (std::size_t item = 0; item < c.sources.size(); ++item) {
    const std::vector<double>& direction = c.sources[item].direction;
    bool leaves = direction.empty();
    for (std::size_t axis = 0; axis < 3 && !leaves; ++axis) leaves = direction[axis] != 0 && vacuum(axis);
    if (!leaves) in.refuse("source.direction", "must lead to a side of vacuum: all else is void, too", item);
  }
}

}  // namespace

void check_transport(const Case& settings, const Origin& origin) {
  const Checked in{settings, origin};
  const TransportCase& c = in.c;
  check_settings(in);
  for (std::size_t item = 0; item < c.materials.size(); ++item) check_material(in, item);
  for (std::size_t item = 0; item < c.fills.size(); ++item) check_fill(in, item);
  for (std::size_t item = 0; item < c.sources.size(); ++item) check_source(in, item);
  for (std::size_t item = 0; item < c.tallies.size(); ++item) check_tally(in, item);
  if (c.mode == TransportMode::fixed_source && c.sources.empty())
    origin.refuse("source", "missing", "there must be a [[source]] where transport.mode = \"fixed_source\"");
  const std::vector<const Material*> used = used_materials(c);
  const auto produces = [](const Material* material) { return most(material->production_per_cm) > 0; };
  if (c.mode == TransportMode::eigenvalue && std::ranges::none_of(used, produces))
    origin.refuse("material.production_per_cm", "missing",
                  "must be above 0 in a material that fills where transport.mode = \"eigenvalue\"");
  if (c.particles < static_cast<std::int64_t>(c.sources.size()))
    in.refuse("transport.particles", fmt::format("must be at least 1 for each of the {} sources", c.sources.size()));
  check_ends(in);
}

}  // namespace haloscope
