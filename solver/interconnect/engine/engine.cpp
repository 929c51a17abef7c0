// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/engine.hpp"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <unordered_map>
#include <utility>

#include "haloscope/base/clock_alignment.hpp"
#include "interconnect/account/counters.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/communicators.hpp"
#include "interconnect/engine/matching.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

/// Never destroyed: exit handlers may call MPI.
Engine* the_engine = nullptr;
bool paused = false;
double residual = 0;  ///< of the hosts' clocks, the worst of all ranks [s]

/// Of this host.
double wall_seconds() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void align_wall_clocks(Clock& clock) {
  const ClockModel model = align_node_clock(MPI_COMM_WORLD, &wall_seconds);
  clock.align(from_seconds(model.offset), model.drift, from_seconds(model.since));
  residual = std::abs(model.residual);
  PMPI_Allreduce(MPI_IN_PLACE, &residual, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
}

struct RoundKey {
  std::uint64_t context;
  int from, tag;
  friend bool operator==(const RoundKey&, const RoundKey&) = default;
};
struct RoundHash {
  std::size_t operator()(const RoundKey& key) const noexcept {
    return static_cast<std::size_t>(
        (key.context ^ (static_cast<std::uint64_t>(key.from) << 32) ^ static_cast<std::uint64_t>(key.tag)) *
        0x9E3779B97F4A7C15u);
  }
};
std::unordered_map<RoundKey, Stamp, RoundHash>& rounds_here() {
  static auto* const all = new std::unordered_map<RoundKey, Stamp, RoundHash>;
  return *all;
}

}  // namespace

Engine* engine() noexcept { return paused ? nullptr : the_engine; }
const Settings* engine_settings() noexcept { return the_engine == nullptr ? nullptr : &the_engine->settings; }
double clock_residual() noexcept { return residual; }
Engine* modelled_engine() noexcept { return the_engine; }
void stop_engine() noexcept { the_engine = nullptr; }
bool modelled() noexcept { return the_engine != nullptr; }
void pause_engine(bool pause) noexcept { paused = pause; }

void start_engine(Settings settings) {
  auto* const made = new Engine;
  made->start(std::move(settings));
  the_engine = made;
}

bool take_round(std::uint64_t context, int from, int tag, Stamp& stamp) {
  auto& rounds = rounds_here();
  const auto found = rounds.find({context, from, tag});
  if (found == rounds.end()) return false;
  stamp = found->second;
  rounds.erase(found);
  return true;
}

void Engine::start(Settings asked) {
  settings = std::move(asked);
  PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
  PMPI_Comm_size(MPI_COMM_WORLD, &ranks);
  within_ = Path(settings.profile.within_node, settings.without, settings.seed);
  between_ = Path(settings.profile.between_nodes, settings.without, settings.seed);
  peers_.resize(static_cast<std::size_t>(ranks));
  learn_world_communicators();
  channel.open(MPI_COMM_WORLD, settings.stamps_by_mpi);
  clock.start(settings, rank);
  if (settings.mode == Mode::real_time) align_wall_clocks(clock);
  thread_ = &inside;
}

void Engine::enter() {
  if (&inside != thread_) refuse("MPI_THREAD_MULTIPLE", "calls from several threads are not modelled");
  clock.enter();
}

void Engine::leave() {
  channel.computes(clock.now().time);
  clock.leave();
}

bool Engine::may_come_before(Time arrival, long long begun) const noexcept {
  constexpr double patience = 2, patience_elsewhere = 1e-3;  // [s], of which nothing depends but how much is ordered
  const double waited = static_cast<double>(state.stopwatch.now() - begun) * state.stopwatch.seconds_per_tick();
  if (waited > patience) return false;
  bool may = channel.others_elsewhere() && waited < patience_elsewhere;
  channel.see_computing([&](int other, Time since) {
    const Path& path = path_to(other);
    may = may || since + path.overhead() + path.least_flight(0) < arrival;
  });
  return may;
}

long long Engine::charged() const noexcept {
  return settings.mode == Mode::virtual_time ? clock.now().time : state.stopwatch.now();
}

Time Engine::draw_round(int to) noexcept {
  return path_to(to).draw(peers_[static_cast<std::size_t>(to)].rounds, rank, to);
}

void Engine::arrived(int from, Time at) {
  Time& last = peers_[static_cast<std::size_t>(from)].last_from_it;
  check_not_before("arrival of a message after another of its sender", at, last);
  last = at;
}

void Engine::heard(int from, std::uint64_t number) noexcept {
  path_to(from).keep_up(peers_[static_cast<std::size_t>(from)].messages, rank, from, number);
}

Departure Engine::depart(int to, std::int64_t bytes, bool eager) {
  const Path& path = path_to(to);
  Peer& peer = peers_[static_cast<std::size_t>(to)];
  clock.spend(path.overhead());
  const Moment now = clock.now();
  Time& free = is_within(to) ? interfaces.within : interfaces.between;
  const std::uint64_t number = peer.messages.number;
  Time enters = std::max(clock.departs(), free);
  const Time jitter = path.draw(peer.messages, rank, to), question = path.handshake(bytes) / 2;
  free = enters + path.occupancy(bytes);
  if (!eager) enters = std::max(enters, peer.last_arrival - question);
  const Time arrival = eager ? std::max(enters + path.flight(bytes) + jitter, peer.last_arrival) : enters + question;
  peer.last_arrival = arrival;
  return {{enters, now.ideal}, {arrival, now.ideal}, free, jitter, number};
}

bool Engine::drain() {
  const bool any = channel.drain([this](const Stamp& stamp) {
    if (stamp.kind == Stamp::Kind::round)
      rounds_here().insert_or_assign({stamp.context, stamp.from, stamp.tag}, stamp);
    else
      deliver(*this, stamp);
  });
  match_wildcards();
  for (std::size_t i = 0; i < background.size(); ++i) (void)background[i]->progress();
  return any;
}

/// Long messages and non-blocking collectives that others wait for go on only when MPI is called: by a probe for
/// nothing.
void Engine::let_mpi_progress() {
  int nothing = 0;
  PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &nothing, MPI_STATUS_IGNORE);
}

long long Engine::ticks() noexcept { return state.stopwatch.now(); }

/// Stamps wake the sleeper. A payload does not, so for it the sleep is short at first: it is there already, or needs
/// its sender to come into MPI once more.
void Engine::pause(int attempt) {
  let_mpi_progress();
  if (settings.mode == Mode::real_time && channel.cores_enough()) return;
  if (pending_payload) {
    if (attempt < 4)
      sched_yield();
    else
      channel.sleep(std::min(20 << std::min(attempt / 4, 5), 500));
  } else if (settings.mode == Mode::real_time) {
    channel.sleep(50);
  } else {
    channel.sleep(Operation::in_flight() > 1 ? std::min(100 << std::min(attempt, 4), 1000) : 1000);
  }
}

void Engine::synchronise(MPI_Comm comm) {
  MPI_Request request = MPI_REQUEST_NULL;
  PMPI_Ibarrier(comm, &request);
  wait([&] {
    int done = 0;
    PMPI_Test(&request, &done, MPI_STATUS_IGNORE);
    pending_payload = done == 0;
    return done != 0;
  });
}

}  // namespace haloscope::interconnect
