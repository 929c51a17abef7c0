// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The materials as a collision reads them: flat tables by (material, group). Material 0 is the void.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "haloscope/case/transport_case.hpp"

namespace haloscope {

struct MaterialTable {
  explicit MaterialTable(const TransportCase& settings);

  [[nodiscard]] std::size_t at(int material, int group) const noexcept {
    return static_cast<std::size_t>(material * groups + group);
  }
  [[nodiscard]] int number_of(const std::string& name) const;  ///< @throws UserError
  [[nodiscard]] bool produces(int material) const noexcept;    ///< neutrons, in any group
  /// The group out of @p from, where @p part in (0, scattering) [1/cm] falls within the sums of that row.
  [[nodiscard]] int scattered_group(int material, int from, double part) const noexcept {
    return groups == 1 ? 0 : first_above(&scattering_sums[at(material, from) * static_cast<std::size_t>(groups)], part);
  }
  [[nodiscard]] int fission_group(int material, double part) const noexcept {
    return groups == 1 ? 0 : first_above(&spectrum_sums[at(material, 0)], part);
  }

  int groups = 1, materials = 1;
  std::vector<std::string> names;
  std::vector<double> total, scattering, absorption, production;  ///< (material, group) [1/cm]
  std::vector<double> scattering_sums;                            ///< (material, from, to), summed along to [1/cm]
  std::vector<double> spectrum_sums;                              ///< (material, to), summed along to
  std::vector<double> slope;  ///< (material, from): three mean cosines, the slope of the density of cosines

 private:
  static constexpr int few_groups = 16;  ///< for up to so many, looking at each is no slower than halving
  [[nodiscard]] int first_above(const double* sums, double part) const noexcept {
    if (groups > few_groups) return static_cast<int>(std::upper_bound(sums, sums + groups - 1, part) - sums);
    int g = 0;
    while (g < groups - 1 && part >= sums[g]) ++g;
    return g;
  }
};

}  // namespace haloscope
