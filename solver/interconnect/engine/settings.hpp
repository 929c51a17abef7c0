// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file settings.hpp
/// What the library was asked to be: read from the environment by rank 0 when MPI starts, the same on every rank.
///
/// Nothing else in the library reads the environment. Variables: HALOSCOPE_NETWORK (a profile's file; without it the
/// library only records), HALOSCOPE_NETWORK_SET (overrides table.key=value, one a line), HALOSCOPE_CLOCK (virtual,
/// real), HALOSCOPE_RANKS_PER_NODE, HALOSCOPE_SEED, HALOSCOPE_WITHOUT (latency,bandwidth,jitter,noise),
/// HALOSCOPE_COMPUTE (cpu, announced), HALOSCOPE_POSIX_CLOCKS (1: clock_gettime and gettimeofday read the logical clock
/// too), HALOSCOPE_RECORD (a run file for programs that write none), HALOSCOPE_RECORD_FORCE (set: overwrite it),
/// HALOSCOPE_CHANNEL (mpi: all stamps travel by MPI).
#include <mpi.h>

#include <cstdint>
#include <string>

#include "haloscope/network/path.hpp"
#include "haloscope/network/profile.hpp"

namespace haloscope::interconnect {

enum class Mode {
  record,        ///< counts and times, changes nothing
  virtual_time,  ///< every rank keeps a logical clock
  real_time,     ///< completion is held back until the modelled arrival
};

struct Settings {
  Mode mode = Mode::record;
  Profile profile;
  Without without;
  std::uint64_t seed = 1;
  int ranks_per_node = 1;
  bool announced_compute = false;  ///< virtual: computing takes what MPI_Pcontrol announces, not the thread's CPU time
  bool posix_clocks = false;
  bool stamps_by_mpi = false;  ///< within a host too
  std::string record;          ///< a run file; empty: none
  bool record_force = false;   ///< overwrite it

  /// Node of a world rank, as modelled.
  [[nodiscard]] int node_of(int world_rank) const noexcept { return world_rank / ranks_per_node; }
};

/// Before MPI starts, of this process alone: a network is named …
[[nodiscard]] bool network_is_named() noexcept;
/// … and not for real time.
[[nodiscard]] bool asks_for_virtual_time() noexcept;

/// What is switched off, joined by commas.
[[nodiscard]] std::string names_of(const Without& off);

/// Collective over @p world, through PMPI. Ends the program with one line when a setting is wrong: exit code 2.
[[nodiscard]] Settings read_settings(MPI_Comm world);

}  // namespace haloscope::interconnect
