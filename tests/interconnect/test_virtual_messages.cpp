// SPDX-License-Identifier: BSD-3-Clause
// Messages in virtual time against paper. The network is lab.toml; computing is announced, so every time is exact to
// the picosecond, whatever the machine does.
#include <mpi.h>

#include <unistd.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "interconnect/logical_clock.hpp"
#include "world.hpp"

namespace {

// Of lab.toml. [us]
constexpr double L = 8, o = 1, G = 1e-4;
constexpr int eager_limit = 65536;
constexpr double exact = 1.5e-6;  // MPI_Wtime is a double: a picosecond, near 1 s

double now_us() { return 1e6 * MPI_Wtime(); }
void compute(double us) { compute_for(std::llround(1e6 * us)); }

/// Ranks 0 and 1.
MPI_Comm pair() {
  static MPI_Comm comm = MPI_COMM_NULL;
  if (comm == MPI_COMM_NULL) {
    MPI_Group world = MPI_GROUP_NULL, two = MPI_GROUP_NULL;
    const int members[] = {0, 1};
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_incl(world, 2, members, &two);
    MPI_Comm_create_group(MPI_COMM_WORLD, two, 0, &comm);
    MPI_Group_free(&two);
    MPI_Group_free(&world);
  }
  return comm;
}

/// L + 2 o + b G, and for a rendezvous message its hand-shake, 2 L.
double half_round_trip(int bytes) { return L + 2 * o + bytes * G + (bytes > eager_limit ? 2 * L : 0); }

/// Half a round trip of @p send and @p receive, each called by both ranks in turn. [us]
template <class Send, class Receive>
double ping_pong(Send send, Receive receive) {
  const double begin = now_us();
  if (rank_of_world() == 0) {
    send(1);
    receive(1);
  } else {
    receive(0);
    send(0);
  }
  return (now_us() - begin) / 2;
}

}  // namespace

TEST_CASE("a ping-pong takes L + 2 o + b G, and beyond the eager limit a hand-shake more") {
  if (rank_of_world() > 1) return;
  std::vector<char> data(1 << 22);
  for (int bytes = 1; bytes <= 1 << 22; bytes *= 2) {
    const auto send = [&](int to) { MPI_Send(data.data(), bytes, MPI_CHAR, to, 0, MPI_COMM_WORLD); };
    const auto receive = [&](int from) {
      MPI_Recv(data.data(), bytes, MPI_CHAR, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    };
    meet(pair());
    const double blocking = ping_pong(send, receive);
    meet(pair());
    const double in_flight = ping_pong(
        [&](int to) {
          MPI_Request request = MPI_REQUEST_NULL;
          MPI_Isend(data.data(), bytes, MPI_CHAR, to, 0, MPI_COMM_WORLD, &request);
          MPI_Wait(&request, MPI_STATUS_IGNORE);
        },
        [&](int from) {
          MPI_Request request = MPI_REQUEST_NULL;
          MPI_Irecv(data.data(), bytes, MPI_CHAR, from, 0, MPI_COMM_WORLD, &request);
          MPI_Wait(&request, MPI_STATUS_IGNORE);
        });
    // From the third trip on: both ranks then stand where the other's last message has put them.
    double steady = 0;
    for (int trip = 0; trip < 3; ++trip) steady = ping_pong(send, receive);
    if (rank_of_world() != 0) continue;
    CAPTURE(bytes);
    CHECK(blocking == Approx(half_round_trip(bytes)).margin(exact));
    CHECK(in_flight == Approx(half_round_trip(bytes)).margin(exact));
    CHECK(steady == Approx(half_round_trip(bytes)).margin(exact));
  }
}

TEST_CASE("persistent requests, synchronous sends and Sendrecv follow the same law") {
  if (rank_of_world() > 1) return;
  const int partner = 1 - rank_of_world();
  double data = 0;
  std::array<MPI_Request, 2> requests{};
  MPI_Send_init(&data, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD, &requests[0]);
  MPI_Recv_init(&data, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD, &requests[1]);
  const auto begin_and_wait = [](MPI_Request& request) {
    MPI_Start(&request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  };
  double persistent = 0, synchronous = 0;
  for (int trip = 0; trip < 4; ++trip)
    persistent = ping_pong([&](int) { begin_and_wait(requests[0]); }, [&](int) { begin_and_wait(requests[1]); });
  for (MPI_Request& request : requests) MPI_Request_free(&request);
  for (int trip = 0; trip < 4; ++trip)
    synchronous =
        ping_pong([&](int to) { MPI_Ssend(&data, 1, MPI_DOUBLE, to, 0, MPI_COMM_WORLD); },
                  [&](int from) { MPI_Recv(&data, 1, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE); });
  if (rank_of_world() == 0) {
    CHECK(persistent == Approx(half_round_trip(8)).margin(exact));
    // The answer to a synchronous send travels while the other rank sends back: only its own o is between.
    CHECK(synchronous == Approx(half_round_trip(8)).margin(exact));
  }
  double other = 0;
  meet(pair());
  const double begin = now_us();
  MPI_Sendrecv(&data, 1, MPI_DOUBLE, partner, 1, &other, 1, MPI_DOUBLE, partner, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  CHECK(now_us() - begin == Approx(half_round_trip(8)).margin(exact));
}

TEST_CASE("messages in flight together cost one latency, and each its o") {
  if (rank_of_world() > 1) return;
  const int partner = 1 - rank_of_world();
  constexpr int n = 6;
  std::array<double, 2 * n> data{};
  std::array<MPI_Request, 2 * n> requests{};
  meet(pair());
  const double begin = now_us();
  for (int k = 0; k < n; ++k) MPI_Irecv(&data[n + k], 1, MPI_DOUBLE, partner, k, MPI_COMM_WORLD, &requests[k]);
  for (int k = 0; k < n; ++k) MPI_Isend(&data[k], 1, MPI_DOUBLE, partner, k, MPI_COMM_WORLD, &requests[n + k]);
  MPI_Waitall(2 * n, requests.data(), MPI_STATUSES_IGNORE);
  // The k-th leaves at k o and arrives L + 8 G later: o apart, as fast as they are received.
  CHECK(now_us() - begin == Approx(n * o + L + 8 * G + o).margin(exact));
}

TEST_CASE("computing while a message flies hides its delay, and a late receiver pays its o only") {
  if (rank_of_world() > 1) return;
  double data = 0;
  const auto receive_after = [&](double work) {
    meet(pair());
    double took = 0;
    if (rank_of_world() == 0) {
      MPI_Send(&data, 1, MPI_DOUBLE, 1, 0, MPI_COMM_WORLD);
    } else {
      const double begin = now_us();
      MPI_Request request = MPI_REQUEST_NULL;
      MPI_Irecv(&data, 1, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD, &request);
      compute(work);
      MPI_Wait(&request, MPI_STATUS_IGNORE);
      took = now_us() - begin;
    }
    return took;
  };
  for (const double work : {0.0, 5.0, 8.0}) {
    const double took = receive_after(work);
    if (rank_of_world() == 1) CHECK(took == Approx(half_round_trip(8)).margin(exact));
  }
  const double late = receive_after(100);
  if (rank_of_world() == 1) CHECK(late == Approx(100 + o).margin(exact));
}

TEST_CASE("a rendezvous waits for its receiver, and its sender with it") {
  if (rank_of_world() > 1) return;
  constexpr int bytes = 2 * eager_limit;
  std::vector<char> data(bytes);
  meet(pair());
  const double begin = now_us();
  if (rank_of_world() == 0) {
    MPI_Send(data.data(), bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
    // Asked at o; answered when the receiver came, at 50; entered a latency later and left after b G.
    CHECK(now_us() - begin == Approx(50 + L + bytes * G).margin(exact));
  } else {
    compute(50);
    MPI_Recv(data.data(), bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    CHECK(now_us() - begin == Approx(50 + L + L + bytes * G + o).margin(exact));
  }
}

TEST_CASE("any source, any tag: what arrived first in virtual time comes first, whatever really came first") {
  const int rank = rank_of_world(), ranks = ranks_of_world();
  if (ranks < 3) return;
  meet();
  if (rank == 0) {
    for (int k = 1; k < ranks; ++k) {
      double value = 0;
      MPI_Status status;
      MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
      MPI_Recv(&value, 1, MPI_DOUBLE, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
      CHECK(status.MPI_TAG == status.MPI_SOURCE);
      CHECK(value == status.MPI_SOURCE);
      CHECK(status.MPI_SOURCE == ranks - k);
    }
  } else {
    compute(100.0 * (ranks - rank));
    usleep(20000 * static_cast<useconds_t>(rank));  // who is first in virtual time is really the last
    const double value = rank;
    MPI_Send(&value, 1, MPI_DOUBLE, 0, rank, MPI_COMM_WORLD);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST_CASE("any source: ranks that have yet to leave a collective are waited for, too") {
  const int rank = rank_of_world(), ranks = ranks_of_world();
  if (ranks < 3) return;
  for (int round = 0; round < 300; ++round) {
    meet();
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
      for (int k = 1; k < ranks; ++k) {
        MPI_Status status;
        MPI_Recv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &status);
        if (status.MPI_SOURCE != ranks - k)
          FAIL("round " << round << ": " << status.MPI_SOURCE << " was taken as " << k);
      }
    } else {
      compute(100.0 * (ranks - rank));
      MPI_Send(nullptr, 0, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
  }
}

TEST_CASE("five thousand messages may wait for their receiver, and keep their order") {
  if (rank_of_world() > 1) return;
  constexpr int n = 5000;
  meet(pair());
  if (rank_of_world() == 0) {
    for (int k = 0; k < n; ++k) MPI_Send(&k, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
  } else {
    compute(10 * n);
    for (int k = 0; k < n; ++k) {
      int value = -1;
      MPI_Recv(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      if (value != k) FAIL("message " << k << " is " << value);
    }
  }
}

TEST_CASE("wildcard receives and exact ones in flight together get what MPI matches") {
  if (rank_of_world() > 1) return;
  for (int round = 0; round < 300; ++round) {  // each look at MPI finds others arrived
    std::array<int, 4> values{};
    meet(pair());
    if (rank_of_world() == 0) {
      for (int k = 0; k < 4; ++k) MPI_Send(&k, 1, MPI_INT, 1, 7, MPI_COMM_WORLD);
      MPI_Recv(&values[0], 1, MPI_INT, 1, 8, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      for (int k = 4; k < 6; ++k) MPI_Send(&k, 1, MPI_INT, 1, 7, MPI_COMM_WORLD);
    } else {
      std::array<MPI_Request, 6> requests{};
      std::array<int, 6> in{};
      for (int k = 0; k < 6; ++k)
        MPI_Irecv(&in[k], 1, MPI_INT, k % 2 == 0 ? MPI_ANY_SOURCE : 0, k % 3 == 0 ? MPI_ANY_TAG : 7, MPI_COMM_WORLD,
                  &requests[k]);
      for (int k = 3; k >= 0; --k) MPI_Wait(&requests[k], MPI_STATUS_IGNORE);
      MPI_Send(in.data(), 1, MPI_INT, 0, 8, MPI_COMM_WORLD);
      MPI_Waitall(2, &requests[4], MPI_STATUSES_IGNORE);
      const std::array<int, 6> wanted{0, 1, 2, 3, 4, 5};
      if (in != wanted) FAIL("round " << round);
    }
  }
}

TEST_CASE("an exact receive behind a wildcard gets the second message, and not before that was sent") {
  if (rank_of_world() > 1) return;
  for (const int bytes : {8, 2 * eager_limit})
    for (const bool exact_first : {false, true}) {
      std::vector<char> first(bytes), second(bytes);
      std::array<MPI_Request, 2> requests{};
      meet(pair());
      const double begin = now_us(), flight = (bytes > eager_limit ? 2 * L : 0) + L + bytes * G;
      if (rank_of_world() == 0) {
        MPI_Isend(first.data(), bytes, MPI_CHAR, 1, 5, MPI_COMM_WORLD, &requests[0]);
        compute(5e5);
        MPI_Send(second.data(), bytes, MPI_CHAR, 1, 5, MPI_COMM_WORLD);
        MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
      } else {
        MPI_Irecv(first.data(), bytes, MPI_CHAR, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &requests[0]);
        MPI_Irecv(second.data(), bytes, MPI_CHAR, 0, 5, MPI_COMM_WORLD, &requests[1]);
        const double first_there = o + flight, second_there = o + 5e5 + o + flight;
        MPI_Wait(&requests[exact_first ? 1 : 0], MPI_STATUS_IGNORE);
        CHECK(now_us() - begin == Approx((exact_first ? second_there : first_there) + o).margin(exact));
        MPI_Wait(&requests[exact_first ? 0 : 1], MPI_STATUS_IGNORE);
        CHECK(now_us() - begin == Approx(second_there + (exact_first ? 2 * o : o)).margin(exact));
      }
    }
}

TEST_CASE("tests and waits for any see time pass, and take what arrived first") {
  if (rank_of_world() > 1) return;
  meet(pair());
  double data[2] = {0, 0};
  if (rank_of_world() == 0) {
    MPI_Send(data, 1, MPI_DOUBLE, 1, 1, MPI_COMM_WORLD);
    compute(30);
    MPI_Send(data, 1, MPI_DOUBLE, 1, 2, MPI_COMM_WORLD);
    compute(1000);
    MPI_Send(data, 1, MPI_DOUBLE, 1, 3, MPI_COMM_WORLD);
  } else {
    const double begin = now_us();
    std::array<MPI_Request, 2> requests{};
    MPI_Irecv(&data[0], 1, MPI_DOUBLE, 0, 2, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&data[1], 1, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD, &requests[1]);
    int index = -1;
    MPI_Waitany(2, requests.data(), &index, MPI_STATUS_IGNORE);
    CHECK(index == 1);
    CHECK(now_us() - begin == Approx(half_round_trip(8)).margin(exact));
    MPI_Waitany(2, requests.data(), &index, MPI_STATUS_IGNORE);
    CHECK(index == 0);
    MPI_Irecv(data, 1, MPI_DOUBLE, 0, 3, MPI_COMM_WORLD, &requests[0]);
    int arrived = 0;
    for (int polls = 0; arrived == 0 && polls < 1000000; ++polls) {
      MPI_Test(&requests[0], &arrived, MPI_STATUS_IGNORE);
      compute(1);
    }
    CHECK(arrived == 1);
    CHECK(now_us() - begin >= 1030 + L + 2 * o);
    CHECK(now_us() - begin < 1030 + L + 2 * o + 10);
  }
}
