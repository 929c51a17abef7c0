// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/collective_operation.hpp"

#include <algorithm>
#include <utility>

#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

const Path free_of_charge;

/// The receiver's word that it has come to a rendezvous message: the message's tag, told apart.
int answer_to(int tag) noexcept { return ~tag; }

}  // namespace

CollectiveOperation::CollectiveOperation(Engine& engine, std::shared_ptr<const CollectiveRounds> rounds,
                                         std::uint64_t context, Price price, Where where, CarriedValue* value)
    : engine_(engine),
      rounds_(std::move(rounds)),
      context_(context),
      price_(price),
      where_(where),
      value_(value),
      chain_(engine.clock().now()) {
  if (price_ == Price::messages) {
    interfaces_ = engine_.interfaces();
    draw();
  }
  if (where_ == Where::in_background) engine_.begin_background(*this);
}

CollectiveOperation::~CollectiveOperation() {
  if (where_ == Where::in_background) engine_.end_background(*this);
}

void CollectiveOperation::draw() {
  for (const CollectiveRound& one : *rounds_)
    for (const CollectiveMessage& message : one.sends)
      draws_.push_back({engine_.draw_round(message.peer), engine_.last_arrival(message.peer)});
}

const Path& CollectiveOperation::path_to(int peer) const noexcept {
  return price_ == Price::messages ? engine_.path_to(peer) : free_of_charge;
}

bool CollectiveOperation::progress() {
  for (; at_ < rounds_->size(); ++at_) {
    if (!begun_) begin_round();
    if (!send() || !receive()) return false;
    drawn_ += round().sends.size();
    begun_ = false;
  }
  if (!ended_) end();
  return true;
}

void CollectiveOperation::begin_round() {
  begun_ = true;
  came_ = chain_.time;
  arrivals_.clear();
  for (const CollectiveMessage& message : round().receives)
    if (!path_to(message.peer).is_eager(message.bytes))
      engine_.channel().post(message.peer, {.context = context_,
                                            .from = engine_.rank(),
                                            .tag = answer_to(message.tag),
                                            .at = {came_, 0},
                                            .kind = Stamp::Kind::round});
  for (std::size_t i = 0; i < round().sends.size(); ++i) {
    const CollectiveMessage& message = round().sends[i];
    const Path& path = path_to(message.peer);
    chain_.time += path.overhead();
    outgoing_.push_back({chain_.time + path.handshake(message.bytes), i, path.is_eager(message.bytes)});
    std::push_heap(outgoing_.begin(), outgoing_.end());
  }
}

/// In the order in which the messages are ready, which needs the answers of those that might be next.
bool CollectiveOperation::send() {
  while (!outgoing_.empty()) {
    Outgoing next = outgoing_.front();
    if (!next.known) {
      const CollectiveMessage& message = round().sends[next.index];
      Stamp answer;
      if (!engine_.take_round(context_, message.peer, answer_to(message.tag), answer)) return false;
      const Time handshake = path_to(message.peer).handshake(message.bytes), back = handshake - handshake / 2;
      next.known = true;
      next.ready = std::max(next.ready, answer.at.time + back);
      std::pop_heap(outgoing_.begin(), outgoing_.end());
      outgoing_.back() = next;
      std::push_heap(outgoing_.begin(), outgoing_.end());
      continue;
    }
    std::pop_heap(outgoing_.begin(), outgoing_.end());
    outgoing_.pop_back();
    enter(next);
  }
  return true;
}

void CollectiveOperation::enter(const Outgoing& outgoing) {
  const CollectiveMessage& message = round().sends[outgoing.index];
  const Path& path = path_to(message.peer);
  Stamp stamp{.context = context_,
              .from = engine_.rank(),
              .tag = message.tag,
              .at = {outgoing.ready, chain_.ideal},
              .kind = Stamp::Kind::round};
  if (price_ == Price::messages) {
    const Draw& drawn = draws_[drawn_ + outgoing.index];
    Time& free = engine_.is_within(message.peer) ? interfaces_.within : interfaces_.between;
    const Time enters = std::max(outgoing.ready, free);
    free = enters + path.occupancy(message.bytes);
    stamp.at.time = enters + path.flight(message.bytes) + drawn.jitter;
    if (!path.is_eager(message.bytes)) {
      chain_.time = std::max(chain_.time, enters);
    } else {
      stamp.at.time = std::max(stamp.at.time, drawn.not_before);
      Time& last = engine_.last_arrival(message.peer);
      if (where_ == Where::in_call) last = std::max(last, stamp.at.time);
    }
  }
  stamp.set_flight(stamp.at.time - outgoing.ready);
  if (value_ != nullptr) value_->give(stamp);
  engine_.channel().post(message.peer, stamp);
}

bool CollectiveOperation::receive() {
  const std::vector<CollectiveMessage>& receives = round().receives;
  while (arrivals_.size() < receives.size()) {
    const CollectiveMessage& message = receives[arrivals_.size()];
    Stamp stamp;
    if (!engine_.take_round(context_, message.peer, message.tag, stamp)) return false;
    if (price_ == Price::out_of_network) stamp.at.time += engine_.offload_time();
    arrivals_.push_back({stamp.at, path_to(message.peer).overhead()});
    check_not_before("flight of a collective's message", stamp.flight(),
                     path_to(message.peer).least_flight(message.bytes));
    if (value_ != nullptr) value_->take(stamp, message.rank);
  }
  std::ranges::sort(arrivals_, {}, [](const Arrival& arrival) { return arrival.at.time; });
  for (const Arrival& arrival : arrivals_) {
    chain_ = later(chain_, arrival.at);
    chain_.time += arrival.overhead;
  }
  if (value_ != nullptr && receives.empty() && !round().sends.empty()) value_->given();
  return true;
}

void CollectiveOperation::end() {
  ended_ = true;
  if (price_ == Price::messages && where_ == Where::in_call) engine_.set_interfaces(interfaces_);
  if (price_ == Price::network && !rounds_->empty()) chain_.time += engine_.offload_time();
  if (price_ == Price::into_network) chain_.time += engine_.offload_overhead();
}

}  // namespace haloscope::interconnect
