// SPDX-License-Identifier: BSD-3-Clause
// Monte Carlo transport as a workload: a step is a batch. What it gives for each step, all over all ranks:
//
//   histories      that the source or the sites of a generation started
//   secondaries    children by fission in a fixed-source case, each a history more
//   segments       of flights, from face or collision to face or collision
//   collisions     real ones
//   absorbed, leaked, rouletted, lost   ends of histories; they sum to histories + secondaries
//   migrations     of particles from rank to rank
//   rounds         of exchanges between neighbours
//   k              in an eigenvalue case: of the step, by track length
#include <fmt/format.h>

#include "haloscope/transport/transport.hpp"
#include "problems/workloads.hpp"

namespace haloscope {

namespace {

PerAxis<bool> periodic_axes(const TransportCase& settings) {
  PerAxis<bool> periodic{};
  for (std::size_t a = 0; a < 3; ++a) {
    periodic[a] = settings.boundaries[2 * a] == Boundary::periodic;
    if (periodic[a] != (settings.boundaries[2 * a + 1] == Boundary::periodic))
      throw UserError("boundaries: an axis is periodic at both of its sides or at none");
  }
  return periodic;
}

class TransportWorkload final : public Workload {
 public:
  TransportWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock)
      : settings_(settings.transport),
        decomposition_(comm, settings.cells, periodic_axes(settings.transport), settings.process_grid),
        transport_(decomposition_, settings, clock) {}

  std::map<std::string, std::string> attributes() const override {
    const bool eigenvalue = settings_.mode == TransportMode::eigenvalue;
    const std::int64_t histories = settings_.particles * (eigenvalue ? settings_.generations_per_step : 1);
    return {{"cells", by_axes(decomposition_.cells())},
            {"process_grid", by_axes(decomposition_.process_grid())},
            {"method", fmt::format("surface tracking, {} capture, {} group{}, {}",
                                   settings_.capture == Capture::analog ? "analog" : "implicit", settings_.groups,
                                   settings_.groups == 1 ? "" : "s",
                                   eigenvalue ? "eigenvalue by power iteration" : "fixed source")},
            {"work_unit", "histories"},
            {"work_per_step", std::to_string(histories)}};
  }

  std::vector<std::string> quantities() const override {
    std::vector<std::string> names{"histories", "secondaries", "segments", "collisions", "absorbed",
                                   "leaked",    "rouletted",   "lost",     "migrations", "rounds"};
    if (settings_.mode == TransportMode::eigenvalue) names.push_back("k");
    return names;
  }

  void step() override { transport_.step(); }

  std::vector<double> outcome() override {
    const TransportCounts& c = transport_.counts();
    std::vector<double> values;
    for (const std::int64_t count : {c.histories, c.secondaries, c.segments, c.collisions, c.absorbed, c.leaked,
                                     c.rouletted, c.lost, transport_.migrations(), transport_.rounds()})
      values.push_back(static_cast<double>(count));
    if (settings_.mode == TransportMode::eigenvalue) values.push_back(transport_.k_of_step());
    return values;
  }

  double quantity(const std::string& name) override { return transport_.estimate(name).mean; }
  double standard_error(const std::string& name) override { return transport_.estimate(name).standard_error; }
  std::string stopped() const override { return transport_.stopped(); }
  std::string lost_positions() override { return transport_.lost_positions(); }

 private:
  const TransportCase& settings_;
  Decomposition decomposition_;
  Transport transport_;
};

}  // namespace

std::unique_ptr<Workload> make_transport_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock) {
  return std::make_unique<TransportWorkload>(comm, settings, clock);
}

}  // namespace haloscope
