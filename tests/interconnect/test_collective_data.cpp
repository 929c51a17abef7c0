// SPDX-License-Identifier: BSD-3-Clause
// In modelled time every collective gives what it gives without a model, to the bit: reductions keep their order.
#include <fcntl.h>
#include <mpi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "interconnect/logical_clock.hpp"
#include "world.hpp"

namespace {

const MPI_Comm world = MPI_COMM_WORLD;
const MPI_Datatype t = MPI_DOUBLE;

/// What a rank sends and receives, n doubles to or from each, and for the calls with counts some of them.
struct Room {
  int ranks = ranks_of_world(), me = rank_of_world(), root = ranks / 2;
  int n;
  std::vector<double> out, in;
  std::vector<int> few, offsets;    ///< for each rank up to n doubles, the same on all ranks
  std::vector<int> sent, received;  ///< to and from each rank
  std::vector<int> byte_offsets;
  std::vector<MPI_Datatype> types;
  double *s, *r;

  Room(const Room&) = delete;
  explicit Room(int count) : n(count) {
    const auto size = static_cast<std::size_t>((n + 1) * ranks);
    for (std::size_t i = 0; i < size; ++i) {
      out.push_back(1 / (3. + me + 7 * static_cast<double>(i % 101)));
      in.push_back(-1 / (2. + me + static_cast<double>(i % 13)));
    }
    for (int i = 0; i < ranks; ++i) {
      few.push_back(n * (i % 3) / 2);
      offsets.push_back(i * n);
      byte_offsets.push_back(8 * i * n);
      sent.push_back(n * ((me + 2 * i) % 3) / 2);
      received.push_back(n * ((i + 2 * me) % 3) / 2);
      types.push_back(t);
    }
    s = out.data();
    r = in.data();
  }
  [[nodiscard]] int own() const { return few[static_cast<std::size_t>(me)]; }
  [[nodiscard]] const void* in_place_at_root() const { return me == root ? MPI_IN_PLACE : static_cast<const void*>(s); }
};

struct Call {
  std::string name;
  std::function<void(Room&)> blocking;
  std::function<void(Room&, MPI_Request*)> in_flight;
};

#define CALL(name, in_flight, ...)                                                                                   \
  {                                                                                                                  \
#name "(" #__VA_ARGS__ ")",                                                                                      \
        [](Room & a) { MPI_##name(__VA_ARGS__); },                                                                   \
                                                [](Room & a,                                                         \
                                                   MPI_Request * request) { MPI_##in_flight(__VA_ARGS__, request); } \
  }

// clang-format off
const std::vector<Call> calls = {
    CALL(Bcast, Ibcast, a.r, a.n, t, a.root, world),
    CALL(Reduce, Ireduce, a.s, a.r, a.n, t, MPI_SUM, a.root, world),
    CALL(Reduce, Ireduce, a.me == a.root ? MPI_IN_PLACE : a.s, a.r, a.n, t, MPI_SUM, a.root, world),
    CALL(Allreduce, Iallreduce, a.s, a.r, a.n, t, MPI_SUM, world),
    CALL(Allreduce, Iallreduce, MPI_IN_PLACE, a.r, a.n, t, MPI_SUM, world),
    CALL(Allreduce, Iallreduce, a.s, a.r, a.n, t, MPI_MAX, world),
    CALL(Allreduce, Iallreduce, a.s, a.r, 2 * a.n, MPI_FLOAT, MPI_MIN, world),
    CALL(Allreduce, Iallreduce, a.s, a.r, a.n, MPI_INT64_T, MPI_BXOR, world),
    CALL(Reduce_scatter, Ireduce_scatter, a.s, a.r, a.few.data(), t, MPI_SUM, world),
    CALL(Reduce_scatter, Ireduce_scatter, MPI_IN_PLACE, a.r, a.few.data(), t, MPI_SUM, world),
    CALL(Reduce_scatter_block, Ireduce_scatter_block, a.s, a.r, a.n, t, MPI_SUM, world),
    CALL(Scan, Iscan, a.s, a.r, a.n, t, MPI_SUM, world),
    CALL(Scan, Iscan, MPI_IN_PLACE, a.r, a.n, t, MPI_PROD, world),
    CALL(Exscan, Iexscan, a.s, a.r, a.n, t, MPI_SUM, world),
    CALL(Gather, Igather, a.s, a.n, t, a.r, a.n, t, a.root, world),
    CALL(Gather, Igather, a.in_place_at_root(), a.n, t, a.r, a.n, t, a.root, world),
    CALL(Gatherv, Igatherv, a.s, a.own(), t, a.r, a.few.data(), a.offsets.data(), t, a.root, world),
    CALL(Gatherv, Igatherv, a.in_place_at_root(), a.own(), t, a.r, a.me == a.root ? a.few.data() : nullptr, a.offsets.data(), t, a.root, world),
    CALL(Scatter, Iscatter, a.s, a.n, t, a.r, a.n, t, a.root, world),
    CALL(Scatterv, Iscatterv, a.s, a.me == a.root ? a.few.data() : nullptr, a.offsets.data(), t, a.r, a.own(), t, a.root, world),
    CALL(Allgather, Iallgather, a.s, a.n, t, a.r, a.n, t, world),
    CALL(Allgather, Iallgather, MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, a.r, a.n, t, world),
    CALL(Allgatherv, Iallgatherv, a.s, a.own(), t, a.r, a.few.data(), a.offsets.data(), t, world),
    CALL(Alltoall, Ialltoall, a.s, a.n, t, a.r, a.n, t, world),
    CALL(Alltoall, Ialltoall, a.s, a.n, t, a.r, 8 * a.n, MPI_BYTE, world),
    CALL(Alltoallv, Ialltoallv, a.s, a.sent.data(), a.offsets.data(), t, a.r, a.received.data(), a.offsets.data(), t, world),
    CALL(Alltoallw, Ialltoallw, a.s, a.sent.data(), a.byte_offsets.data(), a.types.data(), a.r, a.received.data(), a.byte_offsets.data(), a.types.data(), world),
};
// clang-format on

/// Each rank comes when it comes.
void come() { compute_for((rank_of_world() * 7 % 5) * 3'000'000); }

void same(const std::string& what, const Room& modelled, const Room& plain) {
  CAPTURE(what, plain.n);
  CHECK(std::memcmp(modelled.in.data(), plain.in.data(), 8 * plain.in.size()) == 0);
  CHECK(std::memcmp(modelled.out.data(), plain.out.data(), 8 * plain.out.size()) == 0);
}

const std::vector<int> counts = {0, 1, 2, 3, 100, 20000};

}  // namespace

TEST_CASE("a blocking collective gives what it gives without a model") {
  for (const Call& call : calls)
    for (const int n : counts) {
      Room plain(n), modelled(n);
      unmodelled([&] { call.blocking(plain); });
      come();
      call.blocking(modelled);
      same(call.name, modelled, plain);
    }
}

TEST_CASE("a collective in flight gives what it gives without a model, one at a time and many at once") {
  const auto wait = [](MPI_Request& request) { MPI_Wait(&request, MPI_STATUS_IGNORE); };
  for (const int n : counts) {
    std::deque<Room> plain, together;
    std::vector<MPI_Request> requests(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Room& expected = plain.emplace_back(n);
      unmodelled([&] { calls[i].in_flight(expected, &requests[i]), wait(requests[i]); });
      Room single(n);
      come();
      calls[i].in_flight(single, &requests[i]);
      wait(requests[i]);
      same(calls[i].name, single, expected);
    }
    for (std::size_t i = 0; i < calls.size(); ++i) calls[i].in_flight(together.emplace_back(n), &requests[i]);
    come();
    MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
    for (std::size_t i = 0; i < calls.size(); ++i) same(calls[i].name + " of many", together[i], plain[i]);
  }
}

TEST_CASE("a broadcast between a type with holes and one without") {
  const int me = rank_of_world(), root = ranks_of_world() - 1;
  MPI_Datatype every_other = MPI_DATATYPE_NULL;
  MPI_Type_vector(2, 1, 2, MPI_INT, &every_other);
  MPI_Type_commit(&every_other);
  int strided[] = {me, -1, me, -1}, dense[] = {me, me};
  if (me == root)
    MPI_Bcast(strided, 1, every_other, root, world);
  else
    MPI_Bcast(dense, 2, MPI_INT, root, world);
  CHECK((dense[0] == root && dense[1] == root));
  strided[0] = strided[2] = -2;
  if (me == 0)
    MPI_Bcast(dense, 2, MPI_INT, 0, world);
  else
    MPI_Bcast(strided, 1, every_other, 0, world);
  if (me != 0) CHECK((strided[0] == root && strided[2] == root));
  CHECK((strided[1] == -1 && strided[3] == -1));
  MPI_Type_free(&every_other);
}

TEST_CASE("pairs, and an operation of the program's own that does not commute") {
  const int me = rank_of_world(), ranks = ranks_of_world();
  struct {
    double value;
    int rank;
  } own = {static_cast<double>(me % 2), me}, largest{};
  MPI_Allreduce(&own, &largest, 1, MPI_DOUBLE_INT, MPI_MAXLOC, world);
  CHECK(largest.rank == (ranks > 1 ? 1 : 0));

  struct Map {  // x -> a x + b; the operation applies the lower rank's first
    int a, b;
    [[nodiscard]] Map then(const Map& next) const { return {a * next.a, next.a * b + next.b}; }
  };
  MPI_Op compose = MPI_OP_NULL;
  const auto apply = [](void* first, void* second, int* n, MPI_Datatype*) {
    for (int i = 0; i < *n; ++i)
      static_cast<Map*>(second)[i] = static_cast<Map*>(first)[i].then(static_cast<Map*>(second)[i]);
  };
  MPI_Op_create(apply, 0, &compose);
  MPI_Datatype map = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(2, MPI_INT, &map);
  MPI_Type_commit(&map);
  const auto of = [](int rank) { return Map{rank % 3 + 1, rank + 1}; };
  Map mine = of(me), all{}, expected = of(0);
  for (int rank = 1; rank < ranks; ++rank) expected = expected.then(of(rank));
  MPI_Allreduce(&mine, &all, 1, map, compose, world);
  CHECK((all.a == expected.a && all.b == expected.b));
  MPI_Reduce(&mine, &all, 1, map, compose, ranks - 1, world);
  if (me == ranks - 1) CHECK((all.a == expected.a && all.b == expected.b));
  MPI_Type_free(&map);
  MPI_Op_free(&compose);
}

TEST_CASE("zeros of either sign and not-a-numbers keep the order of their operands") {
  const double values[] = {-0., 0., std::numeric_limits<double>::quiet_NaN(), 1.};
  for (int shift = 0; shift < 4; ++shift) {
    const double mine = values[(rank_of_world() + shift) % 4];
    for (const MPI_Op op : {MPI_MIN, MPI_MAX, MPI_SUM}) {
      double modelled = 7, plain = 7;
      MPI_Allreduce(&mine, &modelled, 1, MPI_DOUBLE, op, world);
      unmodelled([&] { MPI_Allreduce(&mine, &plain, 1, MPI_DOUBLE, op, world); });
      CHECK(std::memcmp(&modelled, &plain, sizeof plain) == 0);
    }
  }
}

TEST_CASE("nobody leaves a barrier before all have come, in real time too") {
  const int me = rank_of_world(), ranks = ranks_of_world();
  int number = getpid();
  MPI_Bcast(&number, 1, MPI_INT, 0, world);
  const std::string name = "/haloscope-test-" + std::to_string(number);
  const int file = shm_open(name.c_str(), O_CREAT | O_RDWR, 0600);
  REQUIRE(file >= 0);
  REQUIRE(ftruncate(file, 4096) == 0);
  auto* const marks = static_cast<int*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  REQUIRE(marks != MAP_FAILED);
  close(file);
  for (int round = 1; round <= 200; ++round) {
    __atomic_store_n(&marks[me], round, __ATOMIC_SEQ_CST);
    MPI_Barrier(world);
    for (int i = 0; i < ranks; ++i)
      if (__atomic_load_n(&marks[i], __ATOMIC_SEQ_CST) < round) FAIL("rank " << i << " has not come");
  }
  shm_unlink(name.c_str());
  munmap(marks, 4096);
}
