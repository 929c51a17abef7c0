// SPDX-License-Identifier: BSD-3-Clause
#include "problems/pressure.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace haloscope {

void look_for_excess(const Evidence& evidence, const std::string& name, double bound,
                     std::vector<std::string>& reasons) {
  const std::vector<double>* const values = evidence.steps_of(name);
  if (values == nullptr) return;
  const auto above = std::count_if(values->begin(), values->end(), [=](double value) { return value > bound; });
  if (above == 0) return;
  reasons.push_back(fmt::format("{} up to {:.2g} is above {:.2g} in {} of {} steps", name, std::ranges::max(*values),
                                bound, above, values->size()));
}

void judge_pressure(const Case& settings, const Evidence& evidence, std::vector<std::string>& reasons) {
  if (settings.iterations == 0) look_for_excess(evidence, "residual", settings.tolerance, reasons);
}

}  // namespace haloscope
