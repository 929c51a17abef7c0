// SPDX-License-Identifier: BSD-3-Clause
// Collectives in virtual time against paper, blocking and in flight.
#include <mpi.h>

#include <bit>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "catch.hpp"
#include "interconnect/paper.hpp"

using namespace haloscope::interconnect;

namespace {

/// The shape as rank 0 sees it.
void compare(const std::string& what, CollectiveShape shape, const std::function<void()>& call) {
  const auto rounds_of = [shape](int rank) mutable {
    shape.rank = rank;
    shape.ranks = ranks_of_world();
    return rounds(choose_algorithm(lab(), shape), shape);
  };
  compare_rounds(what + " " + std::to_string(shape.bytes) + " B", rounds_of, call);
}

/// Room for what any call below sends or receives.
struct Buffers {
  std::vector<char> out = std::vector<char>(std::size_t{1} << 23, 1), in = out;
  char* s = out.data();
  char* r = in.data();
};

/// Eager, eager in several algorithms' terms, and beyond the eager limit.
const std::vector<int> sizes = {1, 8, 2048, 4096, 70000, 600000};

}  // namespace

TEST_CASE("collectives of one size take what their rounds take on paper") {
  Buffers at;
  const MPI_Comm world = MPI_COMM_WORLD;
  const int root = ranks_of_world() - 1;
  compare("barrier", {.collective = Collective::barrier}, [&] { MPI_Barrier(world); });
  for (const int n : sizes) {
    const MPI_Datatype t = MPI_CHAR;
    compare("bcast", {.collective = Collective::bcast, .root = root, .bytes = n},
            [&] { MPI_Bcast(at.s, n, t, root, world); });
    compare("reduce", {.collective = Collective::reduce, .root = root, .bytes = n},
            [&] { MPI_Reduce(at.s, at.r, n, t, MPI_BOR, root, world); });
    compare("allreduce", {.collective = Collective::allreduce, .bytes = n},
            [&] { MPI_Allreduce(at.s, at.r, n, MPI_BYTE, MPI_BOR, world); });
    compare("allgather", {.collective = Collective::allgather, .bytes = n},
            [&] { MPI_Allgather(at.s, n, t, at.r, n, t, world); });
    compare("alltoall", {.collective = Collective::alltoall, .bytes = n},
            [&] { MPI_Alltoall(at.s, n, t, at.r, n, t, world); });
    compare("gather", {.collective = Collective::gather, .root = root, .bytes = n},
            [&] { MPI_Gather(at.s, n, t, at.r, n, t, root, world); });
    compare("scatter", {.collective = Collective::scatter, .root = root, .bytes = n},
            [&] { MPI_Scatter(at.s, n, t, at.r, n, t, root, world); });
  }
}

TEST_CASE("scans and reduce-scatters take what their rounds take on paper") {
  Buffers at;
  const MPI_Comm world = MPI_COMM_WORLD;
  const MPI_Datatype t = MPI_BYTE;
  for (const int n : sizes) {
    compare("scan", {.collective = Collective::scan, .bytes = n}, [&] { MPI_Scan(at.s, at.r, n, t, MPI_BOR, world); });
    compare("exscan", {.collective = Collective::exscan, .bytes = n},
            [&] { MPI_Exscan(at.s, at.r, n, t, MPI_BOR, world); });
    compare("reduce_scatter_block", {.collective = Collective::reduce_scatter, .bytes = ranks_of_world() * n},
            [&] { MPI_Reduce_scatter_block(at.s, at.r, n, t, MPI_BOR, world); });
  }
}

TEST_CASE("collectives with a count for each rank take what their rounds take on paper, and nothing for no bytes") {
  Buffers at;
  const MPI_Comm world = MPI_COMM_WORLD;
  const MPI_Datatype t = MPI_BYTE;
  const int ranks = ranks_of_world(), me = rank_of_world(), root = ranks / 2;
  const auto count = [](int i) { return i * i % 4 * 25000; };  // 0, 25000 and 75000 never, 0 or 25000 bytes
  std::vector<int> n, displacement;
  for (int i = 0; i < ranks; ++i) {
    n.push_back(count(i));
    displacement.push_back(i * 80000);
  }
  const std::vector<std::int64_t> blocks(n.begin(), n.end());
  compare("allgatherv", {.collective = Collective::allgather, .blocks = blocks}, [&] {
    MPI_Allgatherv(at.s, n[static_cast<std::size_t>(me)], t, at.r, n.data(), displacement.data(), t, world);
  });
  compare("reduce_scatter", {.collective = Collective::reduce_scatter, .blocks = blocks},
          [&] { MPI_Reduce_scatter(at.s, at.r, n.data(), t, MPI_BOR, world); });

  const auto one_round = [&](int rank, const std::function<std::int64_t(int, int)>& bytes) {
    Round round;
    for (int i = 1; i < ranks; ++i) {
      const int to = (rank + i) % ranks, from = (rank + ranks - i) % ranks;
      if (bytes(rank, to) > 0) round.sends.push_back({to, bytes(rank, to)});
      if (bytes(from, rank) > 0) round.receives.push_back({from, bytes(from, rank)});
    }
    return std::vector<Round>{round};
  };
  compare_rounds(
      "gatherv",
      [&](int rank) { return one_round(rank, [&](int from, int to) { return to == root ? count(from) : 0; }); },
      [&] {
        MPI_Gatherv(at.s, n[static_cast<std::size_t>(me)], t, at.r, n.data(), displacement.data(), t, root, world);
      });
  compare_rounds(
      "scatterv",
      [&](int rank) { return one_round(rank, [&](int from, int to) { return from == root ? count(to) : 0; }); },
      [&] {
        MPI_Scatterv(at.s, n.data(), displacement.data(), t, at.r, n[static_cast<std::size_t>(me)], t, root, world);
      });

  const auto between = [](int from, int to) { return (from + 2 * to) % 3 * 40000; };  // 0, 40000, 80000
  std::vector<int> ns, nr;
  for (int i = 0; i < ranks; ++i) {
    ns.push_back(between(me, i));
    nr.push_back(between(i, me));
  }
  compare_rounds(
      "alltoallv", [&](int rank) { return one_round(rank, between); },
      [&] { MPI_Alltoallv(at.s, ns.data(), displacement.data(), t, at.r, nr.data(), displacement.data(), t, world); });
  const std::vector<MPI_Datatype> types(static_cast<std::size_t>(ranks), t);
  compare_rounds(
      "alltoallw", [&](int rank) { return one_round(rank, between); },
      [&] {
        MPI_Alltoallw(at.s, ns.data(), displacement.data(), types.data(), at.r, nr.data(), displacement.data(),
                      types.data(), world);
      });
}

TEST_CASE("an Allreduce of 8 bytes takes log2 P times L + 2 o + 8 G") {
  const int ranks = ranks_of_world();
  if (!std::has_single_bit(static_cast<unsigned>(ranks))) return;
  double x = 1, sum = 0;
  const Time took = measured(skews()[0], [&] { MPI_Allreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); });
  const Time log = std::bit_width(static_cast<unsigned>(ranks)) - 1;
  CHECK(took == log * (L + 2 * o + 8 * G));
  CHECK(sum == ranks);
}

TEST_CASE("the root of a broadcast goes on when its messages have left") {
  if (ranks_of_world() == 1) return;
  int value = rank_of_world() == 0 ? 42 : 0;
  const Skew late{"all but the root late", [](int rank) { return rank == 0 ? 0 : 900 * us; }};
  const Time took = measured(late, [&] { MPI_Bcast(&value, 1, MPI_INT, 0, MPI_COMM_WORLD); });
  CHECK(value == 42);
  if (rank_of_world() == 0) CHECK(took == std::bit_width(static_cast<unsigned>(ranks_of_world() - 1)) * o);
}

TEST_CASE("a collective in flight takes the time of a blocking one, and computing meanwhile hides it") {
  double x = 1, sum = 0;
  const auto blocking = [&] { MPI_Allreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); };
  const auto in_flight = [&](Time work) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Iallreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
    compute_for(work);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  };
  for (const Skew& skew : skews()) {
    CAPTURE(skew.name);
    const Time alone = measured(skew, blocking), mine = skew.of(rank_of_world());
    CHECK(measured(skew, [&] { in_flight(0); }) == alone);
    CHECK(measured(skew, [&] { in_flight(5 * us); }) == std::max(mine + 5 * us, alone));
    CHECK(measured(skew, [&] { in_flight(2000 * us); }) == mine + 2000 * us);
    CHECK(sum == ranks_of_world());
  }
}

TEST_CASE("several collectives in flight share a wait and do not wait for each other") {
  std::vector<double> x(1000, 1), sum(1000), all(1000 * static_cast<std::size_t>(ranks_of_world()));
  const auto reduce = [&](MPI_Request* request) {
    MPI_Iallreduce(x.data(), sum.data(), 1000, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, request);
  };
  const auto gather = [&](MPI_Request* request) {
    MPI_Iallgather(x.data(), 1000, MPI_DOUBLE, all.data(), 1000, MPI_DOUBLE, MPI_COMM_WORLD, request);
  };
  MPI_Request requests[3];
  const Time first = measured(skews()[0], [&] { reduce(&requests[0]), MPI_Wait(&requests[0], MPI_STATUS_IGNORE); });
  const Time second = measured(skews()[0], [&] { gather(&requests[0]), MPI_Wait(&requests[0], MPI_STATUS_IGNORE); });
  const Time together = measured(skews()[0], [&] {
    reduce(&requests[0]);
    MPI_Ibarrier(MPI_COMM_WORLD, &requests[1]);
    gather(&requests[2]);
    MPI_Waitall(3, requests, MPI_STATUSES_IGNORE);
  });
  CHECK(together == std::max(first, second));
  CHECK(std::accumulate(sum.begin(), sum.end(), 0.) == 1000. * ranks_of_world());
}

TEST_CASE("the interface that a blocking collective leaves busy delays the next message") {
  if (ranks_of_world() != 2) return;
  std::vector<char> data(60000), other(60000);
  const Time took = measured(skews()[0], [&] {
    if (rank_of_world() == 0) {
      MPI_Bcast(data.data(), 60000, MPI_CHAR, 0, MPI_COMM_WORLD);
      MPI_Send(data.data(), 8, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
    } else {
      MPI_Bcast(data.data(), 60000, MPI_CHAR, 0, MPI_COMM_WORLD);
      MPI_Recv(other.data(), 8, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
  });
  // Both messages queue behind each other's bytes; the receiver's o of the first ends after the second has come.
  if (rank_of_world() == 1) CHECK(took == o + 60000 * G + L + std::max(o, 8 * G) + o);
}

TEST_CASE("on a communicator with its ranks in another order times are those of its own ranks") {
  const int ranks = ranks_of_world(), me = rank_of_world();
  MPI_Comm reversed = MPI_COMM_NULL, half = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, 0, ranks - me, &reversed);
  MPI_Comm_split(MPI_COMM_WORLD, me % 2, me, &half);
  int value = me;
  const Skew late{"the world's last rank late", [](int rank) { return rank == ranks_of_world() - 1 ? 50 * us : 0; }};
  measured(late, [&] { MPI_Bcast(&value, 1, MPI_INT, 0, reversed); });
  CHECK(value == ranks - 1);
  double x = 1, sum = 0;
  const Time took = measured(late, [&] { MPI_Allreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, half); });
  int n = 0;
  MPI_Comm_size(half, &n);
  CHECK(sum == n);
  if (me % 2 != (ranks - 1) % 2) CHECK(took < 50 * us);  // the other half does not wait
  if (n == 1) CHECK(took == late.of(me));
  MPI_Comm_free(&half);
  MPI_Comm_free(&reversed);
}
