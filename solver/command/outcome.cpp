// SPDX-License-Identifier: BSD-3-Clause
#include "command/outcome.hpp"

#include <algorithm>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/statistics.hpp"
#include "haloscope/record/record.hpp"

namespace haloscope {

RunOutcome read_outcome(const std::string& path) {
  RunFile file;
  try {
    file = read_run_file(path, false);
  } catch (const UserError& error) {
    return {.unreadable = error.what(), .valid = false, .invalid_reasons = {}};
  }
  std::vector<double> steps = file.step_seconds;
  const auto warmup = static_cast<std::size_t>(std::max<std::int64_t>(0, file.number["warmup_steps"]));
  if (steps.size() > warmup) steps.erase(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(warmup));
  std::ranges::sort(steps);
  return {.unreadable = {},
          .valid = file.number["valid"] == 1,
          .invalid_reasons = file.invalid_reasons,
          .median_step_seconds = steps.empty() ? 0 : median_interval(steps).median};
}

}  // namespace haloscope
