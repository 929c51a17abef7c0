// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file communicators.hpp
/// What the library knows of each communicator: a name that all its ranks agree on without a message, and the world
/// ranks of its members.
///
/// The name is derived: from the parent's name and the how-many-th communicator made from it this is, which is the same
/// on all ranks because making one is collective. Kept as an attribute, so it goes when the communicator does.
#include <mpi.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace haloscope::interconnect {

/// The finaliser of splitmix64 (Steele, Lea & Flood, OOPSLA 2014).
[[nodiscard]] std::uint64_t mix(std::uint64_t x) noexcept;

struct CommunicatorInfo : std::enable_shared_from_this<CommunicatorInfo> {
  std::uint64_t context = 0;
  int rank = 0;
  std::vector<int> world;  ///< world rank of each member (of the remote group, for an intercommunicator)
  bool inter = false;
  std::uint64_t children = 0;                     ///< communicators made from it so far
  std::map<std::uint64_t, std::uint64_t> groups;  ///< likewise by MPI_Comm_create_group, by group and tag
  std::uint64_t collectives = 0;                  ///< collectives begun on it so far
  std::shared_ptr<CommunicatorInfo> self;         ///< until the communicator is freed
};

void learn_world_communicators();  ///< after PMPI_Init: MPI_COMM_WORLD, MPI_COMM_SELF

/// Of a communicator that the library saw being made; else (MPI made it inside) one derived from its members.
[[nodiscard]] CommunicatorInfo& info_of(MPI_Comm comm);

/// Called after @p made came from @p parent by a collective call. @p how tells apart ranks that got different ones: a
/// colour, or the group of the new one.
void learn_communicator(MPI_Comm parent, MPI_Comm made, std::uint64_t how);
/// A number for the members of @p made, the same on all of them; 0 for MPI_COMM_NULL.
[[nodiscard]] std::uint64_t group_of(MPI_Comm made);
/// The same for MPI_Comm_create_group.
void learn_group_communicator(MPI_Comm parent, MPI_Comm made, int tag);

}  // namespace haloscope::interconnect
