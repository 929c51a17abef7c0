// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Small transport cases that tests on any number of ranks share, built without a case file.
#include <array>
#include <string>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "haloscope/timing/phases.hpp"
#include "haloscope/transport/transport.hpp"

namespace haloscope {

/// A Transport with what it refers to.
class TransportRun {
 public:
  TransportRun(MPI_Comm comm, const Case& settings, int steps) : settings_(settings), where_(comm, settings_) {
    for (int step = 0; step < steps && transport.stopped().empty(); ++step) {
      transport.step();
      counts.push_back(transport.counts());
    }
  }

 private:
  struct Where {
    Where(MPI_Comm comm, const Case& c)
        : decomposition(
              comm, c.cells,
              {c.transport.boundaries[0] == Boundary::periodic, c.transport.boundaries[2] == Boundary::periodic,
               c.transport.boundaries[4] == Boundary::periodic},
              c.process_grid) {}
    Decomposition decomposition;
    PhaseClock clock;
  };
  const Case settings_;
  Where where_;

 public:
  Transport transport{where_.decomposition, settings_, where_.clock};
  std::vector<TransportCounts> counts;  ///< of each step
};

inline Case transport_case(PerAxis<GlobalIndex> cells, PerAxis<double> length_cm, std::vector<Material> materials) {
  Case c;
  c.cells = cells;
  c.transport.length_cm = length_cm;
  c.transport.materials = std::move(materials);
  c.transport.particles = 2000;
  c.transport.fills = {Fill{.material = c.transport.materials.front().name}};
  c.transport.sources = {ParticleSource{}};
  c.transport.tallies = {TallyRegion{.name = "all"}};
  return c;
}

inline Material one_group(std::string name, double total, double scattering, double production = 0,
                          double mean_cosine = 0) {
  Material m{.name = std::move(name), .total_per_cm = {total}, .scattering_per_cm = {scattering}};
  if (production > 0) m.production_per_cm = {production};
  if (mean_cosine != 0) m.mean_cosine = {mean_cosine};
  return m;
}

}  // namespace haloscope
