// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file collective_schedule.hpp
/// From the arguments of a collective call to the rounds of messages that this rank takes part in.
///
/// Gatherv, scatterv, alltoallv and alltoallw: their ranks do not know the counts of others, so all messages go at
/// once, and none where there is nothing to send. Nothing goes from a rank to itself.
#include <mpi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "haloscope/network/rounds.hpp"
#include "interconnect/engine/collective_operation.hpp"

namespace haloscope::interconnect {

/// What a call asks for. Owns all of it: a persistent request asks again at each start.
struct Asked {
  MPI_Comm comm = MPI_COMM_NULL;
  Collective collective{};
  int root = 0;
  std::int64_t bytes = 0;                            ///< as CollectiveShape has them
  std::vector<std::int64_t> blocks, receive_blocks;  ///< likewise
  std::optional<CollectiveRound> neighbors;          ///< of a neighbour collective: the one round
  /// Of a neighbour collective on a grid with two edges from one rank to another: Open MPI's non-blocking call pairs
  /// them otherwise than its blocking one. Known to all ranks.
  bool twofold = false;
};

/// The same bytes of every rank, or one vector.
[[nodiscard]] Asked ask(Collective collective, MPI_Comm comm, std::int64_t bytes, int root = 0);
/// Counts that every rank knows: allgatherv, reduce_scatter.
[[nodiscard]] Asked ask(Collective collective, MPI_Comm comm, const int n[], MPI_Datatype type);
/// Gatherv, scatterv: @p n and @p type are the root's, @p own [bytes] everybody's.
[[nodiscard]] Asked ask(Collective collective, MPI_Comm comm, const int n[], MPI_Datatype type, std::int64_t own,
                        int root);
/// Alltoallv, alltoallw: what this rank sends, in place what it receives. Types: one, or one for each rank.
[[nodiscard]] Asked ask_all_to_all(MPI_Comm comm, const void* s, const int ns[], MPI_Datatype ts, const int nr[],
                                   MPI_Datatype tr);
[[nodiscard]] Asked ask_all_to_all(MPI_Comm comm, const void* s, const int ns[], const MPI_Datatype ts[],
                                   const int nr[], const MPI_Datatype tr[]);

[[nodiscard]] bool is_root(MPI_Comm comm, int root);
[[nodiscard]] int ranks_of(MPI_Comm comm);

struct Schedule {
  Algorithm algorithm = Algorithm::linear;
  std::shared_ptr<const CollectiveRounds> rounds;  ///< empty where nobody sends
};

/// Remembers those of the last calls: solvers make the same ones again and again.
class Schedules {
 public:
  [[nodiscard]] Schedule of(const Profile& profile, const Asked& asked);
  /// By which every rank hears from every other: not the model of any call.
  [[nodiscard]] std::shared_ptr<const CollectiveRounds> meeting_of(MPI_Comm comm);

 private:
  /// Calls that differ in nothing else have the same rounds.
  struct Call {
    std::uint64_t context;
    Collective collective;
    int root;
    std::int64_t bytes;
    friend bool operator==(const Call&, const Call&) = default;
  };
  struct CallHash {
    std::size_t operator()(const Call& call) const noexcept;
  };
  std::unordered_map<Call, Schedule, CallHash> known_;
};

}  // namespace haloscope::interconnect
