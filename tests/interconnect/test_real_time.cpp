// SPDX-License-Identifier: BSD-3-Clause
// Real time: no message is there before its modelled arrival by the host's own clock, whatever the receiver does
// meanwhile, and detours take their time from computing. Only least times are checked: those hold on any machine under
// any load.
#include <mpi.h>
#include <time.h>

#include <array>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "haloscope/border/protocol.hpp"
#include "world.hpp"

namespace {

// As the test's line in tests/CMakeLists.txt sets them. [us]
constexpr double L = 2000, o = 1, detour = 100, every = 10000;
constexpr int beyond_eager = 100000;

/// Of the host, the same on both ranks. [us]
double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e6 * static_cast<double>(t.tv_sec) + 1e-3 * static_cast<double>(t.tv_nsec);
}

void compute(double us) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(static_cast<long long>(1e3 * us)));  // in the library's eyes
}

/// Ranks 0 and 1 in turn: @p send(to) and @p receive(from). What passed from before the send to after the receive. [us]
template <class Send, class Receive>
double delay(Send send, Receive receive) {
  double took = 0;
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank_of_world() == 0) {
    const double begin = now();
    send(1);
    MPI_Pcontrol(haloscope::pcontrol::pause);  // the answer says when it began: not modelled
    MPI_Send(&begin, 1, MPI_DOUBLE, 1, 99, MPI_COMM_WORLD);
    MPI_Pcontrol(haloscope::pcontrol::go_on);
  } else if (rank_of_world() == 1) {
    receive(0);
    const double end = now();
    double begin = 0;
    MPI_Pcontrol(haloscope::pcontrol::pause);
    MPI_Recv(&begin, 1, MPI_DOUBLE, 0, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Pcontrol(haloscope::pcontrol::go_on);
    took = end - begin;
  }
  return took;
}

void check_at_least(double took, double least) {
  if (rank_of_world() == 1) CHECK(took >= least);
}

double data = 1;
std::vector<char> long_data(beyond_eager);

void send(int to) { MPI_Send(&data, 1, MPI_DOUBLE, to, 0, MPI_COMM_WORLD); }
void receive(int from) { MPI_Recv(&data, 1, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE); }

}  // namespace

TEST_CASE("a message takes o + L + o at least, however it is sent and received") {
  check_at_least(delay(send, receive), L + 2 * o);
  check_at_least(delay(
                     [](int to) {
                       MPI_Request request = MPI_REQUEST_NULL;
                       MPI_Isend(&data, 1, MPI_DOUBLE, to, 0, MPI_COMM_WORLD, &request);
                       MPI_Wait(&request, MPI_STATUS_IGNORE);
                     },
                     [](int from) {
                       MPI_Request request = MPI_REQUEST_NULL;
                       MPI_Irecv(&data, 1, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, &request);
                       int there = 0;
                       while (there == 0) MPI_Test(&request, &there, MPI_STATUS_IGNORE);
                     }),
                 L + 2 * o);
  check_at_least(delay(send,
                       [](int from) {
                         int there = 0;
                         while (there == 0) MPI_Iprobe(from, 0, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
                         receive(from);
                       }),
                 L + 2 * o);
  check_at_least(delay([](int) { MPI_Bcast(&data, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD); },
                       [](int) { MPI_Bcast(&data, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD); }),
                 L + 2 * o);
  double sum = 0;
  const auto allreduce = [&](int) { MPI_Allreduce(&data, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); };
  check_at_least(delay(allreduce, allreduce), L + 2 * o);
  // Asked, answered, sent.
  check_at_least(delay([](int to) { MPI_Send(long_data.data(), beyond_eager, MPI_CHAR, to, 0, MPI_COMM_WORLD); },
                       [](int from) {
                         MPI_Recv(long_data.data(), beyond_eager, MPI_CHAR, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                       }),
                 3 * L + 2 * o);
}

TEST_CASE("six messages in flight: none is early, and each costs its o") {
  constexpr int n = 6;
  std::array<double, n> values{};
  std::array<MPI_Request, n> requests{};
  check_at_least(delay(
                     [&](int to) {
                       for (int k = 0; k < n; ++k)
                         MPI_Isend(&values[k], 1, MPI_DOUBLE, to, k, MPI_COMM_WORLD, &requests[k]);
                       MPI_Waitall(n, requests.data(), MPI_STATUSES_IGNORE);
                     },
                     [&](int from) {
                       for (int k = 0; k < n; ++k)
                         MPI_Irecv(&values[k], 1, MPI_DOUBLE, from, k, MPI_COMM_WORLD, &requests[k]);
                       MPI_Waitall(n, requests.data(), MPI_STATUSES_IGNORE);
                     }),
                 n * o + L + o);
}

TEST_CASE("a receiver that computes first has its message no earlier") {
  for (const double work : {L / 4, 2 * L}) {
    const double took = delay(send, [&](int from) {
      MPI_Request request = MPI_REQUEST_NULL;
      MPI_Irecv(&data, 1, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, &request);
      compute(work);
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    });
    check_at_least(took, L + 2 * o);
  }
}

TEST_CASE("of several in flight the first to arrive is taken, though another was known before") {
  for (int i = 0; i < 5; ++i) {
    std::array<double, 2> sent{};  // before the one, after the other
    std::array<MPI_Request, 2> requests{};
    int first = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_of_world() == 0) {
      sent[0] = now();
      MPI_Isend(long_data.data(), beyond_eager, MPI_CHAR, 1, 0, MPI_COMM_WORLD, &requests[0]);
      compute(L / 2);
      MPI_Isend(&data, 1, MPI_DOUBLE, 1, 1, MPI_COMM_WORLD, &requests[1]);
      sent[1] = now();
    } else {
      MPI_Irecv(long_data.data(), beyond_eager, MPI_CHAR, 0, 0, MPI_COMM_WORLD, &requests[0]);
      MPI_Irecv(&data, 1, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD, &requests[1]);
      MPI_Waitany(2, requests.data(), &first, MPI_STATUS_IGNORE);
    }
    MPI_Waitall(2, requests.data(), MPI_STATUSES_IGNORE);
    MPI_Pcontrol(haloscope::pcontrol::pause);
    MPI_Bcast(sent.data(), 2, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    MPI_Pcontrol(haloscope::pcontrol::go_on);
    // Asked, answered, sent: unless a busy machine held the second one up, it arrives first.
    if (rank_of_world() == 1 && sent[1] + L < sent[0] + 3 * L) CHECK(first == 1);
  }
}

TEST_CASE("detours of 100 us a hundred times a second are made up for after computing") {
  int calls = 0, long_enough = 0;
  double computed = 0, all = 0;
  for (; calls < 20; ++calls) {
    MPI_Send(&data, 1, MPI_DOUBLE, MPI_PROC_NULL, 0, MPI_COMM_WORLD);
    const double begin = now();
    compute(3 * every);  // wherever it begins, three detours begin within
    const double called = now();
    MPI_Send(&data, 1, MPI_DOUBLE, MPI_PROC_NULL, 0, MPI_COMM_WORLD);
    const double end = now();
    computed += called - begin;
    all += end - begin;
    if (end - called >= 3 * detour) ++long_enough;
  }
  CHECK(long_enough == calls);
  CHECK(all >= computed + 3 * calls * detour);
  MPI_Barrier(MPI_COMM_WORLD);
}
