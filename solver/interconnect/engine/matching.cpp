// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/matching.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interconnect/engine/communicators.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

class Receive;

struct Queued {
  Stamp stamp;
  std::uint64_t serial = 0;  ///< rises in the order in which a sender sent
};

/// What comes from one sender with one tag on one communicator, and who waits for it, both in their order.
struct Flow {
  std::deque<Queued> stamps;      ///< that no receive has taken
  std::deque<Receive*> receives;  ///< that have no stamp
  std::vector<Receive*> served;   ///< that have one and are still in flight
  std::uint64_t last_served = 0;  ///< its order, or 0
  bool held_by_wildcard = false;  ///< both stamps and receives, but an older wildcard may get the next stamp
};

struct Triple {
  std::uint64_t context;
  int from, tag;
  friend bool operator==(const Triple&, const Triple&) = default;
};
struct TripleHash {
  std::size_t operator()(const Triple& triple) const noexcept {
    const std::uint64_t peer =
        (static_cast<std::uint64_t>(static_cast<unsigned>(triple.from)) << 32) | static_cast<unsigned>(triple.tag);
    return static_cast<std::size_t>((triple.context ^ peer * 0xBF58476D1CE4E5B9u) * 0x9E3779B97F4A7C15u >> 7);
  }
};

class PendingSend;

struct State {
  std::unordered_map<Triple, Flow, TripleHash> flows;
  std::map<std::pair<int, std::uint64_t>, PendingSend*> sends;  ///< that wait for their receivers, by rank and number
  std::vector<Receive*> wildcards;                              ///< in flight, sender or tag not known yet, in order
  std::vector<Triple> held;                                     ///< flows that wait for some of those
  std::uint64_t next_receive = 1;                               ///< counts posts
  std::uint64_t next_serial = 1;                                ///< counts stamps; 0: was given back
};

/// Never destroyed: exit handlers may call MPI.
State& state_here() {
  static State* const all = new State;
  return *all;
}

/// A send that is complete when its receiver has said so.
class PendingSend final : public Operation {
 public:
  PendingSend(int to, std::uint64_t number) : message_(to, number) { state_here().sends.emplace(message_, this); }
  ~PendingSend() override { state_here().sends.erase(message_); }
  void finished(const Moment& at) noexcept {
    at_ = at;
    known_ = true;
  }
  bool progress() override { return known_; }
  Moment completion() const override { return at_; }

 private:
  std::pair<int, std::uint64_t> message_;  ///< its receiver, and which it is of those to it
  bool known_ = false;
  Moment at_;
};

class Receive final : public Operation {
 public:
  /// One that only @p claims its message is not posted, and must be later.
  Receive(Engine& engine, const Envelope& from, MPI_Request request, bool claims = false)
      : engine_(engine),
        from_(from),
        request_(request),
        order_(state_here().next_receive++),
        posted_(engine.clock.now()),
        claims_(claims) {
    if (from.peer == MPI_ANY_SOURCE || from.tag == MPI_ANY_TAG)
      state_here().wildcards.push_back(this);
    else
      join();
  }
  ~Receive() override { leave(); }

  bool progress() override { return known_; }
  Moment completion() const override { return completion_; }
  Time cost() const override { return cost_; }
  void completed() override {
    if (flow_ != nullptr) engine_.heard(from_.peer, stamp_.number);  // it was not cancelled
  }
  bool cancellable() const override { return true; }
  void cancel() override;

  /// Once the payload tells: which sender, which tag. True when there is nothing left to find out.
  bool match() {
    int found = 0;
    MPI_Status status;
    PMPI_Request_get_status(request_, &found, &status);
    if (found == 0) return false;
    int cancelled = 0;
    PMPI_Test_cancelled(&status, &cancelled);
    matched_ = cancelled == 0 && status.MPI_SOURCE >= 0;  // not that of an inactive request
    if (!matched_) return true;
    if (from_.peer == MPI_ANY_SOURCE) from_.peer = from_.members->at(static_cast<std::size_t>(status.MPI_SOURCE));
    from_.tag = status.MPI_TAG;
    return true;
  }
  /// A wildcard no longer: a receive among the others, or one that was taken back.
  void resolve() {
    if (matched_)
      join();
    else
      cancel();
  }
  /// A message of @p triple might be this wildcard's.
  [[nodiscard]] bool may_get(const Triple& triple) const noexcept {
    return from_.context == triple.context && (from_.peer == MPI_ANY_SOURCE || from_.peer == triple.from) &&
           (from_.tag == MPI_ANY_TAG || from_.tag == triple.tag);
  }

  /// Posted now, of a message that it has already.
  void post() {
    posted_ = engine_.clock.now();
    claims_ = false;
    serve(stamp_);
  }

  void serve(const Stamp& stamp);
  void take_over(const Receive& other) noexcept;
  void give_back();
  [[nodiscard]] std::uint64_t order() const noexcept { return order_; }

 private:
  void join();
  void leave();

  Engine& engine_;
  Envelope from_;
  MPI_Request request_;
  std::uint64_t order_;
  Moment posted_;
  bool claims_;
  Flow* flow_ = nullptr;
  bool matched_ = false;
  bool known_ = false;
  Stamp stamp_;  ///< of the message
  Moment completion_;
  Time cost_ = 0;
};

/// When a rendezvous message may enter the network: its sender asked at @p asked, its receiver was there at @p posted.
Time enters(const Path& path, std::int64_t bytes, Time asked, Time posted) noexcept {
  const Time handshake = path.handshake(bytes);
  return std::max(asked + handshake / 2, posted) + (handshake - handshake / 2);
}

/// The oldest wildcard that might get a message of @p triple, or null.
const Receive* oldest_wildcard(const Triple& triple) noexcept {
  const std::vector<Receive*>& open = state_here().wildcards;
  const auto found = std::ranges::find_if(open, [&](const Receive* one) { return one->may_get(triple); });
  return found == open.end() ? nullptr : *found;
}

/// Hands stamps to receives, both in their order, until a wildcard that was posted earlier might get the next one: once
/// its payload has come it is known. It comes before the payload of any receive that it holds up.
void settle(const Triple& triple, Flow& flow) {
  while (!flow.stamps.empty() && !flow.receives.empty()) {
    Receive* const first = flow.receives.front();
    const Receive* const wildcard = oldest_wildcard(triple);
    if (wildcard != nullptr && wildcard->order() < first->order()) {
      if (!std::exchange(flow.held_by_wildcard, true)) state_here().held.push_back(triple);
      return;
    }
    const Stamp stamp = flow.stamps.front().stamp;
    flow.stamps.pop_front();
    flow.receives.pop_front();
    flow.served.push_back(first);
    check_order("receives of one sender and tag", first->order(), std::exchange(flow.last_served, first->order()));
    first->serve(stamp);
  }
}

/// After a wildcard is none any more.
void settle_held() {
  for (const Triple& triple : std::exchange(state_here().held, {})) {
    Flow& flow = state_here().flows[triple];
    flow.held_by_wildcard = false;
    settle(triple, flow);
  }
}

void Receive::serve(const Stamp& stamp) {
  stamp_ = stamp;
  if (claims_) return;
  const Path& path = engine_.path_to(stamp.from);
  completion_ = stamp.at;
  cost_ = path.overhead();
  Time enters_network = stamp.extra;
  if (stamp.kind != Stamp::Kind::message) {
    Stamp answer{.from = engine_.rank, .at = {0, 0}, .number = stamp.number, .kind = Stamp::Kind::finish};
    if (path.is_eager(stamp.bytes)) {  // synchronous: the data came with the question
      enters_network = stamp.at.time;
      completion_.time = enters_network + path.flight(stamp.bytes) + stamp.extra;
      answer.at.time = std::max(completion_.time, posted_.time) + path.latency();
    } else {
      enters_network = enters(path, stamp.bytes, stamp.at.time, posted_.time);
      completion_.time = enters_network + path.flight(stamp.bytes) + stamp.extra;
      answer.at.time = enters_network + path.occupancy(stamp.bytes);
    }
    if (stamp.kind == Stamp::Kind::synchronous) answer.at.ideal = std::max(stamp.at.ideal, posted_.ideal);
    engine_.channel.post(stamp.from, answer);
  }
  check_not_before("arrival of a message", completion_.time, enters_network + path.least_flight(stamp.bytes));
  known_ = true;
}

/// Takes what @p other was served with, which then must get another stamp.
void Receive::take_over(const Receive& other) noexcept {
  completion_ = other.completion_;
  cost_ = other.cost_;
  stamp_ = other.stamp_;
  known_ = true;
}

/// Its message was not its own after all: it goes to the receive posted next, whose own goes to the one after that.
void Receive::give_back() {
  std::vector<Receive*>& served = flow_->served;
  std::ranges::sort(served, {}, &Receive::order);
  const auto mine = std::ranges::find(served, this);
  const Stamp left_over = served.back()->stamp_;
  for (auto next = served.end() - 1; next != mine; --next) (*next)->take_over(**(next - 1));
  served.erase(mine);
  flow_->stamps.push_front({left_over, 0});
  settle({from_.context, from_.peer, from_.tag}, *flow_);
}

void Receive::cancel() {
  if (flow_ != nullptr && known_) give_back();
  leave();
  known_ = true;
  completion_ = {};
  cost_ = 0;
}

void Receive::leave() {
  if (std::erase(state_here().wildcards, this) != 0) settle_held();
  if (flow_ == nullptr) return;
  std::erase(flow_->receives, this);
  std::erase(flow_->served, this);
  flow_ = nullptr;
}

void Receive::join() {
  const Triple triple{from_.context, from_.peer, from_.tag};
  flow_ = &state_here().flows[triple];
  flow_->receives.insert(std::ranges::upper_bound(flow_->receives, order_, {}, &Receive::order), this);
  settle(triple, *flow_);
}

}  // namespace

Envelope address(MPI_Comm comm, int peer, int tag, std::int64_t bytes) {
  const CommunicatorInfo& info = info_of(comm);
  if (peer == MPI_ANY_SOURCE) return {info.context, peer, tag, bytes, {info.shared_from_this(), &info.world}};
  const int world = peer >= 0 ? info.world[static_cast<std::size_t>(peer)] : peer;
  return {info.context, world, tag, bytes, nullptr};
}

std::unique_ptr<Operation> begin_send(Engine& engine, SendKind kind, const Envelope& to) {
  if (to.peer == MPI_PROC_NULL) return nullptr;
  const bool short_enough = engine.path_to(to.peer).is_eager(to.bytes);
  const bool eager = kind == SendKind::buffered || (kind == SendKind::standard && short_enough);
  const Departure departure = engine.depart(to.peer, to.bytes, eager || short_enough);
  Stamp stamp{.context = to.context,
              .from = engine.rank,
              .tag = to.tag,
              .at = departure.arrival,
              .bytes = to.bytes,
              .number = departure.number & Stamp::all_numbers};
  if (kind == SendKind::buffered) engine.buffer_empty = std::max(engine.buffer_empty, departure.leaves);
  if (eager) {
    stamp.extra = departure.enters.time;
    engine.channel.post(to.peer, stamp);
    return nullptr;
  }
  stamp.kind = kind == SendKind::synchronous ? Stamp::Kind::synchronous : Stamp::Kind::rendezvous;
  stamp.at = departure.enters;
  stamp.extra = departure.jitter;
  if (short_enough)  // the data leave at once, and may have to wait for what was sent before
    stamp.extra = departure.arrival.time - departure.enters.time - engine.path_to(to.peer).flight(to.bytes);
  auto pending = std::make_unique<PendingSend>(to.peer, departure.number);
  engine.channel.post(to.peer, stamp);
  return pending;
}

std::unique_ptr<Operation> begin_receive(Engine& engine, const Envelope& from, MPI_Request request) {
  if (from.peer == MPI_PROC_NULL) return nullptr;
  return std::make_unique<Receive>(engine, from, request);
}

bool peek(Engine& engine, Envelope& from, Moment& arrival) {
  // Of one sender the message it sent first; of several senders the one that arrived first.
  std::vector<std::pair<Triple, const Queued*>> first;
  for (const auto& [triple, flow] : state_here().flows) {
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
  const auto arrives = [&engine](const Stamp& stamp) {
    // A question that waits for its receiver is there when it has come: the data follow later.
    const Time on_its_way = stamp.kind == Stamp::Kind::message ? 0 : engine.path_to(stamp.from).latency() + stamp.extra;
    return Moment{stamp.at.time + on_its_way, stamp.at.ideal};
  };
  const auto best = std::ranges::min_element(
      first, {}, [&](const auto& one) { return std::pair(arrives(one.second->stamp).time, one.first.from); });
  from.peer = best->first.from;
  from.tag = best->first.tag;
  arrival = arrives(best->second->stamp);
  return true;
}

bool is_held_by_wildcard(const Envelope& from) noexcept {
  return oldest_wildcard({from.context, from.peer, from.tag}) != nullptr;
}

std::unique_ptr<Operation> claim(Engine& engine, const Envelope& from) {
  return std::make_unique<Receive>(engine, from, MPI_REQUEST_NULL, true);
}

void begin_claimed(Operation& claimed) { static_cast<Receive&>(claimed).post(); }

long long unmatched() noexcept {
  std::size_t count = state_here().wildcards.size();
  for (const auto& [triple, flow] : state_here().flows) count += flow.stamps.size() + flow.receives.size();
  return static_cast<long long>(count);
}

void match_wildcards() {
  std::vector<Receive*>& open = state_here().wildcards;
  std::vector<Receive*> matched;
  for (Receive* const receive : open)
    if (receive->match()) matched.push_back(receive);
  if (matched.empty()) return;
  // One by one, oldest first: those that have yet to join hold up younger receives, which may be known longer.
  for (Receive* const receive : matched) {
    std::erase(open, receive);
    receive->resolve();
  }
  settle_held();
}

void deliver(Engine& engine, const Stamp& stamp) {
  State& here = state_here();
  if (stamp.kind == Stamp::Kind::finish) {
    const auto found = here.sends.find({stamp.from, stamp.number});
    if (found != here.sends.end()) found->second->finished(stamp.at);
    return;
  }
  if (stamp.kind == Stamp::Kind::message) engine.arrived(stamp.from, stamp.at.time);
  const Path& path = engine.path_to(stamp.from);
  if (stamp.kind != Stamp::Kind::message)
    engine.arrived(stamp.from, stamp.at.time + (path.is_eager(stamp.bytes) ? path.flight(stamp.bytes) + stamp.extra
                                                                           : path.handshake(stamp.bytes) / 2));
  // Programs may number their messages by tags: flows that are empty go when there are many.
  if (here.flows.size() > 4096)
    std::erase_if(here.flows, [](const auto& one) {
      return one.second.stamps.empty() && one.second.receives.empty() && one.second.served.empty();
    });
  const Triple triple{stamp.context, stamp.from, stamp.tag};
  Flow& flow = here.flows[triple];
  flow.stamps.push_back({stamp, here.next_serial++});
  settle(triple, flow);
}

}  // namespace haloscope::interconnect
