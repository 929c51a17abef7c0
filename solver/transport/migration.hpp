// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Brings particles that left the box of their rank to the six neighbours, and tells when none is left.
//
// A message has room for a fixed number of particles, and its length says how many it holds: no count is sent ahead and
// nothing is probed. Particles that find no room wait for the next round. They are sent from where the tracker put them
// and tracked where they arrived.
//
// The sum over all ranks of the particles that are left begins in one round. The next round waits for it, after the
// messages of the neighbours and the tracking. So the end is seen one (empty) round late, but a round costs the latency
// of a neighbour instead of that of a reduction. A step takes as many rounds as the longest-travelled history crosses
// borders between ranks, plus two. It takes more where a message or the particles in flight find no room.
#include <mpi.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "haloscope/grid/decomposition.hpp"
#include "haloscope/timing/phases.hpp"
#include "transport/particle.hpp"

namespace haloscope {

class Migration {
 public:
  using Outgoing = std::array<std::vector<Particle>, n_sides>;
  /// Whole numbers summed over ranks each round. The first says how many particles are left.
  static constexpr std::size_t n_totals = 4;
  using Totals = std::array<std::int64_t, n_totals>;

  /// @p room: particles a message.
  Migration(const Decomposition& decomposition, std::int64_t room, PhaseClock& clock);

  /// Takes what it sends off @p outgoing; arrived() gives what came. Collective over the neighbours. @throws
  /// LibraryError
  void exchange(Outgoing& outgoing);
  /// What came from that side. The caller may change it until the next exchange.
  [[nodiscard]] std::span<Particle> arrived(std::size_t side) noexcept { return {in_[side].get(), came_[side]}; }
  void forget() noexcept { came_ = {}; }  ///< what came has been tracked

  void begin_sum(const Totals& own);  ///< Collective over all ranks, as is the next.
  [[nodiscard]] Totals end_sum();

  [[nodiscard]] std::int64_t sent() const noexcept { return sent_; }  ///< particles, since the beginning

 private:
  const Decomposition& decomposition_;
  PhaseClock& clock_;
  std::size_t room_;
  std::array<int, n_sides> neighbour_{};  ///< MPI_PROC_NULL where no other rank is
  std::array<std::unique_ptr<Particle[]>, n_sides> in_;
  std::array<std::size_t, n_sides> came_{};
  Totals own_{}, all_{};
  MPI_Request sum_ = MPI_REQUEST_NULL;
  std::int64_t sent_ = 0;
};

}  // namespace haloscope
