// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/timing/efficiency.hpp"

#include <algorithm>
#include <numeric>

#include "haloscope/base/errors.hpp"

namespace haloscope {

Efficiency efficiency_of(std::span<const double> compute, std::span<const double> ideal,
                         std::span<const double> elapsed) {
  require(!compute.empty() && compute.size() == ideal.size() && ideal.size() == elapsed.size(),
          "efficiency_of: one value a rank");
  const double mean = std::accumulate(compute.begin(), compute.end(), 0.0) / static_cast<double>(compute.size());
  return efficiency_of(mean, std::ranges::max(compute), std::ranges::max(ideal), std::ranges::max(elapsed));
}

}  // namespace haloscope
