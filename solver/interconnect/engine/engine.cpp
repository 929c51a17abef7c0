// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/engine.hpp"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "haloscope/base/clock_alignment.hpp"
#include "interconnect/account/counters.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/buffered_sends.hpp"
#include "interconnect/engine/collective_schedule.hpp"
#include "interconnect/engine/communicators.hpp"
#include "interconnect/engine/completion.hpp"
#include "interconnect/engine/matching.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

/// Never destroyed: exit handlers may call MPI.
Engine* the_engine = nullptr;

/// Of this host.
double wall_seconds() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// How long to sleep before the next look, the @p attempt-th time in a row. [us]
int backoff_us(Waiting waiting, Mode mode, int attempt) noexcept {
  constexpr int longest_us = 1000;
  if (waiting == Waiting::for_payload || waiting == Waiting::for_payload_only) {
    // It is there already, or needs its sender to come into MPI once more: no stamp tells, so look often at first.
    constexpr int first_us = 20, attempts_each = 4, most_doublings = 5, longest_for_payload_us = 500;
    return std::min(first_us << std::min(attempt / attempts_each, most_doublings), longest_for_payload_us);
  }
  if (mode == Mode::real_time) return 50;
  // A stamp wakes it. Where several operations are in flight, others may need progress inside MPI meanwhile.
  constexpr int first_us = 100, most_doublings = 4;
  return Operation::in_flight() > 1 ? std::min(first_us << std::min(attempt, most_doublings), longest_us) : longest_us;
}

}  // namespace

Engine* modelled_engine() noexcept { return the_engine; }
Engine* engine() noexcept { return the_engine == nullptr || the_engine->paused() ? nullptr : the_engine; }
void start_engine(Settings settings) { the_engine = new Engine(std::move(settings)); }
void stop_engine() noexcept { the_engine = nullptr; }

Engine::Engine(Settings asked)
    : settings_(std::move(asked)),
      within_(settings_.profile.within_node, settings_.without, settings_.seed),
      between_(settings_.profile.between_nodes, settings_.without, settings_.seed),
      matching_(std::make_unique<Matching>(*this)),
      buffered_sends_(std::make_unique<BufferedSends>()),
      freed_requests_(std::make_unique<FreedRequests>()),
      schedules_(std::make_unique<Schedules>()) {
  PMPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  PMPI_Comm_size(MPI_COMM_WORLD, &ranks_);
  peers_.resize(static_cast<std::size_t>(ranks_));
  learn_world_communicators();
  channel_.open(MPI_COMM_WORLD, settings_.stamps_by_mpi);
  clock_.start(settings_, rank_);
  if (settings_.mode == Mode::real_time) align_wall_clocks();
  thread_ = &inside;
}

Engine::~Engine() = default;

void Engine::align_wall_clocks() {
  const ClockModel model = align_node_clock(MPI_COMM_WORLD, &wall_seconds);
  clock_.align(from_seconds(model.offset), model.drift, from_seconds(model.since));
  clock_residual_ = std::abs(model.residual);
  PMPI_Allreduce(MPI_IN_PLACE, &clock_residual_, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
}

void Engine::enter() {
  if (&inside != thread_) refuse("MPI_THREAD_MULTIPLE", "calls from several threads are not modelled");
  clock_.enter();
}

void Engine::leave() {
  channel_.computes(clock_.now().time);
  clock_.leave();
}

void Engine::pause(bool paused) noexcept {
  constexpr Time never = INT64_MAX / 2;  // with room to add the flight of a message
  if (paused && !paused_) channel_.computes(never);
  paused_ = paused;
}

bool Engine::may_come_before(Time arrival, long long begun) const noexcept {
  constexpr double patience = 2, patience_elsewhere = 1e-3;  // [s], of which nothing depends but how much is ordered
  const double waited = static_cast<double>(state.stopwatch.now() - begun) * state.stopwatch.seconds_per_tick();
  if (waited > patience) return false;
  bool may = channel_.others_elsewhere() && waited < patience_elsewhere;
  channel_.see_computing([&](int other, Time since) {
    const Path& path = path_to(other);
    may = may || since + path.overhead() + path.least_flight(0) < arrival;
  });
  return may;
}

long long Engine::charged() const noexcept { return virtual_time() ? clock_.now().time : ticks(); }

Time Engine::draw_round(int to) noexcept {
  return path_to(to).draw(peers_[static_cast<std::size_t>(to)].rounds, rank_, to);
}

std::size_t Engine::RoundHash::operator()(const RoundKey& key) const noexcept {
  return static_cast<std::size_t>(
      (key.context ^ (static_cast<std::uint64_t>(key.from) << 32) ^ static_cast<std::uint64_t>(key.tag)) *
      0x9E3779B97F4A7C15u);
}

bool Engine::take_round(std::uint64_t context, int from, int tag, Stamp& stamp) {
  const auto found = rounds_.find({context, from, tag});
  if (found == rounds_.end()) return false;
  stamp = found->second;
  rounds_.erase(found);
  return true;
}

void Engine::arrived(int from, Time at) {
  Time& last = peers_[static_cast<std::size_t>(from)].last_from_it;
  check_not_before("arrival of a message after another of its sender", at, last);
  last = at;
}

void Engine::heard(int from, std::uint64_t number) noexcept {
  path_to(from).keep_up(peers_[static_cast<std::size_t>(from)].messages, rank_, from, number);
}

Departure Engine::depart(int to, std::int64_t bytes, bool eager) {
  const Path& path = path_to(to);
  Peer& peer = peers_[static_cast<std::size_t>(to)];
  clock_.spend(path.overhead());
  const Moment now = clock_.now();
  Time& free = is_within(to) ? interfaces_.within : interfaces_.between;
  const std::uint64_t number = peer.messages.number;
  Time enters = std::max(clock_.departs(), free);
  const Time jitter = path.draw(peer.messages, rank_, to), question = path.handshake(bytes) / 2;
  free = enters + path.occupancy(bytes);
  if (!eager) enters = std::max(enters, peer.last_arrival - question);
  const Time arrival = eager ? std::max(enters + path.flight(bytes) + jitter, peer.last_arrival) : enters + question;
  peer.last_arrival = arrival;
  return {{enters, now.ideal}, {arrival, now.ideal}, free, jitter, number};
}

bool Engine::drain() {
  const bool any = channel_.drain([this](const Stamp& stamp) {
    if (stamp.kind == Stamp::Kind::round)
      rounds_.insert_or_assign({stamp.context, stamp.from, stamp.tag}, stamp);
    else
      matching_->deliver(stamp);
  });
  matching_->match_wildcards();
  for (std::size_t i = 0; i < background_.size(); ++i) (void)background_[i]->progress();
  return any;
}

/// Long messages and non-blocking collectives that others wait for go on only when MPI is called: by a probe for
/// nothing.
void Engine::let_mpi_progress() {
  int nothing = 0;
  PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &nothing, MPI_STATUS_IGNORE);
}

long long Engine::ticks() noexcept { return state.stopwatch.now(); }

void Engine::pause_between(Waiting waiting, int attempt) {
  constexpr int yields = 4;  // before the first sleep: a payload is often there at once
  let_mpi_progress();
  if (settings_.mode == Mode::real_time && channel_.cores_enough()) return;
  if (waiting != Waiting::for_stamp && attempt < yields)
    sched_yield();
  else
    channel_.sleep(backoff_us(waiting, settings_.mode, attempt));
}

void Engine::synchronise(MPI_Comm comm) {
  MPI_Request request = MPI_REQUEST_NULL;
  PMPI_Ibarrier(comm, &request);
  wait([&] {
    int done = 0;
    PMPI_Test(&request, &done, MPI_STATUS_IGNORE);
    return until(done != 0, Waiting::for_payload);
  });
}

}  // namespace haloscope::interconnect
