// SPDX-License-Identifier: BSD-3-Clause
// What collectives take on paper, to the picosecond, from the LogGP of single messages.
#include "network/collective_time.hpp"

#include <algorithm>
#include <bit>

#include "catch.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

namespace {

constexpr Time L = 3000000, o = 400000, G = 100;  // [ps], G a byte

Path path(std::int64_t eager_limit = INT64_MAX) {
  PathProfile profile;
  profile.half_round_trip_us = 3.8;
  profile.overhead_us = 0.4;
  profile.gap_us = 0.3;
  profile.bandwidth_GBps = 10;
  profile.eager_limit_bytes = eager_limit;
  return Path(profile, {}, 1);
}

std::vector<Time> exits(Collective collective, Algorithm algorithm, int ranks, std::int64_t bytes,
                        std::vector<Time> entry = {}, const Path& by = path()) {
  std::vector<std::vector<Round>> per_rank;
  CollectiveShape shape{.collective = collective, .ranks = ranks, .bytes = bytes};
  for (shape.rank = 0; shape.rank < ranks; ++shape.rank) per_rank.push_back(rounds(algorithm, shape));
  if (entry.empty()) entry.resize(static_cast<std::size_t>(ranks));
  return collective_exit(per_rank, by, std::move(entry));
}
Time last_exit(Collective collective, Algorithm algorithm, int ranks, std::int64_t bytes) {
  const std::vector<Time> times = exits(collective, algorithm, ranks, bytes);
  return *std::max_element(times.begin(), times.end());
}
/// Every rank at the same time.
void check_all(Collective collective, Algorithm algorithm, int ranks, std::int64_t bytes, Time wanted) {
  CAPTURE(name(collective), name(algorithm), ranks, bytes);
  CHECK(exits(collective, algorithm, ranks, bytes) == std::vector<Time>(static_cast<std::size_t>(ranks), wanted));
}

}  // namespace

TEST_CASE("at powers of two each round costs o to send, the flight, and o to receive") {
  for (int ranks = 2; ranks <= 64; ranks *= 2) {
    const Time log = std::bit_width(static_cast<unsigned>(ranks)) - 1, p = ranks;
    check_all(Collective::allreduce, Algorithm::recursive_doubling, ranks, 8, log * (L + 2 * o + 8 * G));
    check_all(Collective::barrier, Algorithm::dissemination, ranks, 0, log * (L + 2 * o));
    check_all(Collective::barrier, Algorithm::recursive_doubling, ranks, 0, log * (L + 2 * o));
    const std::int64_t n = 64000;
    check_all(Collective::allreduce, Algorithm::rabenseifner, ranks, n,
              2 * log * (L + 2 * o) + 2 * (p - 1) * n / p * G);
    check_all(Collective::allreduce, Algorithm::ring, ranks, n, 2 * (p - 1) * (L + 2 * o + n / p * G));
    check_all(Collective::reduce_scatter, Algorithm::recursive_halving, ranks, n,
              log * (L + 2 * o) + (p - 1) * n / p * G);
    check_all(Collective::allgather, Algorithm::recursive_doubling, ranks, 100, log * (L + 2 * o) + (p - 1) * 100 * G);
    check_all(Collective::allgather, Algorithm::ring, ranks, 100, (p - 1) * (L + 2 * o + 100 * G));
    check_all(Collective::alltoall, Algorithm::pairwise, ranks, 100, (p - 1) * (L + 2 * o + 100 * G));
    check_all(Collective::alltoall, Algorithm::bruck, ranks, 100, log * (L + 2 * o + p / 2 * 100 * G));
  }
}

TEST_CASE(
    "at other numbers of ranks: ceil(log2 P) rounds, or two more for the fold as far as somebody waits for them") {
  for (const int ranks : {3, 5, 6, 7, 12, 33}) {
    const Time log = std::bit_width(static_cast<unsigned>(ranks));
    check_all(Collective::barrier, Algorithm::dissemination, ranks, 0, log * (L + 2 * o));
    check_all(Collective::allgather, Algorithm::ring, ranks, 8, (ranks - 1) * (L + 2 * o + 8 * G));
  }
  const Time round = L + 2 * o + 8 * G;
  const auto doubling = [](int ranks) {
    return last_exit(Collective::allreduce, Algorithm::recursive_doubling, ranks, 8);
  };
  // Nearly all had to wait for their neighbour first.
  CHECK(doubling(7) == 4 * round);
  CHECK(doubling(15) == 5 * round);
  CHECK(doubling(31) == 6 * round);
  // Those that waited meet, in the last round of doubling, partners that did not: that message is there already.
  CHECK(doubling(3) == 2 * round + 2 * o);
  CHECK(doubling(6) == 3 * round + 2 * o);
}

TEST_CASE(
    "down a binomial tree a message passes on at each one among the digits of a rank, and waits for one at each zero") {
  for (int ranks = 2; ranks <= 64; ++ranks) {
    const int digits = std::bit_width(static_cast<unsigned>(ranks - 1));
    std::vector<Time> wanted;
    for (int rank = 0; rank < ranks; ++rank) {
      Time time = 0;
      for (int digit = digits - 1; digit >= 0; --digit) {
        const int step = 1 << digit, holder = rank & ~(2 * step - 1);
        if ((rank & step) != 0)
          time += L + 2 * o + 8 * G;
        else if (holder + step < ranks)
          time += o;  // the holder's message to that rank goes first
      }
      wanted.push_back(time);
    }
    CAPTURE(ranks);
    CHECK(exits(Collective::bcast, Algorithm::binomial, ranks, 8) == wanted);
    if (std::has_single_bit(static_cast<unsigned>(ranks)))
      CHECK(last_exit(Collective::bcast, Algorithm::binomial, ranks, 8) == digits * (L + 2 * o + 8 * G));
  }
}

TEST_CASE("up a binomial tree the root waits for its longest chain") {
  for (int ranks = 2; ranks <= 64; ranks *= 2) {
    const Time log = std::bit_width(static_cast<unsigned>(ranks)) - 1;
    CHECK(exits(Collective::reduce, Algorithm::binomial, ranks, 8)[0] == log * (L + 2 * o + 8 * G));
  }
}

TEST_CASE("many messages at once queue at the sender's interface, and at the receiver's o") {
  for (const int ranks : {2, 3, 8, 17}) {
    // Long: the interface sends for 1 us, o is 0.4 us. Short: the interface is free again after g = 0.3 us.
    check_all(Collective::alltoall, Algorithm::linear, ranks, 10000, o + L + (ranks - 1) * 10000 * G + o);
    CHECK(exits(Collective::bcast, Algorithm::linear, ranks, 10000).back() == o + L + (ranks - 1) * 10000 * G + o);
    CHECK(exits(Collective::bcast, Algorithm::linear, ranks, 8).back() == (ranks - 1) * o + L + 8 * G + o);
    CHECK(exits(Collective::gather, Algorithm::linear, ranks, 8)[0] == o + L + 8 * G + (ranks - 1) * o);
  }
  PathProfile slow;  // a gap longer than o rules short messages
  slow.half_round_trip_us = 3.8;
  slow.overhead_us = 0.4;
  slow.gap_us = 2;
  slow.bandwidth_GBps = 10;
  slow.eager_limit_bytes = 1000;
  CHECK(exits(Collective::bcast, Algorithm::linear, 8, 8, {}, Path(slow, {}, 1)).back() ==
        o + 6 * 2000000 + L + 8 * G + o);
}

TEST_CASE("who comes late makes wait those that need it, and nobody else") {
  const Time late = 50000000;
  const Time round = L + 2 * o;
  // 2 itself finds both messages there; 3 and 0 wait for one of its two, and 1 for 3.
  CHECK(exits(Collective::barrier, Algorithm::dissemination, 4, 0, {0, 0, late, 0}) ==
        std::vector<Time>{late + 3 * o + L + o, late + 2 * round, late + 4 * o, late + round + 2 * o});
  // The root completes the others' messages meanwhile, whatever the order of ranks.
  CHECK(exits(Collective::gather, Algorithm::linear, 4, 0, {0, late, 0, 0})[0] == late + o + L + o);
  const std::vector<Time> bcast = exits(Collective::bcast, Algorithm::binomial, 4, 0, {0, 0, 0, late});
  CHECK(bcast == std::vector<Time>{2 * o, o + round, round + o, late + o});  // the late one finds its message there
}

TEST_CASE("a rendezvous takes 2 L more once both have come") {
  const std::int64_t n = 1000000;
  const Path by = path(8192);
  const auto exchange = [&](Time first, Time second) {
    return exits(Collective::allreduce, Algorithm::recursive_doubling, 2, n, {first, second}, by);
  };
  CHECK(exchange(0, 0) == std::vector<Time>(2, o + 2 * L + L + n * G + o));
  const Time late = 50000000;
  // The first one's question waits for the second, which answers at once; the second one's takes 2 L from its o.
  CHECK(exchange(0, late) == std::vector<Time>{late + o + 2 * L + L + n * G + o, late + L + L + n * G + o});
  // A receiver that comes after the question, before the answer would be back, costs only what it is late.
  const Time soon = o + L + 1000;
  CHECK(exchange(0, soon)[1] == std::max(soon + L + L + n * G, soon + o + 2 * L) + o);
  // Only who gets data waits for data: the root of a broadcast goes on when its message has entered.
  const std::vector<Time> bcast = exits(Collective::bcast, Algorithm::binomial, 2, n, {0, late}, by);
  CHECK(bcast == std::vector<Time>{late + L, late + L + L + n * G + o});
}
