// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file receive.hpp
/// A receive in modelled time, from its post to its completion: the part of Matching that belongs to one receive.
#include <mpi.h>

#include <cstdint>

#include "interconnect/engine/envelope.hpp"
#include "interconnect/engine/flow.hpp"
#include "interconnect/engine/operation.hpp"

namespace haloscope::interconnect {

class Engine;
class Matching;

class Receive final : public Operation {
 public:
  enum class State {
    wildcard,   ///< its sender or its tag is not known yet
    found,      ///< a wildcard no longer: its payload has told, and it joins its flow next
    queued,     ///< in its flow, without a message
    claiming,   ///< likewise, for a matched probe, which posts it later
    claimed,    ///< has the message that the probe found, and waits to be posted
    served,     ///< has its message: when it completes is known
    cancelled,  ///< was taken back: there is nothing left to wait for
  };

  /// @p begin: queued or claiming; what names no single sender and tag begins as a wildcard.
  Receive(Engine& engine, const Envelope& from, MPI_Request request, State begin);
  ~Receive() override;

  bool progress() override { return state_ == State::served || state_ == State::cancelled; }
  Moment completion() const override { return completion_; }
  Time cost() const override { return cost_; }
  void completed() override;
  bool cancellable() const override { return true; }
  void cancel() override;

  /// Of a wildcard: asks its payload which sender and which tag it got. True when it is a wildcard no longer.
  bool find_sender();
  [[nodiscard]] bool is_wildcard() const noexcept { return state_ == State::wildcard; }
  /// Of one that was found: becomes a receive among the others. One that was taken back instead does nothing.
  void join_if_found();
  /// A message of @p triple might be this wildcard's.
  [[nodiscard]] bool may_get(const Triple& triple) const noexcept;
  /// Of one that was claimed: posted now.
  void post();
  /// Its message has this stamp.
  void serve(const Stamp& stamp);
  /// Rises in the order in which receives were posted, or claimed their messages.
  [[nodiscard]] std::uint64_t order() const noexcept { return order_; }

 private:
  void join();
  void leave();
  void give_back();
  void take_over(const Receive& other) noexcept;
  void complete_by(const Stamp& stamp);
  [[nodiscard]] Triple triple() const noexcept { return {from_.context, from_.peer, from_.tag}; }

  Engine& engine_;
  Matching& matching_;
  Envelope from_;
  MPI_Request request_;
  std::uint64_t order_;
  Moment posted_;
  State state_;
  Flow* flow_ = nullptr;  ///< null of a wildcard, and of one that was taken back
  Stamp stamp_;           ///< of its message
  Moment completion_;
  Time cost_ = 0;
};

}  // namespace haloscope::interconnect
