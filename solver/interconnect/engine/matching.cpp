// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/matching.hpp"

#include <algorithm>

#include "interconnect/engine/buffered_sends.hpp"
#include "interconnect/engine/communicators.hpp"
#include "interconnect/engine/engine.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

/// A send that is complete when its receiver has said so.
class PendingSend final : public Operation {
 public:
  PendingSend(Matching& matching, int to, std::uint64_t number) : matching_(matching), message_(to, number) {
    matching_.sends_.emplace(message_, this);
  }
  ~PendingSend() override { matching_.sends_.erase(message_); }
  void finished(const Moment& at) noexcept {
    at_ = at;
    known_ = true;
  }
  bool progress() override { return known_; }
  Moment completion() const override { return at_; }

 private:
  Matching& matching_;
  std::pair<int, std::uint64_t> message_;  ///< its receiver, and which it is of those to it
  bool known_ = false;
  Moment at_;
};

Envelope address(MPI_Comm comm, int peer, int tag, std::int64_t bytes) {
  const CommunicatorInfo& info = info_of(comm);
  if (peer == MPI_ANY_SOURCE) return {info.context, peer, tag, bytes, {info.shared_from_this(), &info.world}};
  const int world = peer >= 0 ? info.world[static_cast<std::size_t>(peer)] : peer;
  return {info.context, world, tag, bytes, nullptr};
}

std::unique_ptr<Operation> Matching::send(SendKind kind, const Envelope& to) {
  if (to.peer == MPI_PROC_NULL) return nullptr;
  const Path& path = engine_.path_to(to.peer);
  const bool short_enough = path.is_eager(to.bytes);
  const bool eager = kind == SendKind::buffered || (kind == SendKind::standard && short_enough);
  const Departure departure = engine_.depart(to.peer, to.bytes, eager || short_enough);
  Stamp stamp{.context = to.context,
              .from = engine_.rank(),
              .tag = to.tag,
              .at = departure.arrival,
              .number = departure.number & Stamp::all_numbers};
  if (kind == SendKind::buffered) engine_.buffered_sends().leave_at(departure.leaves);
  if (eager) {
    stamp.content.whole = {departure.enters.time, to.bytes};
    engine_.channel().post(to.peer, stamp);
    return nullptr;
  }
  stamp.kind = kind == SendKind::synchronous ? Stamp::Kind::synchronous : Stamp::Kind::rendezvous;
  stamp.at = departure.enters;
  // Short data leave at once, and may have to wait for what was sent before.
  const Time queued_too = departure.arrival.time - departure.enters.time - path.flight(to.bytes);
  stamp.content.question = {short_enough ? queued_too : departure.jitter, to.bytes};
  auto pending = std::make_unique<PendingSend>(*this, to.peer, departure.number);
  engine_.channel().post(to.peer, stamp);
  return pending;
}

std::unique_ptr<Operation> Matching::receive(const Envelope& from, MPI_Request request) {
  if (from.peer == MPI_PROC_NULL) return nullptr;
  return std::make_unique<Receive>(engine_, from, request, Receive::State::queued);
}

bool Matching::peek(Envelope& from, Moment& arrival) const {
  // Of one sender the message it sent first; of several senders the one that arrived first.
  std::vector<std::pair<Triple, const Queued*>> first;
  for (const auto& [triple, flow] : flows_) {
    const std::size_t spoken_for = flow.receives.size();  // by receives that a wildcard holds up
    if (triple.context != from.context || flow.stamps.size() <= spoken_for) continue;
    if (from.peer != MPI_ANY_SOURCE && triple.from != from.peer) continue;
    if (from.tag != MPI_ANY_TAG && triple.tag != from.tag) continue;
    const auto same = std::ranges::find(first, triple.from, [](const auto& one) { return one.first.from; });
    if (same == first.end())
      first.emplace_back(triple, &flow.stamps[spoken_for]);
    else if (flow.stamps[spoken_for].serial < same->second->serial)
      *same = {triple, &flow.stamps[spoken_for]};
  }
  if (first.empty()) return false;
  const auto arrives = [this](const Stamp& stamp) {
    if (stamp.kind == Stamp::Kind::message) return stamp.at;
    // A question that waits for its receiver is there when it has come: the data follow later.
    return Moment{stamp.at.time + engine_.path_to(stamp.from).latency() + stamp.content.question.delay, stamp.at.ideal};
  };
  const auto best = std::ranges::min_element(
      first, {}, [&](const auto& one) { return std::pair(arrives(one.second->stamp).time, one.first.from); });
  from.peer = best->first.from;
  from.tag = best->first.tag;
  arrival = arrives(best->second->stamp);
  return true;
}

bool Matching::is_held_by_wildcard(const Envelope& from) const noexcept {
  return oldest_wildcard({from.context, from.peer, from.tag}) != nullptr;
}

void Matching::claim(MPI_Message message, const Envelope& from) {
  claimed_[message] = std::make_unique<Receive>(engine_, from, MPI_REQUEST_NULL, Receive::State::claiming);
}

std::unique_ptr<Operation> Matching::receive_claimed(MPI_Message message) {
  const auto found = claimed_.extract(message);
  if (found.empty()) return nullptr;
  found.mapped()->post();
  return std::move(found.mapped());
}

void Matching::deliver(const Stamp& stamp) {
  if (stamp.kind == Stamp::Kind::finish) return finish(stamp);
  const Path& path = engine_.path_to(stamp.from);
  const std::int64_t bytes = stamp.bytes();
  Time at = stamp.at.time;
  if (stamp.kind != Stamp::Kind::message)
    at += path.is_eager(bytes) ? path.flight(bytes) + stamp.content.question.delay : path.handshake(bytes) / 2;
  engine_.arrived(stamp.from, at);
  // Programs may number their messages by tags: flows that are empty go when there are many.
  if (flows_.size() > 4096) std::erase_if(flows_, [](const auto& one) { return one.second.empty(); });
  const Triple triple{stamp.context, stamp.from, stamp.tag};
  Flow& flow = flows_[triple];
  flow.stamps.push_back({stamp, next_serial_++});
  settle(triple, flow);
}

void Matching::finish(const Stamp& answer) {
  const auto found = sends_.find({answer.from, answer.number});
  if (found != sends_.end()) found->second->finished(answer.at);
}

void Matching::match_wildcards() {
  bool any = false;
  for (Receive* const receive : wildcards_) any = receive->find_sender() || any;
  if (!any) return;
  // One by one, oldest first: those that have yet to join hold up younger receives, which may be known longer.
  for (std::size_t i = 0; i < wildcards_.size();) {
    Receive& oldest = *wildcards_[i];
    if (oldest.is_wildcard()) {
      ++i;
      continue;
    }
    wildcards_.erase(wildcards_.begin() + static_cast<std::ptrdiff_t>(i));
    oldest.join_if_found();
  }
  settle_held();
}

void Matching::drop_wildcard(Receive& receive) {
  std::erase(wildcards_, &receive);
  settle_held();
}

const Receive* Matching::oldest_wildcard(const Triple& triple) const noexcept {
  const auto found = std::ranges::find_if(wildcards_, [&](const Receive* one) { return one->may_get(triple); });
  return found == wildcards_.end() ? nullptr : *found;
}

/// Hands stamps to receives, both in their order, until a wildcard that was posted earlier might get the next one: once
/// its payload has come it is known. It comes before the payload of any receive that it holds up.
void Matching::settle(const Triple& triple, Flow& flow) {
  while (!flow.stamps.empty() && !flow.receives.empty()) {
    Receive* const first = flow.receives.front();
    const Receive* const wildcard = oldest_wildcard(triple);
    if (wildcard != nullptr && wildcard->order() < first->order()) {
      if (!std::exchange(flow.held_by_wildcard, true)) held_.push_back(triple);
      return;
    }
    const Stamp stamp = flow.stamps.pop_front().stamp;
    flow.receives.pop_front();
    flow.served.push_back(first);
    check_order("receives of one sender and tag", first->order(), std::exchange(flow.last_served, first->order()));
    first->serve(stamp);
  }
}

/// After a wildcard is none any more.
void Matching::settle_held() {
  for (const Triple& triple : std::exchange(held_, {})) {
    Flow& flow = flows_[triple];
    flow.held_by_wildcard = false;
    settle(triple, flow);
  }
}

long long Matching::unmatched() const noexcept {
  std::size_t count = wildcards_.size();
  for (const auto& [triple, flow] : flows_) count += flow.stamps.size() + flow.receives.size();
  return static_cast<long long>(count);
}

}  // namespace haloscope::interconnect
