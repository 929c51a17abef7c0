// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file rounds.hpp
/// Collectives as the rounds of messages that their named algorithms make, seen from one rank. Pure.
///
/// In a round a rank posts all its sends, in order, then completes its receives as they arrive; a send of 0 bytes is a
/// message too. Computing (the reduction's additions, copies) costs nothing. The algorithms are those of Thakur,
/// Rabenseifner & Gropp, IJHPCA 19(1), 2005, and Hensgen, Finkel & Manber, IJPP 17(1), 1988 (dissemination), as Open
/// MPI's and MPICH's tuned collectives have them.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "haloscope/network/profile.hpp"

namespace haloscope::interconnect {

enum class Collective {
  barrier,
  bcast,
  reduce,
  allreduce,
  allgather,
  alltoall,
  gather,
  scatter,
  scan,
  exscan,
  reduce_scatter
};

enum class Algorithm {
  dissemination,       ///< barrier, ceil(log2 P) rounds
  recursive_doubling,  ///< barrier, allreduce, allgather, scan: log2 P rounds; other P: a fold before and after
  rabenseifner,        ///< allreduce, reduce: reduce-scatter by halving, then allgather by doubling or gather
  ring,                ///< allreduce, allgather, reduce_scatter: neighbours only
  bruck,               ///< allgather, alltoall: ceil(log2 P) rounds
  binomial,            ///< bcast, reduce, gather, scatter
  scatter_allgather,   ///< bcast: van de Geijn
  recursive_halving,   ///< reduce_scatter
  pairwise,            ///< alltoall, reduce_scatter: P - 1 rounds, another partner in each
  linear,              ///< everything to or from one rank at once, or all to all at once
  offload,             ///< one operation inside the network
};

struct Exchange {
  int rank;  ///< the partner, in the communicator
  std::int64_t bytes;
};
struct Round {
  std::vector<Exchange> sends, receives;
};

/// What the collective is asked to do, from the point of view of any rank.
struct CollectiveShape {
  Collective collective{};
  int rank = 0, ranks = 1, root = 0;
  std::int64_t bytes = 0;  ///< of one rank's block: what each contributes (allgather, gather, scatter, alltoall: to
                           ///< each), or the whole vector (others)
  /// Bytes of each rank's block where they differ (allgatherv, reduce_scatter). Gatherv and scatterv: only the root
  /// needs others' than its own. Alltoallv: what this rank sends to each.
  std::span<const std::int64_t> blocks = {};
  std::span<const std::int64_t> receive_blocks = {};  ///< alltoallv: what this rank gets from each
};

/// A line of the default table: holds for that many bytes (message_bytes) and ranks.
struct DefaultChoice {
  Collective collective;
  std::int64_t below_bytes;  ///< exclusive
  int from_ranks;
  bool powers_of_two;  ///< only for 2, 4, 8 ... ranks
  Algorithm algorithm;
};

/// For each collective the first line that holds decides. The sizes are the defaults of MPICH's control
/// variables (src/mpi/coll/cvars.txt), the algorithms those of Thakur, Rabenseifner & Gropp. MPICH 4.1's own tuning
/// file differs in places: cases/README.md names them.
[[nodiscard]] std::span<const DefaultChoice> default_choices() noexcept;

/// The size by which an algorithm is chosen: the whole vector; of allgather what each rank ends with; of gather,
/// scatter and alltoall one block; of barrier 0.
[[nodiscard]] std::int64_t message_bytes(const CollectiveShape& shape) noexcept;

/// The algorithm for this size: inside the network where the profile has that, else the profile's table, else the
/// default table (printed in cases/networks/KEYS.md). Gatherv, scatterv and alltoallv are always linear: their ranks do
/// not know the blocks of others, so they cannot agree on anything else.
[[nodiscard]] Algorithm choose_algorithm(const Profile& profile, const CollectiveShape& shape);

/// This rank's part. Empty for one rank. Across ranks every send has its receive, in the same round of both, and all
/// ranks have equally many rounds. Offload: messages of 0 bytes that say whom a rank waits for, those of dissemination
/// or straight from or to the root.
/// @p algorithm must be offered for the collective.
[[nodiscard]] std::vector<Round> rounds(Algorithm algorithm, const CollectiveShape& shape);

[[nodiscard]] std::string_view name(Collective collective) noexcept;
[[nodiscard]] std::string_view name(Algorithm algorithm) noexcept;
[[nodiscard]] std::optional<Collective> find_collective(std::string_view name) noexcept;
[[nodiscard]] std::optional<Algorithm> find_algorithm(std::string_view name) noexcept;
/// Whether such an algorithm is there for that collective: for validating profiles.
[[nodiscard]] bool offers(Collective collective, Algorithm algorithm) noexcept;

}  // namespace haloscope::interconnect
