// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/receive.hpp"

#include <algorithm>

#include "interconnect/engine/engine.hpp"
#include "interconnect/engine/matching.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

/// When a rendezvous message may enter the network: its sender asked at @p asked, its receiver was there at @p posted.
Time enters(const Path& path, std::int64_t bytes, Time asked, Time posted) noexcept {
  const Time handshake = path.handshake(bytes);
  return std::max(asked + handshake / 2, posted) + (handshake - handshake / 2);
}

}  // namespace

Receive::Receive(Engine& engine, const Envelope& from, MPI_Request request, State begin)
    : engine_(engine),
      matching_(engine.matching()),
      from_(from),
      request_(request),
      order_(matching_.next_order()),
      posted_(engine.clock().now()),
      state_(from.is_wild() ? State::wildcard : begin) {
  if (state_ == State::wildcard)
    matching_.add_wildcard(*this);
  else
    join();
}

Receive::~Receive() { leave(); }

void Receive::completed() {
  if (state_ == State::served) engine_.heard(from_.peer, stamp_.number);
}

bool Receive::find_sender() {
  int found = 0;
  MPI_Status status;
  PMPI_Request_get_status(request_, &found, &status);
  if (found == 0) return false;
  int cancelled = 0;
  PMPI_Test_cancelled(&status, &cancelled);
  if (cancelled != 0 || status.MPI_SOURCE < 0) {  // below 0: the status of an inactive request
    state_ = State::cancelled;
    return true;
  }
  if (from_.peer == MPI_ANY_SOURCE) from_.peer = from_.members->at(static_cast<std::size_t>(status.MPI_SOURCE));
  from_.tag = status.MPI_TAG;
  state_ = State::found;
  return true;
}

void Receive::join_if_found() {
  if (state_ != State::found) return;
  state_ = State::queued;
  join();
}

bool Receive::may_get(const Triple& triple) const noexcept {
  return from_.context == triple.context && (from_.peer == MPI_ANY_SOURCE || from_.peer == triple.from) &&
         (from_.tag == MPI_ANY_TAG || from_.tag == triple.tag);
}

void Receive::post() {
  posted_ = engine_.clock().now();
  complete_by(stamp_);
}

void Receive::serve(const Stamp& stamp) {
  stamp_ = stamp;
  if (state_ == State::claiming)
    state_ = State::claimed;
  else
    complete_by(stamp);
}

/// The receiver of a question answers it, now that both sides are there.
void Receive::complete_by(const Stamp& stamp) {
  const Path& path = engine_.path_to(stamp.from);
  const std::int64_t bytes = stamp.bytes();
  completion_ = stamp.at;
  cost_ = path.overhead();
  Time entered = 0;
  if (stamp.kind == Stamp::Kind::message) {
    entered = stamp.content.whole.entered;
  } else {
    Stamp answer{.from = engine_.rank(), .at = {0, 0}, .number = stamp.number, .kind = Stamp::Kind::finish};
    if (path.is_eager(bytes)) {  // synchronous: the data came with the question
      entered = stamp.at.time;
      completion_.time = entered + path.flight(bytes) + stamp.content.question.delay;
      answer.at.time = std::max(completion_.time, posted_.time) + path.latency();
    } else {
      entered = enters(path, bytes, stamp.at.time, posted_.time);
      completion_.time = entered + path.flight(bytes) + stamp.content.question.delay;
      answer.at.time = entered + path.occupancy(bytes);
    }
    if (stamp.kind == Stamp::Kind::synchronous) answer.at.ideal = std::max(stamp.at.ideal, posted_.ideal);
    engine_.channel().post(stamp.from, answer);
  }
  check_not_before("arrival of a message", completion_.time, entered + path.least_flight(bytes));
  state_ = State::served;
}

/// Takes what @p other was served with, which then must get another stamp.
void Receive::take_over(const Receive& other) noexcept {
  completion_ = other.completion_;
  cost_ = other.cost_;
  stamp_ = other.stamp_;
  if (state_ != State::claimed) state_ = State::served;
}

/// This receive was served with a stamp, and then taken back: MPI gives its message to the receive posted next, that
/// one's message to the one after it, and so on. The stamps follow:
///
///     before   this: 7   next: 8   last: 9   queue: 10 …
///     after              next: 7   last: 8   queue: 9, 10 …
void Receive::give_back() {
  std::vector<Receive*>& served = flow_->served;
  std::ranges::sort(served, {}, &Receive::order);
  const auto mine = std::ranges::find(served, this);
  const Stamp left_over = served.back()->stamp_;
  for (auto next = served.end() - 1; next != mine; --next) (*next)->take_over(**(next - 1));
  served.erase(mine);
  flow_->stamps.push_front({left_over, 0});
  matching_.settle(triple(), *flow_);
}

void Receive::cancel() {
  if (state_ == State::served) give_back();
  leave();
  state_ = State::cancelled;
  completion_ = {};
  cost_ = 0;
}

void Receive::leave() {
  if (state_ == State::wildcard) matching_.drop_wildcard(*this);
  if (flow_ == nullptr) return;
  std::erase(flow_->receives, this);
  std::erase(flow_->served, this);
  flow_ = nullptr;
}

void Receive::join() {
  flow_ = &matching_.flow(triple());
  flow_->receives.insert(std::ranges::upper_bound(flow_->receives, order_, {}, &Receive::order), this);
  matching_.settle(triple(), *flow_);
}

}  // namespace haloscope::interconnect
