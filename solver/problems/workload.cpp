// SPDX-License-Identifier: BSD-3-Clause
// The flow as a workload, and the choice between all.
#include "haloscope/problems/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "haloscope/flow/flow.hpp"
#include "problems/workloads.hpp"

namespace haloscope {

std::string by_axes(PerAxis<std::int64_t> n) { return fmt::format("{} x {} x {}", n[0], n[1], n[2]); }
std::string by_axes(PerAxis<int> n) { return fmt::format("{} x {} x {}", n[0], n[1], n[2]); }

namespace {

class FlowWorkload final : public Workload {
 public:
  FlowWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock)
      : settings_(settings),
        decomposition_(comm, settings.cells, settings.periodic, settings.process_grid),
        flow_(decomposition_, settings, clock) {}

  std::map<std::string, std::string> attributes() const override {
    return {{"cells", by_axes(decomposition_.cells())},
            {"process_grid", by_axes(decomposition_.process_grid())},
            {"method", flow_.poisson().describe()},
            {"work_unit", "cell updates"},
            {"work_per_step", std::to_string(decomposition_.total_cells())}};
  }

  std::vector<std::string> quantities() const override {
    return {"time", "dt", "iterations", "residual", "divergence", "kinetic_energy"};
  }

  void step() override { last_ = flow_.step(settings_.end_time_s); }

  std::vector<double> outcome() override {
    const int stages = settings_.integrator == Integrator::rk3 ? 3 : 1;
    iterations_per_solve_max_ = std::max(iterations_per_solve_max_, (last_.iterations + stages - 1) / stages);
    divergence_max_ = std::max(divergence_max_, last_.divergence);
    return {last_.time,     last_.dt,         static_cast<double>(last_.iterations),
            last_.residual, last_.divergence, last_.kinetic_energy};
  }

  bool finished() const override { return flow_.time() >= settings_.end_time_s * (1 - 1e-12); }
  double time() const override { return flow_.time(); }

  std::vector<LineProfile> profiles() override {
    std::vector<LineProfile> all;
    for (const ProfileRequest& request : settings_.profiles) {
      Flow::Profile profile = flow_.profile(request);
      all.push_back({request.name, std::move(profile.coordinate), std::move(profile.value)});
    }
    return all;
  }

  double quantity(const std::string& name) override {
    if (name == "iterations_per_solve_max") return iterations_per_solve_max_;
    if (name == "divergence_max") return divergence_max_;
    return flow_.quantity(name);
  }

 private:
  const Case& settings_;
  Decomposition decomposition_;
  Flow flow_;
  FlowStep last_;
  int iterations_per_solve_max_ = 0;
  double divergence_max_ = 0;
};

}  // namespace

double Workload::standard_error(const std::string&) { return std::nan(""); }

std::vector<Phase> phases_of(Problem problem) {
  switch (problem) {
    case Problem::transport:
      return {Phase::other, Phase::monitor, Phase::track, Phase::migrate, Phase::wait, Phase::reduce};
    case Problem::option:
      return {Phase::other, Phase::price, Phase::reduce};
    case Problem::allreduce:
      return {Phase::other, Phase::burst, Phase::wait, Phase::reduce};
    case Problem::flow:
    case Problem::poisson:
    case Problem::exchange:
      break;
  }
  return {solver_phases.begin(), solver_phases.end()};
}

std::vector<Phase> computing_phases_of(Problem problem) {
  std::vector<Phase> phases = phases_of(problem);
  std::erase_if(phases, [](Phase phase) { return phase == Phase::wait || phase == Phase::reduce; });
  return phases;
}

std::unique_ptr<Workload> make_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock) {
  switch (settings.problem) {
    case Problem::flow:
      return std::make_unique<FlowWorkload>(comm, settings, clock);
    case Problem::poisson:
      return make_poisson_workload(comm, settings, clock);
    case Problem::exchange:
      return make_exchange_workload(comm, settings, clock);
    case Problem::transport:
      return make_transport_workload(comm, settings, clock);
    case Problem::option:
      return make_option_workload(comm, settings, clock);
    case Problem::allreduce:
      return make_allreduce_workload(comm, settings, clock);
  }
  throw LibraryError("a problem without a workload");
}

}  // namespace haloscope
