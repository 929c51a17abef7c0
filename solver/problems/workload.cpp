// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/problems/workload.hpp"

#include <fmt/format.h>

#include <cmath>

#include "haloscope/base/errors.hpp"

namespace haloscope {

std::string by_axes(PerAxis<std::int64_t> n) { return fmt::format("{} x {} x {}", n[0], n[1], n[2]); }
std::string by_axes(PerAxis<int> n) { return fmt::format("{} x {} x {}", n[0], n[1], n[2]); }

double Workload::standard_error(const std::string&) { return std::nan(""); }

std::unique_ptr<Workload> make_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock) {
  require(settings.problem != nullptr, "a case has a problem once the list of problems is set");
  return settings.problem->make(settings, {comm, clock});
}

}  // namespace haloscope
