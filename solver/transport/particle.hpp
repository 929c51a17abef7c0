// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What travels: a particle in the middle of a flight, and the place where one will be born.
//
// A flight is a straight line from its origin (a birth, a collision, or a side of the grid). The distance of a face
// along it comes from the origin and the cell's number in the whole grid, and is never added up. So a flight goes on in
// another rank's box with the same bits.
#include <cstdint>
#include <type_traits>

#include "haloscope/base/axes.hpp"

namespace haloscope {

struct Particle {
  PerAxis<double> origin;     ///< of the flight [cm]
  PerAxis<double> direction;  ///< of length 1
  double along;               ///< how far from the origin it is now [cm]
  double depth;               ///< optical depth to the next collision, 1 in a mean free path
  double weight;
  std::uint64_t number;             ///< names its random numbers, with the batch
  PerAxis<std::int32_t> cell;       ///< in the whole grid
  std::uint32_t draws;              ///< fours of random numbers drawn; 0: a child, whose direction is yet to be drawn
  std::int32_t group;               ///< from 0; of a child, the material that it was born in
  std::int32_t sides_since_flight;  ///< sides of the grid that sent it back or around since its last collision
};
static_assert(std::is_trivial_v<Particle> && sizeof(Particle) == 104);

/// Where a neutron of the next generation starts.
struct FissionSite {
  PerAxis<double> position;  ///< [cm]
  std::uint64_t number;
  PerAxis<std::int32_t> cell;
  std::int32_t material;
};

}  // namespace haloscope
