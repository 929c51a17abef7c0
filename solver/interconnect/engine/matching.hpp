// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file matching.hpp
/// Point-to-point messages in modelled time: what a send, a receive and a probe do to the clocks.
///
/// The payload goes through PMPI and MPI matches it; the stamps of one (communicator, sender, tag) come in the order of
/// their messages and go to the receives of that triple in the order these were posted, as MPI's own rule is. A
/// wildcard receive joins its triple when its payload tells which it is; until then it holds up younger receives whose
/// messages it might get.
#include <mpi.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "interconnect/engine/engine.hpp"
#include "interconnect/engine/operation.hpp"

namespace haloscope::interconnect {

enum class SendKind { standard, buffered, synchronous };

/// Whom a message goes to or comes from, and how long it is; what a persistent request starts again and again.
struct Envelope {
  std::uint64_t context = 0;
  int peer = MPI_PROC_NULL;                         ///< world rank, MPI_ANY_SOURCE or MPI_PROC_NULL
  int tag = 0;                                      ///< or MPI_ANY_TAG
  std::int64_t bytes = 0;                           ///< of a send
  std::shared_ptr<const std::vector<int>> members;  ///< of MPI_ANY_SOURCE: world ranks; outlive the communicator
};
[[nodiscard]] Envelope address(MPI_Comm comm, int peer, int tag, std::int64_t bytes = 0);

/// Posts the stamp of a message whose payload went to PMPI just before. Null when nothing is left to wait for: the
/// message is eager, or goes to MPI_PROC_NULL.
[[nodiscard]] std::unique_ptr<Operation> begin_send(Engine& engine, SendKind kind, const Envelope& to);
/// Joins the receives of its triple. @p request is its payload's. Null for MPI_PROC_NULL.
[[nodiscard]] std::unique_ptr<Operation> begin_receive(Engine& engine, const Envelope& from, MPI_Request request);

/// The first message that a receive of @p from would get, as far as its stamp has come: fills @p arrival; among several
/// senders the one whose message arrived first in modelled time, whose rank and tag replace the wildcards of @p from.
[[nodiscard]] bool peek(Engine& engine, Envelope& from, Moment& arrival);

/// A wildcard receive in flight might get the next message of that one sender and tag.
[[nodiscard]] bool is_held_by_wildcard(const Envelope& from) noexcept;

/// Takes that message's stamp, as a matched probe does.
[[nodiscard]] std::unique_ptr<Operation> claim(Engine& engine, const Envelope& from);
/// Posts the receive of a message that was claimed: its sender is answered now.
void begin_claimed(Operation& claimed);

/// Asks MPI whether the wildcard receives in flight have found their senders.
void match_wildcards();

/// Stamps that no receive took, and receives that no stamp came for: none where both ends of every message were
/// modelled.
[[nodiscard]] long long unmatched() noexcept;

/// Takes one stamp out of the channel.
void deliver(Engine& engine, const Stamp& stamp);

}  // namespace haloscope::interconnect
