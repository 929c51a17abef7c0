// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file engine.hpp
/// The modelled network of this rank: its clock, its paths to all others, its channel; and the one loop in which every
/// modelled call waits.
///
/// Exists in virtual and real time only. One thread. A modelled call never blocks inside PMPI: it posts the
/// non-blocking form, then waits here until the payload is complete and the stamps have told when; meanwhile it answers
/// other ranks, so no rank's answer depends on where its program stands.
#include <mpi.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "haloscope/network/path.hpp"
#include "interconnect/engine/channel.hpp"
#include "interconnect/engine/logical_clock.hpp"
#include "interconnect/engine/operation.hpp"
#include "interconnect/engine/settings.hpp"

namespace haloscope::interconnect {

class BufferedSends;
class FreedRequests;
class Matching;
class Schedules;

/// How far a message has come when its sender has posted it.
struct Departure {
  Moment enters;    ///< when it may enter the network
  Moment arrival;   ///< when it is there; if it is not eager, its question
  Time leaves = 0;  ///< when the sender's interface is free again
  Time jitter = 0;
  std::uint64_t number = 0;  ///< its draw's
};

/// When this rank's interfaces, within the node and to others, are free for the next message.
struct Interfaces {
  Time within = 0, between = 0;
};

/// What a call waits for.
enum class Waiting {
  done,
  for_stamp,         ///< which wakes it
  for_payload,       ///< which does not, so the naps are short
  for_payload_only,  ///< the same, and nothing else is missing: the rank will go on by itself
};
[[nodiscard]] constexpr Waiting until(bool done, Waiting otherwise = Waiting::for_stamp) noexcept {
  return done ? Waiting::done : otherwise;
}

class Engine {
 public:
  explicit Engine(Settings asked);  ///< collective over MPI_COMM_WORLD, through PMPI
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- what it is made of ---
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] bool virtual_time() const noexcept { return settings_.mode == Mode::virtual_time; }
  [[nodiscard]] int rank() const noexcept { return rank_; }    ///< in the world
  [[nodiscard]] int ranks() const noexcept { return ranks_; }  ///< of the world
  [[nodiscard]] Clock& clock() noexcept { return clock_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  /// Real time on several hosts: what the alignment of their clocks leaves, the worst of all ranks. [s]
  [[nodiscard]] double clock_residual() const noexcept { return clock_residual_; }
  [[nodiscard]] Channel& channel() noexcept { return channel_; }
  [[nodiscard]] Matching& matching() noexcept { return *matching_; }
  [[nodiscard]] BufferedSends& buffered_sends() noexcept { return *buffered_sends_; }
  [[nodiscard]] FreedRequests& freed_requests() noexcept { return *freed_requests_; }
  [[nodiscard]] Schedules& schedules() noexcept { return *schedules_; }

  // --- between calls ---
  /// The program calls: its clock stops. One thread only may do so; refuses a second.
  void enter();
  /// … and goes on.
  void leave();
  /// The program pauses the model, or ends the pause: it sends nothing that is modelled meanwhile.
  void pause(bool paused) noexcept;
  [[nodiscard]] bool paused() const noexcept { return paused_; }
  /// What the counters of time in MPI are charged by: the logical clock in virtual time, else ticks of the stopwatch.
  [[nodiscard]] long long charged() const noexcept;

  // --- paths ---
  /// To a world rank: within the node or between nodes.
  [[nodiscard]] const Path& path_to(int to) const noexcept { return is_within(to) ? within_ : between_; }
  [[nodiscard]] bool is_within(int to) const noexcept { return settings_.node_of(to) == settings_.node_of(rank_); }
  /// No message of that length waits for its receiver, wherever it goes.
  [[nodiscard]] bool is_eager_to_all(std::int64_t bytes) const noexcept {
    return within_.is_eager(bytes) && between_.is_eager(bytes);
  }
  /// What it costs a rank to give its part to an operation inside the network and go on.
  [[nodiscard]] Time offload_overhead() const noexcept { return between_.overhead(); }
  /// What an operation inside the network takes.
  [[nodiscard]] Time offload_time() const noexcept {
    return settings_.without.latency ? 0 : from_us(settings_.profile.offload_us.value_or(0));
  }

  // --- messages ---
  /// A message that leaves now, from the program's own call: spends o, queues behind what this rank sent before, and
  /// never arrives before what it sent to the same rank (in order per pair). If it is not @p eager that is its
  /// question.
  [[nodiscard]] Departure depart(int to, std::int64_t bytes, bool eager);
  /// The stamp of a message, or of the question for one, has come, which is there @p at.
  void arrived(int from, Time at);
  /// The program has got message @p number from @p from: the answer to it has the same number, or a higher one. In
  /// program order.
  void heard(int from, std::uint64_t number) noexcept;

  // --- rounds of collectives ---
  /// The jitter of the next message of a collective's rounds to @p to. In program order only: what is drawn later than
  /// its call (the later rounds of a collective in flight) must be drawn when the call is made.
  [[nodiscard]] Time draw_round(int to) noexcept;
  /// A stamp that nobody has asked for yet. Returns false when it has not come.
  [[nodiscard]] bool take_round(std::uint64_t context, int from, int tag, Stamp& stamp);
  /// As they are now, for a collective to begin with; a blocking one leaves them as it ends.
  [[nodiscard]] const Interfaces& interfaces() const noexcept { return interfaces_; }
  void set_interfaces(const Interfaces& interfaces) noexcept { interfaces_ = interfaces; }
  /// Of the messages sent to @p to so far: in order per pair, none arrives before it.
  [[nodiscard]] Time& last_arrival(int to) noexcept { return peers_[static_cast<std::size_t>(to)].last_arrival; }
  /// Operations that must go on while this rank waits for others: other ranks need what they send. They begin and end
  /// by themselves, but not in progress().
  void begin_background(Operation& operation) { background_.push_back(&operation); }
  void end_background(Operation& operation) { std::erase(background_, &operation); }

  // --- waiting ---
  /// Takes the stamps that have come.
  bool drain();

  /// Waits until @p look () says that it is done; sleeps meanwhile, woken by stamps. @p look is called again and again
  /// and may call PMPI_Test. A rank that waits for its payload only may soon send what arrives before anything that
  /// others know of: it counts as computing for them (let_come).
  template <class Look>
  void wait(Look look) {
    for (int attempt = 0;; ++attempt) {
      drain();
      const Waiting waiting = look();
      if (waiting == Waiting::done) break;
      if (virtual_time()) {
        if (waiting == Waiting::for_payload_only)
          channel_.computes(clock_.now().time);
        else
          channel_.waits();
      }
      pause_between(waiting, attempt);
    }
    clock_.end_row();
    channel_.computes(clock_.now().time);
  }

  /// Virtual: naps while a rank of this host that computes might still send a message that arrives before @p first (),
  /// the earliest arrival that is known; for a while at most, as who computes may be long about it.
  template <class First>
  void let_come(First first) {
    if (!virtual_time()) return;
    const long long begun = ticks();
    for (Time arrival = first();;) {
      const bool may_come = may_come_before(arrival, begun);
      if (may_come) {
        let_mpi_progress();          // others may wait for a payload of this rank's before they send
        channel_.computes(arrival);  // nor does this rank send before: no two wait for each other here
        channel_.sleep(nap_us);
      }
      drain();  // after having looked: who has sent and waits since then is not waited for
      const Time now_first = first();
      if (!may_come && now_first >= arrival) break;
      arrival = now_first;
    }
    channel_.computes(clock_.now().time);
  }
  /// For what may come at any moment.
  static constexpr int nap_us = 100;

  /// All ranks of @p comm are in this call before any leaves it; takes no modelled time. Before a call that blocks
  /// inside PMPI.
  void synchronise(MPI_Comm comm);

 private:
  void align_wall_clocks();
  void pause_between(Waiting waiting, int attempt);
  static void let_mpi_progress();
  [[nodiscard]] static long long ticks() noexcept;  ///< of the stopwatch
  [[nodiscard]] bool may_come_before(Time arrival, long long begun) const noexcept;

  struct Peer {
    PairStream messages, rounds{.traffic = Traffic::rounds};
    Time last_arrival = 0;  ///< of those to it
    Time last_from_it = 0;
  };
  struct RoundKey {
    std::uint64_t context;
    int from, tag;
    friend bool operator==(const RoundKey&, const RoundKey&) = default;
  };
  struct RoundHash {
    std::size_t operator()(const RoundKey& key) const noexcept;
  };

  Settings settings_;
  int rank_ = 0, ranks_ = 1;
  bool paused_ = false;
  const void* thread_ = nullptr;  ///< the one that called MPI_Init
  Clock clock_;
  double clock_residual_ = 0;
  Channel channel_;
  Path within_, between_;
  std::vector<Peer> peers_;  ///< by world rank
  Interfaces interfaces_;
  std::unordered_map<RoundKey, Stamp, RoundHash> rounds_;  ///< that have come, and nobody has asked for yet
  std::vector<Operation*> background_;
  std::unique_ptr<Matching> matching_;
  std::unique_ptr<BufferedSends> buffered_sends_;
  std::unique_ptr<FreedRequests> freed_requests_;
  std::unique_ptr<Schedules> schedules_;
};

/// The engine of this process. Null in record mode, before MPI starts and after it ends.
[[nodiscard]] Engine* modelled_engine() noexcept;
/// Null too while the program pauses the model.
[[nodiscard]] Engine* engine() noexcept;
[[nodiscard]] inline bool modelled() noexcept { return modelled_engine() != nullptr; }

void start_engine(Settings settings);  ///< collective, in MPI_Init
void stop_engine() noexcept;           ///< in MPI_Finalize; what comes later passes below

}  // namespace haloscope::interconnect
