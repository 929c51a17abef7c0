// SPDX-License-Identifier: BSD-3-Clause
// Reductions inside the network: everybody goes on a fixed time after the last has come. Longer ones, and those of
// other kinds, take their rounds of messages.
#include <mpi.h>

#include <algorithm>
#include <vector>

#include "catch.hpp"
#include "interconnect/paper.hpp"

namespace {

// As the test's line in tests/CMakeLists.txt sets them.
constexpr Time offload = 3 * us;
constexpr int limit = 256;

void check_all(const std::function<void()>& call) {
  for (const Skew& skew : skews()) {
    Time last = 0;
    for (int rank = 0; rank < ranks_of_world(); ++rank) last = std::max(last, skew.of(rank));
    CAPTURE(skew.name);
    CHECK(measured(skew, call) == last + offload);
  }
}

}  // namespace

TEST_CASE("short ones take the time of the operation after the last has come") {
  std::vector<char> s(1000, 1), r(1000, 0);
  check_all([] { MPI_Barrier(MPI_COMM_WORLD); });
  for (const int n : {1, 16, limit}) {
    check_all([&] { MPI_Allreduce(s.data(), r.data(), n, MPI_BYTE, MPI_BOR, MPI_COMM_WORLD); });
    CHECK(r[static_cast<std::size_t>(n - 1)] == 1);
    check_all([&] {
      MPI_Request request = MPI_REQUEST_NULL;
      MPI_Iallreduce(s.data(), r.data(), n, MPI_BYTE, MPI_BOR, MPI_COMM_WORLD, &request);
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    });
  }
}

TEST_CASE("with a root one side waits for the other, and who comes late delays nobody else") {
  const int me = rank_of_world(), ranks = ranks_of_world();
  for (const Skew& skew : skews()) {
    Time last = 0;
    for (int rank = 0; rank < ranks; ++rank) last = std::max(last, skew.of(rank));
    for (const int root : {0, ranks - 1, ranks / 2}) {
      CAPTURE(skew.name, root);
      const Time given = skew.of(me) + o, got = std::max(skew.of(me), skew.of(root) + offload);
      char value = me == root ? 'y' : 'n';
      CHECK(measured(skew, [&] { MPI_Bcast(&value, 1, MPI_CHAR, root, MPI_COMM_WORLD); }) ==
            (me == root ? given : got));
      CHECK(value == 'y');
      value = me == root ? 'z' : 'n';
      CHECK(measured(skew, [&] {
              MPI_Request request = MPI_REQUEST_NULL;
              MPI_Ibcast(&value, 1, MPI_CHAR, root, MPI_COMM_WORLD, &request);
              MPI_Wait(&request, MPI_STATUS_IGNORE);
            }) == (me == root ? given : got));
      CHECK(value == 'z');
      int sum = 0;
      CHECK(measured(skew, [&] { MPI_Reduce(&me, &sum, 1, MPI_INT, MPI_SUM, root, MPI_COMM_WORLD); }) ==
            (me == root ? last + offload : given));
      if (me == root) CHECK(sum == ranks * (ranks - 1) / 2);
    }
  }
}

TEST_CASE("longer ones take their rounds") {
  std::vector<char> s(1000, 1), r(1000, 0);
  const Time took =
      measured(skews()[0], [&] { MPI_Allreduce(s.data(), r.data(), limit + 1, MPI_BYTE, MPI_BOR, MPI_COMM_WORLD); });
  CHECK(took >= L + 2 * o + (limit + 1) * G);
}
