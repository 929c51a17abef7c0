// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file collective_operation.hpp
/// A collective in modelled time: the rounds of its algorithm, on a chain of its own from the clock at its post.
///
/// In a round a rank spends o on each send, then completes its receives as they arrive: max(chain, arrival) + o. A
/// rendezvous message is ready a hand-shake after both sides have come to its round: its receiver says when it came,
/// its sender then says when the message arrives, and does not end the round before it has entered the network. On the
/// ideal clock messages arrive as they are sent. network/collective_time.hpp has the same on paper.
///
/// All jitters are drawn at the post, so the order of progress changes nothing. A blocking collective shares the rank's
/// interface with its other messages. One in flight finds the interface as it is at its post, and from then on neither
/// sees the other: which came first would depend on real time. It goes on as if by a thread that costs the program
/// nothing, as a library with asynchronous progress does at its best.
#include <cstdint>
#include <memory>
#include <vector>

#include "interconnect/engine/carried_value.hpp"
#include "interconnect/engine/engine.hpp"
#include "interconnect/engine/operation.hpp"

namespace haloscope::interconnect {

struct CollectiveMessage {
  int peer = 0;  ///< world rank
  int rank = 0;  ///< the same in the communicator
  int tag = 0;   ///< tells apart the messages from one rank to another; not negative
  std::int64_t bytes = 0;
};
struct CollectiveRound {
  std::vector<CollectiveMessage> sends, receives;
};
using CollectiveRounds = std::vector<CollectiveRound>;

class CollectiveOperation final : public Operation {
 public:
  enum class Price {
    messages,  ///< each message as its path says
    /// Inside the network: messages only say who waits for whom. This rank goes on the time of the operation after the
    /// last of those it waits for, itself included.
    network,
    into_network,    ///< it gives its part, which costs it o, and waits for nobody
    out_of_network,  ///< it gets what has gone into the network, the time of the operation after that
    nothing,         ///< a meeting of the ranks, not modelled
  };
  enum class Where { in_call, in_background };

  /// @p context is the same on all ranks and for this collective alone. @p value, if any, travels with the messages.
  CollectiveOperation(Engine& engine, std::shared_ptr<const CollectiveRounds> rounds, std::uint64_t context,
                      Price price, Where where, CarriedValue* value = nullptr);
  ~CollectiveOperation() override;

  bool progress() override;
  Moment completion() const override { return chain_; }

 private:
  /// A message to send, ready to enter the network at `ready`, or not before that while its receiver has not come.
  struct Outgoing {
    Time ready;
    std::size_t index;  ///< in the round
    bool known;
    /// The earliest is on top of the heap, of equals the first.
    friend bool operator<(const Outgoing& a, const Outgoing& b) noexcept {
      return a.ready != b.ready ? a.ready > b.ready : a.index > b.index;
    }
  };
  struct Arrival {
    Moment at;
    Time overhead;
  };
  struct Draw {
    Time jitter, not_before;  ///< the pair's last arrival, at the post
  };

  void draw();
  void begin_round();
  bool send();
  void enter(const Outgoing& outgoing);
  bool receive();
  void end();
  [[nodiscard]] const CollectiveRound& round() const noexcept { return (*rounds_)[at_]; }
  [[nodiscard]] const Path& path_to(int peer) const noexcept;

  Engine& engine_;
  std::shared_ptr<const CollectiveRounds> rounds_;
  std::uint64_t context_;
  Price price_;
  Where where_;
  CarriedValue* value_;
  Moment chain_;
  Interfaces interfaces_;
  std::vector<Draw> draws_;  ///< of all sends, in order
  std::size_t drawn_ = 0;    ///< those of the rounds before this one
  std::size_t at_ = 0;       ///< the round
  bool begun_ = false, ended_ = false;
  Time came_ = 0;  ///< to this round
  std::vector<Outgoing> outgoing_;
  std::vector<Arrival> arrivals_;  ///< of this round, so far
};

}  // namespace haloscope::interconnect
