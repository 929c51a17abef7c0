// SPDX-License-Identifier: BSD-3-Clause
#include "transport/tally.hpp"

#include <algorithm>
#include <cmath>

#include "haloscope/base/errors.hpp"

namespace haloscope {

CellTallies::CellTallies(const Geometry& geometry, int groups) : size_(geometry.size()) {
  const std::size_t all = size_ * static_cast<std::size_t>(groups);
  for (auto* const array : {&flux_, &collisions_, &total_flux_}) array->assign(all, 0.0);
  if (geometry.has_mixtures())
    for (auto* const array : {&absorbed_, &produced_}) array->assign(all, 0.0);
}

void CellTallies::fold(bool keep) {
  if (keep) {
    for (std::size_t n = 0; n < flux_.size(); ++n) total_flux_[n] += flux_[n];
    ++kept_;
  }
  for (auto* const array : {&flux_, &collisions_, &absorbed_, &produced_}) std::ranges::fill(*array, 0.0);
}

double CellTallies::bytes() const noexcept {
  return sizeof(double) * static_cast<double>(4 * flux_.size() + absorbed_.size() + produced_.size());
}

double Region::cells() const noexcept {
  double product = end_group - first_group;
  for (std::size_t a = 0; a < 3; ++a) product *= std::max(end[a] - begin[a], 0);
  return product;
}

Region make_region(const Geometry& geometry, const TransportCase& settings, const TallyRegion& tally) {
  Region region{tally.name, {}, {}, 0, settings.groups, 1};
  if (tally.group > 0) {
    region.first_group = tally.group - 1;
    region.end_group = tally.group;
  }
  for (std::size_t a = 0; a < 3; ++a) {
    const double low = tally.low_cm.empty() ? 0 : tally.low_cm.at(a);
    const double high = tally.high_cm.empty() ? settings.length_cm[a] : tally.high_cm.at(a);
    const std::int64_t begin = std::llround(low / geometry.width[a]), end = std::llround(high / geometry.width[a]);
    require(0 <= begin && begin < end && end <= geometry.cells[a], "a tally of whole cells of the grid");
    region.volume *= static_cast<double>(end - begin) * geometry.width[a];
    region.begin[a] = static_cast<std::int32_t>(std::max(begin, geometry.box.begin[a]));
    region.end[a] = static_cast<std::int32_t>(std::min(end, geometry.box.end[a]));
  }
  return region;
}

RegionSums sum_over(const Region& region, const Geometry& geometry, const MaterialTable& materials,
                    CellTallies& cells) {
  RegionSums sums;
  for (int g = region.first_group; g < region.end_group; ++g) {
    const double *const flux = cells.flux(g), *const collisions = cells.collisions(g);
    for (std::int32_t k = region.begin[2]; k < region.end[2]; ++k)
      for (std::int32_t j = region.begin[1]; j < region.end[1]; ++j)
        for (std::int32_t i = region.begin[0]; i < region.end[0]; ++i) {
          const std::ptrdiff_t c = geometry.index({i, j, k});
          const Geometry::Kind kind = geometry.kinds[static_cast<std::size_t>(c)];
          sums.flux += flux[c];
          sums.flux_by_collisions += collisions[c];
          if (geometry.is_mixture(kind)) {
            sums.absorption += cells.absorbed(g)[c];
            sums.production += cells.produced(g)[c];
            sums.production_by_collisions += cells.produced(g)[c];
          } else {
            const std::size_t at = materials.at(kind, g);
            sums.absorption += materials.absorption[at] * flux[c];
            sums.production += materials.production[at] * flux[c];
            sums.production_by_collisions += materials.production[at] * collisions[c];
          }
        }
  }
  return sums;
}

}  // namespace haloscope
