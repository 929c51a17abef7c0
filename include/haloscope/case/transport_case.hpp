// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file transport_case.hpp
/// What a case of problem `transport` is made of: materials, where they lie, where particles start, what is counted.
///
/// Lengths in cm and cross-sections in 1/cm, as the field has them. Groups are numbered from 1 in files and from 0
/// here. Fills and sources need not lie on cell faces, tallies must. Parsed and checked in the case room.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "haloscope/base/axes.hpp"

namespace haloscope {

enum class TransportMode { fixed_source, eigenvalue };
enum class Capture { analog, implicit };
enum class Boundary { vacuum, reflecting, periodic };

/// Macroscopic cross-sections [1/cm].
struct Material {
  std::string name;
  std::vector<double> total_per_cm{};       ///< (group)
  std::vector<double> scattering_per_cm{};  ///< (from, to), row after row; empty: none
  std::vector<double> absorption_per_cm{};  ///< (group), fission included: total less scattering; empty: that
  std::vector<double> production_per_cm{};  ///< (group) neutrons a fission times the fission cross-section; empty: none
  std::vector<double> fission_spectrum{};   ///< (group), sums to 1; empty: all in the first group
  std::vector<double> mean_cosine{};  ///< (from) of scattering angles, |.| ≤ 1/3: p(μ) = (1 + 3 μ̄ μ)/2; empty: 0
};

/// Where a material lies. What no fill covers is void. Where two overlap, the one of higher priority is there.
struct Fill {
  std::string material;
  std::string shape = "box";                ///< box or sphere
  std::vector<double> low_cm{}, high_cm{};  ///< of a box, x y z; empty: the whole grid
  std::vector<double> center_cm{};          ///< of a sphere, x y z
  double radius_cm = 0;                     ///< of a sphere
  int priority = 0;
};

struct ParticleSource {
  std::string kind = "volume";              ///< volume: a box; or a side of the grid, west … above, inwards
  std::vector<double> low_cm{}, high_cm{};  ///< of the box, or of the rectangle on that side; empty: the whole
  std::vector<double> direction{};          ///< of all particles; empty: isotropic (on a side: cosine-distributed)
  int group = 1;                            ///< from 1
  double strength_per_s = 1;                ///< of the whole source [1/s]
};

/// A box of whole cells over which is counted.
struct TallyRegion {
  std::string name;
  std::vector<double> low_cm{}, high_cm{};  ///< x y z; empty: the whole grid
  int group = 0;                            ///< from 1; 0: all groups
};

struct TransportCase {
  TransportMode mode = TransportMode::fixed_source;
  int groups = 1;
  PerAxis<double> length_cm{1, 1, 1};
  std::array<Boundary, n_sides> boundaries{};  ///< by Side
  std::int64_t particles = 100'000;            ///< started in each batch or generation, over all ranks
  int generations_per_step = 1;                ///< eigenvalue: a step is a batch of so many
  std::int64_t inactive_steps = 0;             ///< eigenvalue: first steps, which only let the source settle
  Capture capture = Capture::implicit;
  double roulette_weight = 0.25;    ///< implicit: below it a particle survives with probability weight/survival_weight
  double survival_weight = 1;       ///< … and goes on with this weight
  std::int64_t in_flight = 65'536;  ///< histories that a rank starts before it exchanges: bounds its memory
  double population_limit = 1000;   ///< secondaries for each source particle beyond which a source is supercritical
  std::vector<Material> materials;
  std::vector<Fill> fills;
  std::vector<ParticleSource> sources;
  std::vector<TallyRegion> tallies;
};

}  // namespace haloscope
