// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Follows particles through the box of this rank: the loop that everything else serves.
#include <array>
#include <cstdint>
#include <vector>

#include "haloscope/base/random.hpp"
#include "haloscope/case/transport_case.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "transport/geometry.hpp"
#include "transport/material.hpp"
#include "transport/particle.hpp"
#include "transport/source.hpp"
#include "transport/tally.hpp"

namespace haloscope {

/// A particle that the geometry gave up, for people to look at.
struct LostParticle {
  PerAxis<double> position;  ///< [cm]
  std::uint64_t number;
};

class Tracker {
 public:
  Tracker(const Decomposition& decomposition, const TransportCase& settings, const MaterialTable& materials,
          const Geometry& geometry, CellTallies& tallies, std::uint64_t seed);

  /// From here on particles draw the numbers of @p batch. Eigenvalue: fission yields are divided by @p k.
  void begin(std::uint32_t batch, double k) noexcept;
  /// Follows a particle until it ends or leaves the box. One that leaves waits in outgoing.
  void follow(Particle& particle);
  /// One that starts at @p site with weight @p weight.
  void follow(const FissionSite& site, double weight);

  std::array<std::vector<Particle>, n_sides> outgoing;
  std::vector<Particle> bank;      ///< children, fixed source; last in, first out
  std::vector<FissionSite> sites;  ///< of the next generation, eigenvalue
  StepSums sums;
  std::vector<LostParticle> lost;  ///< the first few

 private:
  enum class End : std::uint64_t { leaked = 1, absorbed, rouletted, lost };

  /// The draws of a collision. They need the particle's number alone, so they are made during the flight to it.
  struct Chance {
    double reaction, cosine;  ///< uniform in (0, 1)
    CirclePoint azimuth;
    double depth;  ///< of the flight that follows
  };
  [[nodiscard]] Chance ready(const Particle& p) const noexcept;
  Geometry::Kind fly(Particle& p) noexcept;
  bool collide(Particle& p, Geometry::Kind kind, const Chance& chance);
  bool pass_border(Particle& p);
  void restart(Particle& p, std::size_t axis, double position) const noexcept;
  void be_born(Particle& p) noexcept;
  void bear(Particle& p, double expected, int material);
  bool survives(Particle& p) noexcept;
  bool end(const Particle& p, End how) noexcept;
  bool lose(const Particle& p);
  [[nodiscard]] FourNumbers draw(Particle& p) const noexcept {
    return RandomStream(seed_, batch_, p.number, 4 * p.draws++).four_uniforms();
  }

  const TransportCase& settings_;
  const MaterialTable& materials_;
  const Geometry& geometry_;
  CellTallies& tallies_;
  std::uint64_t seed_;
  std::uint32_t batch_ = 0;
  double k_ = 1;
  bool implicit_, eigenvalue_;
  std::array<bool, n_sides>
      to_neighbour_{};  ///< beyond the side of the box lies another rank's, perhaps around the grid
};

}  // namespace haloscope
