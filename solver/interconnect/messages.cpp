// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/messages.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interconnect/communicators.hpp"
#include "interconnect/time_check.hpp"

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
  std::vector<Receive*> wildcards;                              ///< in flight, sender or tag not known yet
  std::uint64_t next_receive = 0;                               ///< counts posts
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
  Receive(Engine& engine, const Envelope& from, MPI_Request request)
      : engine_(engine),
        from_(from),
        request_(request),
        order_(state_here().next_receive++),
        posted_(engine.clock.now()) {
    if (from.peer == MPI_ANY_SOURCE || from.tag == MPI_ANY_TAG)
      state_here().wildcards.push_back(this);
    else
      join();
  }
  ~Receive() override {
    std::erase(state_here().wildcards, this);
    if (flow_ == nullptr) return;
    std::erase(flow_->receives, this);
    std::erase(flow_->served, this);
  }

  bool progress() override { return known_; }
  Moment completion() const override { return completion_; }
  Time cost() const override { return cost_; }
  void completed() override {
    if (flow_ != nullptr) engine_.heard(from_.peer, stamp_.number);  // it was not cancelled
  }
  bool cancellable() const override { return true; }
  void cancel() override;

  /// Once the payload tells: which sender, which tag.
  bool match() {
    int found = 0;
    MPI_Status status;
    PMPI_Request_get_status(request_, &found, &status);
    if (found == 0) return false;
    int cancelled = 0;
    PMPI_Test_cancelled(&status, &cancelled);
    if (cancelled != 0) return true;
    from_.peer = info_of(from_.comm).world[static_cast<std::size_t>(status.MPI_SOURCE)];
    from_.tag = status.MPI_TAG;
    join();
    return true;
  }

  void serve(const Stamp& stamp);
  void take_over(const Receive& other) noexcept;
  void give_back();
  [[nodiscard]] std::uint64_t order() const noexcept { return order_; }

 private:
  void join();

  Engine& engine_;
  Envelope from_;
  MPI_Request request_;
  std::uint64_t order_;
  Moment posted_;
  Flow* flow_ = nullptr;
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

void Receive::serve(const Stamp& stamp) {
  const Path& path = engine_.path_to(stamp.from);
  completion_ = stamp.at;
  cost_ = path.overhead();
  stamp_ = stamp;
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
  if (flow_->receives.empty()) {
    flow_->stamps.push_front({left_over, 0});
    return;
  }
  Receive* const first = flow_->receives.front();
  flow_->receives.pop_front();
  served.push_back(first);
  first->serve(left_over);
}

void Receive::cancel() {
  std::erase(state_here().wildcards, this);
  if (flow_ != nullptr) {
    if (known_)
      give_back();
    else
      std::erase(flow_->receives, this);
  }
  flow_ = nullptr;
  known_ = true;
  completion_ = {};
  cost_ = 0;
}

void Receive::join() {
  flow_ = &state_here().flows[{from_.context, from_.peer, from_.tag}];
  if (!flow_->stamps.empty()) {
    serve(flow_->stamps.front().stamp);
    flow_->stamps.pop_front();
    flow_->served.push_back(this);
    return;
  }
  // Receives that were posted after this one may have been served: each hands its stamp to the one before it.
  std::ranges::sort(flow_->served, {}, &Receive::order);
  const auto later = std::ranges::upper_bound(flow_->served, order_, {}, &Receive::order);
  const auto first = flow_->served.insert(later, this);
  for (auto next = first; next + 1 != flow_->served.end(); ++next) (*next)->take_over(**(next + 1));
  flow_->served.back()->known_ = false;
  flow_->receives.push_back(flow_->served.back());
  flow_->served.pop_back();
  std::ranges::sort(flow_->receives, {}, &Receive::order);
}

}  // namespace

Envelope address(MPI_Comm comm, int peer, int tag, std::int64_t bytes) {
  const CommunicatorInfo& info = info_of(comm);
  const int world = peer >= 0 ? info.world[static_cast<std::size_t>(peer)] : peer;
  return {info.context, world, tag, bytes, comm};
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
    if (triple.context != from.context || flow.stamps.empty()) continue;
    if (from.peer != MPI_ANY_SOURCE && triple.from != from.peer) continue;
    if (from.tag != MPI_ANY_TAG && triple.tag != from.tag) continue;
    const auto same = std::ranges::find(first, triple.from, [](const auto& one) { return one.first.from; });
    if (same == first.end())
      first.emplace_back(triple, &flow.stamps.front());
    else if (flow.stamps.front().serial < same->second->serial)
      *same = {triple, &flow.stamps.front()};
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

std::unique_ptr<Operation> claim(Engine& engine, const Envelope& from) {
  return std::make_unique<Receive>(engine, from, MPI_REQUEST_NULL);
}

long long unmatched() noexcept {
  std::size_t count = state_here().wildcards.size();
  for (const auto& [triple, flow] : state_here().flows) count += flow.stamps.size() + flow.receives.size();
  return static_cast<long long>(count);
}

void match_wildcards() {
  std::vector<Receive*>& open = state_here().wildcards;
  if (!open.empty()) std::erase_if(open, [](Receive* receive) { return receive->match(); });
}

void deliver(Engine& engine, const Stamp& stamp) {
  State& here = state_here();
  if (stamp.kind == Stamp::Kind::finish) {
    const auto found = here.sends.find({stamp.from, stamp.number});
    if (found != here.sends.end()) found->second->finished(stamp.at);
    return;
  }
  if (stamp.kind == Stamp::Kind::message) engine.arrived(stamp.from, stamp.at.time);
  // Programs may number their messages by tags: flows that are empty go when there are many.
  if (here.flows.size() > 4096)
    std::erase_if(here.flows, [](const auto& one) {
      return one.second.stamps.empty() && one.second.receives.empty() && one.second.served.empty();
    });
  Flow& flow = here.flows[{stamp.context, stamp.from, stamp.tag}];
  if (flow.receives.empty()) {
    flow.stamps.push_back({stamp, here.next_serial++});
    return;
  }
  Receive* const receive = flow.receives.front();
  flow.receives.pop_front();
  flow.served.push_back(receive);
  receive->serve(stamp);
}

}  // namespace haloscope::interconnect
