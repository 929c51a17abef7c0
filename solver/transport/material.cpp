// SPDX-License-Identifier: BSD-3-Clause
#include "transport/material.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// As a part of the total: an absorption below it is left by rounding, and counts as none.
constexpr double no_absorption = 1e-12;

}  // namespace

MaterialTable::MaterialTable(const TransportCase& settings)
    : groups(settings.groups), materials(1 + static_cast<int>(settings.materials.size())) {
  const auto n = static_cast<std::size_t>(groups), all = static_cast<std::size_t>(materials) * n;
  for (auto* const table : {&total, &scattering, &absorption, &production, &slope, &spectrum_sums})
    table->assign(all, 0.0);
  scattering_sums.assign(all * n, 0.0);
  names.push_back("void");
  for (std::size_t m = 1; m < static_cast<std::size_t>(materials); ++m) {
    const Material& given = settings.materials[m - 1];
    names.push_back(given.name);
    require(given.total_per_cm.size() == n, "a total cross-section for each group");
    require(given.scattering_per_cm.empty() || given.scattering_per_cm.size() == n * n, "scattering: groups squared");
    double spectrum = 0;
    for (std::size_t g = 0; g < n; ++g) {
      const std::size_t at = m * n + g;
      total[at] = given.total_per_cm[g];
      for (std::size_t to = 0; to < n; ++to) {
        if (!given.scattering_per_cm.empty()) scattering[at] += given.scattering_per_cm[g * n + to];
        scattering_sums[at * n + to] = scattering[at];
      }
      absorption[at] = total[at] - scattering[at];
      if (absorption[at] < no_absorption * total[at]) absorption[at] = 0, scattering[at] = total[at];
      if (!given.production_per_cm.empty()) production[at] = given.production_per_cm[g];
      if (!given.mean_cosine.empty()) slope[at] = 3 * given.mean_cosine[g];
      spectrum += given.fission_spectrum.empty() ? (g == 0 ? 1.0 : 0.0) : given.fission_spectrum[g];
      spectrum_sums[at] = spectrum;
    }
  }
}

int MaterialTable::number_of(const std::string& name) const {
  const auto found = std::find(names.begin() + 1, names.end(), name);
  if (found == names.end()) throw UserError(fmt::format("fill.material: {}: no such material", name));
  return static_cast<int>(found - names.begin());
}

bool MaterialTable::produces(int material) const noexcept {
  for (int g = 0; g < groups; ++g)
    if (production[at(material, g)] > 0) return true;
  return false;
}

}  // namespace haloscope
