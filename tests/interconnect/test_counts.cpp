// SPDX-License-Identifier: BSD-3-Clause
// Hand-made patterns whose messages, bytes and collectives are known to the last one. Ranks stand in a ring.
#include <mpi.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "haloscope/border/protocol.hpp"
#include "interconnect/counters.hpp"

namespace {

struct Ring {
  int rank = 0, ranks = 1, left = 0, right = 0;
  Ring() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    left = (rank + ranks - 1) % ranks;
    right = (rank + 1) % ranks;
  }
};

constexpr int n = 5;  // doubles a message
using Buffer = std::array<double, n>;

void check(const Counts& counts, long long messages, long long bytes, long long collectives) {
  CHECK(counts.messages == messages);
  CHECK(counts.bytes == bytes);
  CHECK(counts.collectives == collectives);
}

}  // namespace

TEST_CASE("sends are messages, receives and waits are not") {
  const Ring ring;
  const Buffer out{};
  std::array<Buffer, 2> in{};
  const Counts counts = counts_of([&] {
    std::array<MPI_Request, 4> requests{};
    MPI_Irecv(in[0].data(), n, MPI_DOUBLE, ring.left, 1, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(in[1].data(), n, MPI_DOUBLE, ring.right, 2, MPI_COMM_WORLD, &requests[1]);
    MPI_Isend(out.data(), n, MPI_DOUBLE, ring.right, 1, MPI_COMM_WORLD, &requests[2]);
    MPI_Issend(out.data(), 3, MPI_DOUBLE, ring.left, 2, MPI_COMM_WORLD, &requests[3]);
    MPI_Waitall(4, requests.data(), MPI_STATUSES_IGNORE);
  });
  check(counts, 2, (n + 3) * 8, 0);
  CHECK(counts.point_to_point_seconds > 0);
  CHECK(counts.collective_seconds == 0);
}

TEST_CASE("every kind of blocking send counts, an empty message too, one to nobody not") {
  const Ring ring;
  const int partner = ring.rank ^ 1;
  if (partner >= ring.ranks) return;
  Buffer data{};
  const auto receive = [&](int tag) {
    MPI_Recv(data.data(), n, MPI_DOUBLE, partner, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  };
  const auto sends = [&] {
    MPI_Send(data.data(), n, MPI_DOUBLE, partner, 1, MPI_COMM_WORLD);
    MPI_Ssend(data.data(), n, MPI_INT, partner, 2, MPI_COMM_WORLD);
    MPI_Send(data.data(), 0, MPI_DOUBLE, partner, 3, MPI_COMM_WORLD);
    MPI_Send(data.data(), n, MPI_DOUBLE, MPI_PROC_NULL, 4, MPI_COMM_WORLD);
  };
  const Counts counts = counts_of([&] {
    if (ring.rank < partner) sends();
    for (int tag = 1; tag <= 3; ++tag) receive(tag);
    if (ring.rank > partner) sends();
  });
  check(counts, 3, n * 8 + n * 4, 0);
}

TEST_CASE("a derived type counts the bytes that travel, not those it spans") {
  const Ring ring;
  MPI_Datatype every_other = MPI_DATATYPE_NULL;
  MPI_Type_vector(3, 1, 2, MPI_DOUBLE, &every_other);
  MPI_Type_commit(&every_other);
  const Buffer out{};
  Buffer in{};
  const Counts counts = counts_of([&] {
    MPI_Sendrecv(out.data(), 1, every_other, ring.right, 0, in.data(), 1, every_other, ring.left, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    MPI_Sendrecv_replace(in.data(), 2, MPI_DOUBLE, ring.right, 0, ring.left, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  });
  MPI_Type_free(&every_other);
  check(counts, 2, 3 * 8 + 2 * 8, 0);
}

TEST_CASE("persistent sends made outside every phase count at each start") {
  const Ring ring;
  const Buffer out{};
  Buffer in{};
  std::array<MPI_Request, 3> requests{};
  MPI_Recv_init(in.data(), n, MPI_DOUBLE, ring.left, 7, MPI_COMM_WORLD, &requests[0]);
  MPI_Send_init(out.data(), n, MPI_DOUBLE, ring.right, 7, MPI_COMM_WORLD, &requests[1]);
  MPI_Send_init(out.data(), n, MPI_DOUBLE, MPI_PROC_NULL, 7, MPI_COMM_WORLD, &requests[2]);
  const Counts counts = counts_of([&] {
    for (int repeat = 0; repeat < 4; ++repeat) {
      MPI_Startall(3, requests.data());
      MPI_Waitall(3, requests.data(), MPI_STATUSES_IGNORE);
    }
    MPI_Start(&requests[0]);
    MPI_Start(&requests[1]);
    int done = 0;
    while (done == 0) MPI_Testall(2, requests.data(), &done, MPI_STATUSES_IGNORE);
  });
  check(counts, 5, 5 * n * 8, 0);
  CHECK(counts.collective_seconds == 0);
  for (MPI_Request& request : requests) MPI_Request_free(&request);
}

TEST_CASE("collectives count once a call, and waiting for one is collective time") {
  double mine = 1, sum = 0;
  const Counts blocking = counts_of([&] {
    MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Bcast(&sum, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
  });
  check(blocking, 0, 0, 3);
  CHECK(blocking.collective_seconds > 0);
  CHECK(blocking.point_to_point_seconds == 0);

  const auto completion = GENERATE("wait", "waitall", "waitany", "test");
  const Counts in_flight = counts_of([&] {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Iallreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
    int index = 0, done = 0;
    if (std::strcmp(completion, "wait") == 0) MPI_Wait(&request, MPI_STATUS_IGNORE);
    if (std::strcmp(completion, "waitall") == 0) MPI_Waitall(1, &request, MPI_STATUSES_IGNORE);
    if (std::strcmp(completion, "waitany") == 0) MPI_Waitany(1, &request, &index, MPI_STATUS_IGNORE);
    if (std::strcmp(completion, "test") == 0)
      while (done == 0) MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  });
  check(in_flight, 0, 0, 1);
  CHECK(in_flight.collective_seconds > 0);
  CHECK(in_flight.point_to_point_seconds == 0);
}

TEST_CASE("after a collective has completed, waits are point-to-point again") {
  const Ring ring;
  double mine = 1, sum = 0;
  std::vector<MPI_Request> many(20, MPI_REQUEST_NULL);  // more than a wait keeps without the heap
  std::vector<double> sums(many.size());
  for (std::size_t i = 0; i < many.size(); ++i)
    MPI_Iallreduce(&mine, &sums[i], 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &many[i]);
  MPI_Waitall(static_cast<int>(many.size()), many.data(), MPI_STATUSES_IGNORE);
  for (int repeat = 0; repeat < 50; ++repeat) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Iallreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  }
  const Counts counts = counts_of([&] {
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::array<MPI_Request, 2> requests{};
      MPI_Irecv(&sum, 1, MPI_DOUBLE, ring.left, 0, MPI_COMM_WORLD, &requests[0]);
      MPI_Isend(&mine, 1, MPI_DOUBLE, ring.right, 0, MPI_COMM_WORLD, &requests[1]);
      MPI_Waitall(2, requests.data(), MPI_STATUSES_IGNORE);
    }
  });
  check(counts, 50, 50 * 8, 0);
  CHECK(counts.collective_seconds == 0);
  CHECK(counts.point_to_point_seconds > 0);
}

TEST_CASE("a neighbour collective is point-to-point: one message for each neighbour that gets bytes") {
  const Ring ring;
  MPI_Comm graph = MPI_COMM_NULL;
  const std::array<int, 2> from{ring.left, ring.right}, to{ring.right, ring.left};
  MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 2, from.data(), MPI_UNWEIGHTED, 2, to.data(), MPI_UNWEIGHTED,
                                 MPI_INFO_NULL, 0, &graph);
  const std::array<int, 2> displacements{0, n};
  const std::array<double, 2 * n> out{};
  std::array<double, 2 * n> in{};
  const auto exchange = [&](const std::array<int, 2>& counts) {
    return counts_of([&] {
      MPI_Request request = MPI_REQUEST_NULL;
      MPI_Ineighbor_alltoallv(out.data(), counts.data(), displacements.data(), MPI_DOUBLE, in.data(), counts.data(),
                              displacements.data(), MPI_DOUBLE, graph, &request);
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    });
  };
  const Counts both = exchange({n, 2});
  check(both, 2, (n + 2) * 8, 0);
  CHECK(both.point_to_point_seconds > 0);
  CHECK(both.collective_seconds == 0);
  check(exchange({n, 0}), 1, n * 8, 0);
  check(counts_of([&] { MPI_Neighbor_alltoall(out.data(), n, MPI_DOUBLE, in.data(), n, MPI_DOUBLE, graph); }), 2,
        2 * n * 8, 0);
  MPI_Comm_free(&graph);
}

TEST_CASE("on a Cartesian grid nothing is sent beyond its ends") {
  const Ring ring;
  MPI_Comm line = MPI_COMM_NULL;
  const int periodic = 0;
  MPI_Cart_create(MPI_COMM_WORLD, 1, &ring.ranks, &periodic, 0, &line);
  const double out = 1;
  std::array<double, 2> in{};
  const Counts counts = counts_of([&] { MPI_Neighbor_allgather(&out, 1, MPI_DOUBLE, in.data(), 1, MPI_DOUBLE, line); });
  const int neighbours = (ring.rank > 0 ? 1 : 0) + (ring.rank + 1 < ring.ranks ? 1 : 0);
  check(counts, neighbours, 8 * neighbours, 0);
  MPI_Comm_free(&line);
}

TEST_CASE("nothing is counted outside every phase, while recording is stopped, or in another phase") {
  double mine = 1, sum = 0;
  const auto reduce = [&] { MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); };
  const auto total = [] {
    long long collectives = 0;
    for (int phase = 0; phase < all_phases; ++phase) collectives += read_counts(phase).collectives;
    return collectives;
  };
  const long long before = total();
  reduce();
  for (const int phase : {-1, 32, 1 << 20}) {
    MPI_Pcontrol(haloscope::pcontrol::phase, phase);
    reduce();
  }
  MPI_Pcontrol(haloscope::pcontrol::phase, 4);
  MPI_Pcontrol(haloscope::pcontrol::pause);
  reduce();
  CHECK(total() == before);
  MPI_Pcontrol(haloscope::pcontrol::go_on);
  reduce();
  MPI_Pcontrol(haloscope::pcontrol::phase, haloscope::pcontrol::outside);
  CHECK(total() == before + 1);
  CHECK(counts_of(reduce, 31).collectives == 1);
}

namespace {

/// A reduction of the user's that calls MPI itself.
void sum_and_send(void* in, void* inout, int* length, MPI_Datatype*) {
  for (int i = 0; i < *length; ++i) static_cast<double*>(inout)[i] += static_cast<double*>(in)[i];
  double data = 0;
  MPI_Sendrecv_replace(&data, 1, MPI_DOUBLE, 0, 0, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE);
}

}  // namespace

TEST_CASE("a call made inside another belongs to the outer one") {
  MPI_Op op = MPI_OP_NULL;
  MPI_Op_create(sum_and_send, 1, &op);
  double mine = 1, sum = 0;
  const Counts counts = counts_of([&] { MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, op, MPI_COMM_WORLD); });
  MPI_Op_free(&op);
  check(counts, 0, 0, 1);
  CHECK(counts.point_to_point_seconds == 0);
  CHECK(sum == Ring().ranks);
}

TEST_CASE("the time in MPI is part of the time on the clock, which is MPI's own") {
  const double begin = PMPI_Wtime(), read = MPI_Wtime();
  CHECK(read >= begin);
  CHECK(read <= PMPI_Wtime());
  double start = 0, seconds = 0;
  const Counts counts = counts_of([&] {
    start = MPI_Wtime();
    for (int repeat = 0; repeat < 20; ++repeat) MPI_Barrier(MPI_COMM_WORLD);
    seconds = MPI_Wtime() - start;
  });
  CHECK(counts.collective_seconds > 0);
  CHECK(counts.collective_seconds <= seconds);
}

TEST_CASE("the library signs the version text once, and the length is the text's") {
  for (int repeat = 0; repeat < 2; ++repeat) {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    MPI_Get_library_version(text.data(), &length);
    const std::string version(text.data()), signature = " +interconnect mode=record";
    CHECK(version.size() == static_cast<std::size_t>(length));
    REQUIRE(version.size() > signature.size());
    CHECK(version.find(signature) == version.size() - signature.size());
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> plain{};
    PMPI_Get_library_version(plain.data(), &length);
    CHECK(version == std::string(plain.data()) + signature);
  }
}
