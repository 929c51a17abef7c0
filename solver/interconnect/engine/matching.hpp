// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file matching.hpp
/// Point-to-point messages in modelled time: what a send, a receive and a probe do to the clocks.
///
/// The payload goes through PMPI and MPI matches it. The stamps of one (communicator, sender, tag) come in the order of
/// their messages. They go to the receives of that triple in the order in which these were posted, as MPI's own rule
/// is. A wildcard receive joins its triple when its payload tells which it is; until then it holds up younger receives
/// whose messages it might get.
#include <mpi.h>

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interconnect/engine/envelope.hpp"
#include "interconnect/engine/flow.hpp"
#include "interconnect/engine/operation.hpp"
#include "interconnect/engine/receive.hpp"

namespace haloscope::interconnect {

enum class SendKind { standard, buffered, synchronous };

class PendingSend;

/// Of this rank. Owned by the engine, which hands it every stamp.
class Matching {
 public:
  explicit Matching(Engine& engine) : engine_(engine) {}

  /// Posts the stamp of a message whose payload went to PMPI just before. Null when nothing is left to wait for: the
  /// message is eager, or goes to MPI_PROC_NULL.
  [[nodiscard]] std::unique_ptr<Operation> send(SendKind kind, const Envelope& to);
  /// Joins the receives of its triple. @p request is its payload's. Null for MPI_PROC_NULL.
  [[nodiscard]] std::unique_ptr<Operation> receive(const Envelope& from, MPI_Request request);

  /// The first message that a receive of @p from would get, as far as its stamp has come: fills @p arrival; among
  /// several senders the one whose message arrived first in modelled time, whose rank and tag replace the wildcards of
  /// @p from.
  [[nodiscard]] bool peek(Envelope& from, Moment& arrival) const;
  /// A wildcard receive in flight might get the next message of that one sender and tag.
  [[nodiscard]] bool is_held_by_wildcard(const Envelope& from) const noexcept;

  /// Takes the stamp of the message that a matched probe has found.
  void claim(MPI_Message message, const Envelope& from);
  /// Posts its receive: its sender is answered now. Null of a message that was not claimed.
  [[nodiscard]] std::unique_ptr<Operation> receive_claimed(MPI_Message message);

  /// Takes one stamp out of the channel, of any kind but a round's.
  void deliver(const Stamp& stamp);
  /// Asks MPI whether the wildcard receives in flight have found their senders.
  void match_wildcards();
  /// Stamps that no receive took, and receives that no stamp came for: none where both ends of every message were
  /// modelled.
  [[nodiscard]] long long unmatched() const noexcept;

 private:
  // A receive takes its place by itself, and a send.
  friend class Receive;
  friend class PendingSend;

  [[nodiscard]] std::uint64_t next_order() noexcept { return next_order_++; }
  [[nodiscard]] Flow& flow(const Triple& triple) { return flows_[triple]; }
  void settle(const Triple& triple, Flow& flow);
  void settle_held();
  void add_wildcard(Receive& receive) { wildcards_.push_back(&receive); }
  void drop_wildcard(Receive& receive);
  [[nodiscard]] const Receive* oldest_wildcard(const Triple& triple) const noexcept;
  void finish(const Stamp& answer);

  Engine& engine_;
  std::unordered_map<Triple, Flow, TripleHash> flows_;
  std::map<std::pair<int, std::uint64_t>, PendingSend*> sends_;  ///< that wait for their receivers, by rank and number
  std::vector<Receive*> wildcards_;                              ///< in flight, in the order of their posts
  std::vector<Triple> held_;                                     ///< flows that wait for some of those
  std::map<MPI_Message, std::unique_ptr<Receive>> claimed_;
  std::uint64_t next_order_ = 1;   ///< of a receive
  std::uint64_t next_serial_ = 1;  ///< of a stamp
};

}  // namespace haloscope::interconnect
