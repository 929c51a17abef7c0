// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file rounds.hpp
/// Collectives as the rounds of messages that their named algorithms make, seen from one rank. Pure.
///
/// In a round a rank posts all its sends, in order, then completes its receives, in order. The algorithms are those of
/// Thakur, Rabenseifner & Gropp, IJHPCA 19(1), 2005, and Hensgen, Finkel & Manber, IJPP 17(1), 1988 (dissemination), as
/// Open MPI's and MPICH's tuned collectives have them.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "haloscope/profile.hpp"

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
  rabenseifner,        ///< allreduce: reduce-scatter by halving, allgather by doubling
  ring,                ///< allreduce, allgather, reduce_scatter: neighbours only
  bruck,               ///< allgather, alltoall: ceil(log2 P) rounds
  binomial,            ///< bcast, reduce, gather, scatter
  scatter_allgather,   ///< bcast: van de Geijn
  recursive_halving,   ///< reduce_scatter
  pairwise,            ///< alltoall: P - 1 rounds
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
  std::span<const std::int64_t> blocks =
      {};  ///< bytes of each rank's block where they differ (allgatherv, reduce_scatter)
};

/// The algorithm for this size: the profile's table, else the default table (documented in cases/README.md).
[[nodiscard]] Algorithm choose_algorithm(const Profile& profile, const CollectiveShape& shape);

/// This rank's part. Empty for one rank. Across ranks every send has its receive, in the same round of both.
[[nodiscard]] std::vector<Round> rounds(Algorithm algorithm, const CollectiveShape& shape);

[[nodiscard]] std::string_view name(Collective collective) noexcept;
[[nodiscard]] std::string_view name(Algorithm algorithm) noexcept;
/// Whether such an algorithm is there for that collective: for validating profiles.
[[nodiscard]] bool offers(Collective collective, Algorithm algorithm) noexcept;

}  // namespace haloscope::interconnect
