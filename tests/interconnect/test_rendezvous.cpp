// SPDX-License-Identifier: BSD-3-Clause
// A message beyond the eager limit needs its receiver's answer. A receiver that has posted and then computes, waits in
// a collective or works on a file answers all the same, and all clocks stand where they do on paper. The network is
// lab.toml.
#include <mpi.h>

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "interconnect/logical_clock.hpp"
#include "world.hpp"

namespace {

// Of lab.toml. [ps], G a byte
constexpr Ticks us = 1'000'000, L = 8 * us, o = us, G = 100;
constexpr int bytes = 200000;  // long for MPI too

/// The sender has asked at o, has its answer 2 L later, and its interface is free when the last byte has left.
constexpr Ticks sent = o + 2 * L + bytes * G;

struct Exits {
  Ticks between = 0;  ///< after what both do after the send, the receiver before its wait
  Ticks end = 0;
};

/// Rank 0 sends, then does @p then; rank 1 has posted its receive, does @p then, and waits. After the meeting.
Exits exchange(const std::function<void()>& then) {
  std::vector<char> data(bytes, static_cast<char>(rank_of_world()));
  MPI_Request request = MPI_REQUEST_NULL;
  Exits exits;
  const Ticks meeting = meet();
  if (rank_of_world() == 0) MPI_Send(data.data(), bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
  if (rank_of_world() == 1) MPI_Irecv(data.data(), bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD, &request);
  then();
  exits.between = logical_now() - meeting;
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  exits.end = logical_now() - meeting;
  CHECK(data[bytes - 1] == (rank_of_world() == 1 ? 0 : rank_of_world()));
  return exits;
}

}  // namespace

TEST_CASE("the receiver computes: the answer is as of its post, whenever it next comes into MPI") {
  const Ticks work = 500 * us;
  const Exits exits = exchange([&] {
    if (rank_of_world() == 1) compute_for(work);
  });
  if (rank_of_world() == 0) CHECK(exits.end == sent);
  if (rank_of_world() == 1) CHECK(exits.end == work + o);  // the message has come meanwhile
}

TEST_CASE("the receiver posts late: the message enters a latency after that") {
  const Ticks late = 500 * us;
  std::vector<char> data(bytes);
  const Ticks meeting = meet();
  if (rank_of_world() == 0) {
    MPI_Send(data.data(), bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
    CHECK(logical_now() - meeting == late + L + bytes * G);
  } else if (rank_of_world() == 1) {
    compute_for(late);
    MPI_Recv(data.data(), bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    CHECK(logical_now() - meeting == late + L + L + bytes * G + o);
  }
}

TEST_CASE("the receiver has matched the message by a probe and posts late: it is answered then") {
  const Ticks late = 500 * us;
  std::vector<char> data(bytes);
  const Ticks meeting = meet();
  if (rank_of_world() == 0) {
    MPI_Send(data.data(), bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
    CHECK(logical_now() - meeting == o + L + late + L + bytes * G);
  } else if (rank_of_world() == 1) {
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Mprobe(0, 0, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE);
    CHECK(logical_now() - meeting == o + L);  // the question has come
    compute_for(late);
    MPI_Mrecv(data.data(), bytes, MPI_CHAR, &message, MPI_STATUS_IGNORE);
    CHECK(logical_now() - meeting == o + L + late + L + L + bytes * G + o);
  }
}

TEST_CASE("the receiver waits in a collective that the sender comes to after its send") {
  const Exits barrier = exchange([] { MPI_Barrier(MPI_COMM_WORLD); });
  int one = 1, sum = 0;
  const Exits allreduce = exchange([&] { MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD); });
  CHECK(sum == ranks_of_world());
  std::vector<double> many(1000, 1), sums(1000);  // by MPI's blocking call
  const Exits longer =
      exchange([&] { MPI_Allreduce(many.data(), sums.data(), 1000, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); });
  CHECK(sums[999] == ranks_of_world());
  MPI_Comm copy = MPI_COMM_NULL;  // takes no modelled time, and blocks in MPI
  const Exits duplicated = exchange([&] { MPI_Comm_dup(MPI_COMM_WORLD, &copy); });
  MPI_Comm_free(&copy);
  if (ranks_of_world() > 2) return;  // with two ranks it is short on paper
  if (rank_of_world() == 0) {
    // The other's message has been there since o + L.
    CHECK(barrier.end == sent + 2 * o);
    CHECK(allreduce.end == sent + 2 * o);
    CHECK(duplicated.end == sent);
  } else {
    CHECK(barrier.between == sent + o + L + o);
    CHECK(barrier.end == barrier.between + o);
    CHECK(allreduce.between == sent + o + L + 4 * G + o);
    CHECK(duplicated.between == 0);
    CHECK(duplicated.end == sent + L + o);
  }
  CHECK(longer.between > barrier.between);
}

TEST_CASE("the receiver is in a file that the sender comes to after its send") {
  const std::string name =
      (std::filesystem::temp_directory_path() / ("haloscope-rendezvous-" + std::to_string(ranks_of_world()))).string();
  MPI_File file = MPI_FILE_NULL;
  std::vector<char> mine(1000, 'm');
  const MPI_Offset place = 1000 * rank_of_world();
  const auto check_free = [](const Exits& exits) {
    if (rank_of_world() == 0) CHECK(exits.end == sent);
    if (rank_of_world() == 1) CHECK(exits.between == 0);
    if (rank_of_world() == 1) CHECK(exits.end == sent + L + o);
  };
  check_free(exchange([&] {
    MPI_File_open(MPI_COMM_WORLD, name.c_str(), MPI_MODE_CREATE | MPI_MODE_RDWR | MPI_MODE_DELETE_ON_CLOSE,
                  MPI_INFO_NULL, &file);
  }));
  check_free(exchange([&] { MPI_File_write_at_all(file, place, mine.data(), 1000, MPI_CHAR, MPI_STATUS_IGNORE); }));
  check_free(exchange([&] { MPI_File_read_at_all(file, place, mine.data(), 1000, MPI_CHAR, MPI_STATUS_IGNORE); }));
  check_free(exchange([&] { MPI_File_sync(file); }));
  check_free(exchange([&] { MPI_File_close(&file); }));
}

TEST_CASE("both send first and receive then: the receives are posted, so nobody waits for ever") {
  std::vector<char> out(bytes, 'o'), in(bytes);
  if (rank_of_world() > 1) {
    meet();
    return;
  }
  const int partner = 1 - rank_of_world();
  MPI_Request request = MPI_REQUEST_NULL;
  const Ticks meeting = meet();
  MPI_Irecv(in.data(), bytes, MPI_CHAR, partner, 0, MPI_COMM_WORLD, &request);
  MPI_Send(out.data(), bytes, MPI_CHAR, partner, 0, MPI_COMM_WORLD);
  CHECK(logical_now() - meeting == sent);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  CHECK(logical_now() - meeting == sent + L + o);
  CHECK(in[bytes - 1] == 'o');
}
