// SPDX-License-Identifier: BSD-3-Clause
// What a message costs beyond the latency of one byte, between one pair of ranks: the curve over sizes, o, g, and where
// the rendezvous begins.
#include <algorithm>
#include <array>
#include <utility>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/statistics.hpp"
#include "probe/distribution.hpp"
#include "probe/parts.hpp"

namespace haloscope {

namespace {

constexpr int control = 3, data = 4, first = 5, second = 6;  // tags
constexpr std::int64_t largest = std::int64_t{4} << 20;      // [bytes]
constexpr int most_rounds = 100;
constexpr int overhead_repeats = 50, gap_repeats = 3, gap_messages = 256;
constexpr int looks = 10;
constexpr double curve_part = 0.7, overhead_part = 0.5;  ///< of the time there is

/// One of the two, with what it keeps.
struct Side {
  Stage& stage;
  int peer;
  bool client;
  std::vector<unsigned char> buffer = std::vector<unsigned char>(static_cast<std::size_t>(largest), 1);
  std::vector<unsigned char> other = buffer;
  double begin = MPI_Wtime();

  void send(std::int64_t bytes, int tag) {
    check_mpi(MPI_Send(buffer.data(), static_cast<int>(bytes), MPI_BYTE, peer, tag, stage.comm()));
  }
  void receive(std::int64_t bytes, int tag) {
    check_mpi(MPI_Recv(other.data(), static_cast<int>(bytes), MPI_BYTE, peer, tag, stage.comm(), MPI_STATUS_IGNORE));
  }
  /// The client's half round trip [s]; 0 on the server.
  double ping_pong(std::int64_t bytes, int tag) {
    if (!client) {
      receive(bytes, tag);
      send(bytes, tag);
      return 0;
    }
    const double sent = MPI_Wtime();
    send(bytes, tag);
    receive(bytes, tag);
    return std::max(0.5 * (MPI_Wtime() - sent - stage.clock_cost()), 0.0);
  }
  /// Whether the client goes on: until @p seconds have gone since it began.
  bool goes_on(double seconds) {
    unsigned char yes = client && MPI_Wtime() - begin < seconds ? 1 : 0;
    if (client) check_mpi(MPI_Send(&yes, 1, MPI_BYTE, peer, control, stage.comm()));
    check_mpi(MPI_Recv(&yes, 1, MPI_BYTE, peer, control, stage.comm(), MPI_STATUS_IGNORE));
    if (!client) check_mpi(MPI_Send(&yes, 1, MPI_BYTE, peer, control, stage.comm()));
    if (client) stage.show(MPI_Wtime() - begin);
    return yes != 0;
  }
};

double quantile_of(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return quantile(values, p);
}

double median_of(std::vector<double> values) { return quantile_of(std::move(values), 0.5); }

std::vector<std::int64_t> sizes() {
  std::vector<std::int64_t> all;
  for (std::int64_t bytes = 1; bytes <= largest; bytes *= 2) all.push_back(bytes);
  return all;
}

/// Ping-pongs of one size in a row; the first fills caches and is left out.
int repeats_of(std::int64_t bytes) { return bytes <= 8192 ? 12 : bytes <= 131072 ? 6 : 3; }

/// Medians for all sizes. Each round visits all sizes, so a drift affects all alike.
std::vector<double> curve(Side& side, double seconds) {
  const std::vector<std::int64_t> bytes = sizes();
  std::vector<std::vector<double>> samples(bytes.size());
  for (int round = 0; round < most_rounds; ++round) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      for (int repeat = 0; repeat < repeats_of(bytes[i]); ++repeat) {
        const double time = side.ping_pong(bytes[i], data);
        if (repeat > 0) samples[i].push_back(time);
      }
    if (!side.goes_on(seconds)) break;
  }
  std::vector<double> medians;
  for (const std::vector<double>& of_size : samples) medians.push_back(median_of(of_size));
  return medians;
}

/// The time in MPI_Isend, and in MPI_Recv of a message that has arrived for certain: the one that was sent after it,
/// by the same rank, is here already. Both ranks do both; the client's counts.
std::array<double, 2> overheads(Side& side, double seconds) {
  std::vector<double> sending, receiving;
  const auto send_both = [&side, &sending] {
    std::array<MPI_Request, 2> requests{};
    const double before = MPI_Wtime();
    check_mpi(MPI_Isend(side.buffer.data(), 1, MPI_BYTE, side.peer, first, side.stage.comm(), &requests[0]));
    const double after = MPI_Wtime();
    check_mpi(MPI_Isend(side.buffer.data() + 1, 1, MPI_BYTE, side.peer, second, side.stage.comm(), &requests[1]));
    check_mpi(MPI_Waitall(2, requests.data(), MPI_STATUSES_IGNORE));
    sending.push_back(after - before - side.stage.clock_cost());
  };
  const auto receive_both = [&side, &receiving] {
    side.receive(1, second);
    const double before = MPI_Wtime();
    side.receive(1, first);
    receiving.push_back(MPI_Wtime() - before - side.stage.clock_cost());
  };
  for (int round = 0; round < most_rounds; ++round) {
    for (int repeat = 0; repeat < overhead_repeats; ++repeat) {
      if (side.client) send_both();
      receive_both();
      if (!side.client) send_both();
    }
    if (!side.goes_on(seconds)) break;
  }
  return {std::max(median_of(sending), 0.0), std::max(median_of(receiving), 0.0)};
}

/// The time until @p n messages, whose receives are posted, are there and acknowledged.
double flood(Side& side, int n) {
  std::vector<MPI_Request> requests(static_cast<std::size_t>(n));
  const auto post = [&side, &requests](const auto& call) {
    for (std::size_t i = 0; i < requests.size(); ++i) call(i, &requests[i]);
  };
  if (side.client) {
    side.receive(1, control);
  } else {
    post([&side](std::size_t i, MPI_Request* request) {
      check_mpi(MPI_Irecv(side.other.data() + i, 1, MPI_BYTE, side.peer, data, side.stage.comm(), request));
    });
    side.send(1, control);
  }
  const double before = MPI_Wtime();
  if (side.client)
    post([&side](std::size_t i, MPI_Request* request) {
      check_mpi(MPI_Isend(side.buffer.data() + i, 1, MPI_BYTE, side.peer, data, side.stage.comm(), request));
    });
  check_mpi(MPI_Waitall(n, requests.data(), MPI_STATUSES_IGNORE));
  side.client ? side.receive(1, control) : side.send(1, control);
  return MPI_Wtime() - before;
}

/// g: the time that one more message in a row takes, from the difference between rows of n and of 2n messages. Costs
/// that a row has once drop out. The delay of the latest message does not, for the latest of 2n is later; but it hardly
/// depends on n, so a large n makes it small. Lower quartiles, because a core that is taken away hits rows more often
/// than single messages.
double gap(Side& side, double seconds) {
  std::vector<double> few, many;
  for (int round = 0; round < most_rounds; ++round) {
    for (int repeat = 0; repeat < gap_repeats; ++repeat) {
      few.push_back(flood(side, gap_messages));
      many.push_back(flood(side, 2 * gap_messages));
    }
    if (!side.goes_on(seconds)) break;
  }
  return std::max((quantile_of(many, 0.25) - quantile_of(few, 0.25)) / gap_messages, 0.0);
}

/// Whether a message of so many bytes leaves before its receiver asks for it. Other messages go to and fro meanwhile,
/// so both ranks have been in MPI. After the last of them the receiver asks, so that one is not looked at. Meaningful
/// on the client.
bool leaves_unasked(Side& side, std::int64_t bytes) {
  MPI_Request request = MPI_REQUEST_NULL;
  if (side.client)
    check_mpi(
        MPI_Isend(side.buffer.data(), static_cast<int>(bytes), MPI_BYTE, side.peer, data, side.stage.comm(), &request));
  int gone = 0;
  for (int i = 0; i < looks; ++i) {
    (void)side.ping_pong(1, control);
    if (side.client && gone == 0 && i + 1 < looks) check_mpi(MPI_Test(&request, &gone, MPI_STATUS_IGNORE));
  }
  if (side.client) check_mpi(MPI_Wait(&request, MPI_STATUS_IGNORE));
  if (!side.client) side.receive(largest, data);
  return gone != 0;
}

/// The longest message that leaves unasked, to the byte: by doubling, then by halving. Both ranks take the same number
/// of steps in any case.
std::int64_t eager_limit(Side& side) {
  std::int64_t leaves = 0, stays = 0;
  for (const std::int64_t bytes : sizes()) {
    const bool left = leaves_unasked(side, bytes);
    if (left && stays == 0) leaves = bytes;
    if (!left && stays == 0) stays = bytes;
  }
  for (std::int64_t step = largest; step > 0; step /= 2) {
    const std::int64_t middle = stays == 0 ? 1 : std::max<std::int64_t>(leaves + (stays - leaves) / 2, 1);
    const bool left = leaves_unasked(side, middle);
    if (stays - leaves > 1) (left ? leaves : stays) = middle;
  }
  return stays == 0 ? PathCosts::no_limit : leaves;
}

}  // namespace

PathCosts measure_costs(Stage& stage, Pair ranks) {
  PathCosts costs{.ranks = ranks, .bytes = sizes(), .half_round_trips = {}};
  std::vector<double> found;
  const bool client = stage.rank() == ranks.first;
  if (client || stage.rank() == ranks.second) {
    Side side{stage, client ? ranks.second : ranks.first, client};
    const double seconds = std::max(stage.left(), 0.0);
    found = curve(side, curve_part * seconds);
    const auto [send, receive] = overheads(side, (curve_part + overhead_part * (1 - curve_part)) * seconds);
    found.insert(found.end(), {send, receive, gap(side, seconds)});
    const std::int64_t limit = eager_limit(side);
    found.push_back(limit == PathCosts::no_limit ? -1 : static_cast<double>(limit));
  }
  found = stage.bring(ranks.first, std::move(found));
  stage.meet();
  if (stage.rank() != 0) return costs;
  const std::size_t n = costs.bytes.size();
  costs.half_round_trips.assign(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(n));
  costs.send_seconds = found.at(n);
  costs.receive_seconds = found.at(n + 1);
  costs.gap_seconds = found.at(n + 2);
  if (found.at(n + 3) >= 0) costs.eager_limit_bytes = static_cast<std::int64_t>(found.at(n + 3));
  return costs;
}

}  // namespace haloscope
