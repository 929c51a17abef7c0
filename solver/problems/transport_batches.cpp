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

#include <algorithm>
#include <numeric>

#include "haloscope/case/growth.hpp"
#include "haloscope/problems/workload.hpp"
#include "haloscope/transport/settings.hpp"
#include "haloscope/transport/transport.hpp"

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

/// Fewer particles, of which so many are one piece of work.
std::int64_t shrink(Case& settings) {
  constexpr std::int64_t part = 4;
  TransportCase& c = settings.transport;
  const auto fewest = static_cast<std::int64_t>(std::max<std::size_t>(c.sources.size(), 1));
  c.particles = std::max(c.particles / part, fewest);
  c.in_flight = std::max(c.in_flight / part, std::int64_t{1});
  return part;
}

/// Particles that were lost.
void judge(const Case&, const Evidence& evidence, std::vector<std::string>& reasons) {
  const std::vector<double>* const lost = evidence.steps_of("lost");
  const double count = lost == nullptr ? 0 : std::accumulate(lost->begin(), lost->end(), 0.0);
  if (count == 0) return;
  reasons.push_back(fmt::format("{:.0f} particle{} lost{}{}", count, count == 1 ? " was" : "s were",
                                evidence.lost_positions.empty() ? "" : ", the first at ", evidence.lost_positions));
}

std::vector<Quantity> quantities() {
  std::vector<Quantity> all;
  for (const char* const name : {"k_effective", "leakage", "leakage_west", "leakage_east", "leakage_south",
                                 "leakage_north", "leakage_below", "leakage_above", "absorption", "balance_error"})
    all.push_back({.name = name, .random = true});
  all.push_back({.name = "lost_particles"});
  return all;
}

std::vector<NamedQuantity> named_quantities() {
  std::vector<NamedQuantity> all;
  for (const char* const prefix : {"flux:", "flux_by_collisions:", "absorption:", "production:"})
    all.push_back({.prefix = prefix, .array = "tally", .placeholder = "TALLY", .random = true});
  return all;
}

}  // namespace

const Problem& transport_problem() {
  static const Problem problem = {
      .name = "transport",
      .add_keys = add_transport_keys,
      .shared = {"grid.cells", "grid.process_grid"},
      .phases = {Phase::other, Phase::monitor, Phase::track, Phase::migrate, Phase::wait, Phase::reduce},
      .quantities = quantities(),
      .named_quantities = named_quantities(),
      .expects_for = {"grid."},
      .calibrated_sizes = "all particles, a quarter and a sixteenth of them",
      .check = check_transport,
      .grow = grow_grid,
      .shrink = shrink,
      .judge = judge,
      .make = make_workload_of<TransportWorkload>,
  };
  return problem;
}

}  // namespace haloscope
