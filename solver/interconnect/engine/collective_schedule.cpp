// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/collective_schedule.hpp"

#include <numeric>
#include <utility>

#include "interconnect/account/counters.hpp"
#include "interconnect/engine/communicators.hpp"

namespace haloscope::interconnect {

namespace {

CollectiveShape shape_of(const CommunicatorInfo& info, const Asked& asked) {
  return {.collective = asked.collective,
          .rank = info.rank,
          .ranks = static_cast<int>(info.world.size()),
          .root = asked.root,
          .bytes = asked.bytes,
          .blocks = asked.blocks,
          .receive_blocks = asked.receive_blocks};
}

std::vector<CollectiveMessage> messages_of(const std::vector<Exchange>& exchanges, const CommunicatorInfo& info,
                                           int round, bool empty_ones_too) {
  std::vector<CollectiveMessage> messages;
  for (const Exchange& exchange : exchanges)
    if (empty_ones_too || exchange.bytes > 0)
      messages.push_back({info.world[static_cast<std::size_t>(exchange.rank)], exchange.rank, round, exchange.bytes});
  return messages;
}

bool counts_are_private(const Asked& asked) noexcept {
  return !asked.blocks.empty() && (asked.collective == Collective::gather || asked.collective == Collective::scatter ||
                                   asked.collective == Collective::alltoall);
}

bool is_nothing(const Asked& asked) noexcept {
  if (asked.collective == Collective::barrier) return false;
  return asked.blocks.empty() ? asked.bytes == 0
                              : std::accumulate(asked.blocks.begin(), asked.blocks.end(), std::int64_t{0}) == 0 &&
                                    !counts_are_private(asked);
}

Schedule make_schedule(const Profile& profile, const CommunicatorInfo& info, const Asked& asked) {
  auto made = std::make_shared<CollectiveRounds>();
  if (asked.neighbors) {
    if (!asked.neighbors->sends.empty() || !asked.neighbors->receives.empty()) made->push_back(*asked.neighbors);
    return {Algorithm::linear, std::move(made)};
  }
  const CollectiveShape shape = shape_of(info, asked);
  const Algorithm algorithm = choose_algorithm(profile, shape);
  if (is_nothing(asked)) return {algorithm, std::move(made)};
  int number = 0;
  for (const Round& round : rounds(algorithm, shape)) {
    const bool empty_ones_too = !counts_are_private(asked);
    made->push_back({messages_of(round.sends, info, number, empty_ones_too),
                     messages_of(round.receives, info, number, empty_ones_too)});
    ++number;
  }
  return {algorithm, std::move(made)};
}

std::vector<std::int64_t> bytes_of(int ranks, const int n[], MPI_Datatype type) {
  const std::int64_t size = size_of(1, type);
  std::vector<std::int64_t> bytes(n, n + ranks);
  for (std::int64_t& one : bytes) one *= size;
  return bytes;
}
std::vector<std::int64_t> bytes_of(int ranks, const int n[], const MPI_Datatype types[]) {
  std::vector<std::int64_t> bytes;
  for (int i = 0; i < ranks; ++i) bytes.push_back(size_of(n[i], types[i]));
  return bytes;
}

}  // namespace

int ranks_of(MPI_Comm comm) { return static_cast<int>(info_of(comm).world.size()); }
bool is_root(MPI_Comm comm, int root) { return info_of(comm).rank == root; }

Asked ask(Collective collective, MPI_Comm comm, std::int64_t bytes, int root) {
  Asked asked;
  asked.comm = comm;
  asked.collective = collective;
  asked.root = root;
  asked.bytes = bytes;
  return asked;
}

Asked ask(Collective collective, MPI_Comm comm, const int n[], MPI_Datatype type) {
  Asked asked = ask(collective, comm, 0);
  asked.blocks = bytes_of(ranks_of(comm), n, type);
  return asked;
}

Asked ask(Collective collective, MPI_Comm comm, const int n[], MPI_Datatype type, std::int64_t own, int root) {
  Asked asked = ask(collective, comm, 0, root);
  if (is_root(comm, root)) {
    asked.blocks = bytes_of(ranks_of(comm), n, type);
  } else {
    asked.blocks.assign(info_of(comm).world.size(), 0);
    asked.blocks[static_cast<std::size_t>(info_of(comm).rank)] = own;
  }
  return asked;
}

Asked ask_all_to_all(MPI_Comm comm, const void* s, const int ns[], MPI_Datatype ts, const int nr[], MPI_Datatype tr) {
  Asked asked = ask(Collective::alltoall, comm, 0);
  asked.receive_blocks = bytes_of(ranks_of(comm), nr, tr);
  asked.blocks = s == MPI_IN_PLACE ? asked.receive_blocks : bytes_of(ranks_of(comm), ns, ts);
  return asked;
}

Asked ask_all_to_all(MPI_Comm comm, const void* s, const int ns[], const MPI_Datatype ts[], const int nr[],
                     const MPI_Datatype tr[]) {
  Asked asked = ask(Collective::alltoall, comm, 0);
  asked.receive_blocks = bytes_of(ranks_of(comm), nr, tr);
  asked.blocks = s == MPI_IN_PLACE ? asked.receive_blocks : bytes_of(ranks_of(comm), ns, ts);
  return asked;
}

std::size_t Schedules::CallHash::operator()(const Call& call) const noexcept {
  const std::uint64_t shape = static_cast<std::uint64_t>(call.bytes) << 8 ^ static_cast<std::uint64_t>(call.root) << 4 ^
                              static_cast<std::uint64_t>(call.collective);
  return static_cast<std::size_t>((call.context ^ shape * 0xBF58476D1CE4E5B9u) * 0x9E3779B97F4A7C15u >> 7);
}

std::shared_ptr<const CollectiveRounds> Schedules::meeting_of(MPI_Comm comm) {
  constexpr int no_root = -1;
  const CommunicatorInfo& info = info_of(comm);
  Schedule& known = known_[{info.context, Collective::barrier, no_root, 0}];
  if (known.rounds == nullptr) known = make_schedule({}, info, ask(Collective::barrier, comm, 0));
  return known.rounds;
}

Schedule Schedules::of(const Profile& profile, const Asked& asked) {
  const CommunicatorInfo& info = info_of(asked.comm);
  if (asked.neighbors || !asked.blocks.empty()) return make_schedule(profile, info, asked);
  const Call call{info.context, asked.collective, asked.root, asked.bytes};
  if (const auto found = known_.find(call); found != known_.end()) return found->second;
  constexpr std::size_t enough = 1024;
  if (known_.size() >= enough) known_.clear();
  return known_.emplace(call, make_schedule(profile, info, asked)).first->second;
}

}  // namespace haloscope::interconnect
