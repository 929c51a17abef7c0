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

#include <vector>

#include "haloscope/network/path.hpp"
#include "interconnect/engine/channel.hpp"
#include "interconnect/engine/logical_clock.hpp"
#include "interconnect/engine/operation.hpp"
#include "interconnect/engine/settings.hpp"

namespace haloscope::interconnect {

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

class Engine {
 public:
  Settings settings;
  Clock clock;
  Channel channel;
  int rank = 0;   ///< in the world
  int ranks = 1;  ///< of the world

  /// The program calls: its clock stops. One thread only may do so; refuses a second.
  void enter();
  /// … and goes on.
  void leave();
  /// The program pauses the model, or ends it: it sends nothing that is modelled meanwhile.
  void rest() noexcept { channel.computes(INT64_MAX / 2); }
  /// What the counters of time in MPI are charged by: the logical clock in virtual time, else ticks of the stopwatch.
  [[nodiscard]] long long charged() const noexcept;

  void start(Settings asked);  ///< collective over MPI_COMM_WORLD, through PMPI

  /// The path to a world rank: within the node or between nodes.
  [[nodiscard]] const Path& path_to(int to) const noexcept { return is_within(to) ? within_ : between_; }
  [[nodiscard]] bool is_within(int to) const noexcept { return settings.node_of(to) == settings.node_of(rank); }

  /// No message of that length waits for its receiver, wherever it goes.
  [[nodiscard]] bool is_eager_to_all(std::int64_t bytes) const noexcept {
    return within_.is_eager(bytes) && between_.is_eager(bytes);
  }
  /// What it costs a rank to give its part to an operation inside the network and go on.
  [[nodiscard]] Time offload_overhead() const noexcept { return between_.overhead(); }
  /// What an operation inside the network takes.
  [[nodiscard]] Time offload_time() const noexcept {
    return settings.without.latency ? 0 : from_us(settings.profile.offload_us.value_or(0));
  }

  /// The jitter of the next message of a collective's rounds to @p to. In program order only: what is drawn later than
  /// its call (the later rounds of a collective in flight) must be drawn when the call is made.
  [[nodiscard]] Time draw_round(int to) noexcept;

  /// A message that leaves now, from the program's own call: spends o, queues behind what this rank sent before, and
  /// never arrives before what it sent to the same rank (in order per pair). If it is not @p eager that is its
  /// question.
  [[nodiscard]] Departure depart(int to, std::int64_t bytes, bool eager);
  /// The stamp of a message, or of the question for one, has come, which is there @p at.
  void arrived(int from, Time at);
  /// The program has got message @p number from @p from: the answer to it has the same number, or a higher one. In
  /// program order.
  void heard(int from, std::uint64_t number) noexcept;

  Interfaces interfaces;
  Time buffer_empty = 0;  ///< when the last buffered message has left
  /// Of the messages sent to @p to so far: in order per pair, none arrives before it.
  [[nodiscard]] Time& last_arrival(int to) noexcept { return peers_[static_cast<std::size_t>(to)].last_arrival; }

  /// Takes the stamps that have come.
  bool drain();

  /// Waits until @p done () is true; sleeps meanwhile, woken by stamps. @p done is called again and again and may call
  /// PMPI_Test; where it waits for a payload (not for a stamp) it returns false with `pending_payload` set, and the
  /// pauses are short. Where nothing but that payload is missing it sets `all_known` too: the rank will go on by
  /// itself, and may then send what arrives before anything that others know of (let_come).
  template <class Done>
  void wait(Done done) {
    for (int attempt = 0;; ++attempt) {
      drain();
      pending_payload = all_known = false;
      if (done()) break;
      if (settings.mode == Mode::virtual_time) {
        if (all_known)
          channel.computes(clock.now().time);
        else
          channel.waits();
      }
      pause(attempt);
    }
    clock.end_row();
    channel.computes(clock.now().time);
  }
  bool pending_payload = false, all_known = false;

  /// Virtual: naps while a rank of this host that computes might still send a message that arrives before @p first (),
  /// the earliest arrival that is known; for a while at most, as who computes may be long about it.
  template <class First>
  void let_come(First first) {
    if (settings.mode != Mode::virtual_time) return;
    const long long begun = ticks();
    for (Time arrival = first();;) {
      const bool may_come = may_come_before(arrival, begun);
      if (may_come) {
        let_mpi_progress();         // others may wait for a payload of this rank's before they send
        channel.computes(arrival);  // nor does this rank send before: no two wait for each other here
        channel.sleep(100);
      }
      drain();  // after having looked: who has sent and waits since then is not waited for
      const Time now_first = first();
      if (!may_come && now_first >= arrival) break;
      arrival = now_first;
    }
    channel.computes(clock.now().time);
  }

  /// Operations that must go on while this rank waits for others: other ranks need what they send. They enter and leave
  /// by themselves, but not in progress().
  std::vector<Operation*> background;

  /// All ranks of @p comm are in this call before any leaves it; takes no modelled time. Before a call that blocks
  /// inside PMPI.
  void synchronise(MPI_Comm comm);

 private:
  void pause(int attempt);
  static void let_mpi_progress();
  [[nodiscard]] static long long ticks() noexcept;  ///< of the stopwatch
  [[nodiscard]] bool may_come_before(Time arrival, long long begun) const noexcept;
  const void* thread_ = nullptr;  ///< the one that called MPI_Init

  struct Peer {
    PairStream messages, rounds{.traffic = Traffic::rounds};
    Time last_arrival = 0;  ///< of those to it
    Time last_from_it = 0;
  };
  Path within_, between_;
  std::vector<Peer> peers_;  ///< by world rank
};

/// Null in record mode, and while the program has paused the model (MPI_Pcontrol level 0).
[[nodiscard]] Engine* engine() noexcept;

/// Virtual or real time, paused or not.
[[nodiscard]] bool modelled() noexcept;

/// Null in record mode; else of the engine, paused or not.
[[nodiscard]] const Settings* engine_settings() noexcept;
/// Real time on several hosts: what the alignment of their clocks leaves. [s]
[[nodiscard]] double clock_residual() noexcept;

/// Null in record mode.
[[nodiscard]] Engine* modelled_engine() noexcept;

void start_engine(Settings settings);  ///< collective, in MPI_Init
void stop_engine() noexcept;           ///< in MPI_Finalize; what comes later passes below
void pause_engine(bool paused) noexcept;

/// Stamps of collectives' rounds that nobody has asked for yet. Returns false when it has not come.
[[nodiscard]] bool take_round(std::uint64_t context, int from, int tag, Stamp& stamp);

}  // namespace haloscope::interconnect
