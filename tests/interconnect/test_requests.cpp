// SPDX-License-Identifier: BSD-3-Clause
// Requests that are taken back, freed while under way, or buffered: none of it may hang, nor shift the messages that
// come after it. The network is lab.toml.
#include <mpi.h>

#include <algorithm>
#include <vector>

#include "catch.hpp"
#include "interconnect/logical_clock.hpp"
#include "world.hpp"

namespace {

// Of lab.toml. [ps], G a byte
constexpr Ticks us = 1'000'000, L = 8 * us, o = us, G = 100;
constexpr int beyond_eager = 100000;

void send(const std::vector<char>& data, int to, int tag) {
  MPI_Send(data.data(), static_cast<int>(data.size()), MPI_CHAR, to, tag, MPI_COMM_WORLD);
}
MPI_Request begin_receive(std::vector<char>& data, int from, int tag) {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Irecv(data.data(), static_cast<int>(data.size()), MPI_CHAR, from, tag, MPI_COMM_WORLD, &request);
  return request;
}
bool was_cancelled(MPI_Request& request) {
  MPI_Status status;
  int cancelled = 0;
  MPI_Cancel(&request);
  MPI_Wait(&request, &status);
  MPI_Test_cancelled(&status, &cancelled);
  return cancelled != 0;
}

int class_of(int code) {
  int error = MPI_SUCCESS;
  MPI_Error_class(code, &error);
  return error;
}

/// One short message from rank 0 to rank 1 takes what it always takes, and is itself.
void check_message(int tag, char value) {
  const Ticks meeting = meet();
  if (rank_of_world() == 0) send({value}, 1, tag);
  if (rank_of_world() != 1) return;
  char got = 0;
  MPI_Recv(&got, 1, MPI_CHAR, 0, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  CHECK(got == value);
  CHECK(logical_now() - meeting == o + L + G + o);
}

}  // namespace

TEST_CASE("a receive that nobody serves can be taken back, and takes no time") {
  std::vector<char> data(8);
  meet();
  if (rank_of_world() == 1) {
    const Ticks begin = logical_now();
    for (const int from : {0, MPI_ANY_SOURCE})
      for (const int tag : {5, MPI_ANY_TAG}) {
        MPI_Request request = begin_receive(data, from, tag);
        CHECK(was_cancelled(request));
        CHECK(request == MPI_REQUEST_NULL);
      }
    MPI_Request persistent = MPI_REQUEST_NULL;
    MPI_Recv_init(data.data(), 8, MPI_CHAR, 0, 5, MPI_COMM_WORLD, &persistent);
    for (int start = 0; start < 2; ++start) {
      MPI_Start(&persistent);
      CHECK(was_cancelled(persistent));
    }
    MPI_Request_free(&persistent);
    CHECK(logical_now() == begin);
  }
  check_message(5, 'a');
}

TEST_CASE("of several receives the one in the middle is taken back, the others get their messages") {
  std::vector<char> first(1), middle(1), last(1);
  meet();
  if (rank_of_world() == 1) {
    MPI_Request requests[] = {begin_receive(first, 0, 5), begin_receive(middle, 0, 5), begin_receive(last, 0, 5)};
    CHECK(was_cancelled(requests[1]));
    MPI_Send(first.data(), 1, MPI_CHAR, 0, 6, MPI_COMM_WORLD);
    MPI_Waitall(3, requests, MPI_STATUSES_IGNORE);
    CHECK((first[0] == 'a' && last[0] == 'b'));
  } else if (rank_of_world() == 0) {
    MPI_Recv(first.data(), 1, MPI_CHAR, 1, 6, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    send({'a'}, 1, 5);
    send({'b'}, 1, 5);
  }
  check_message(5, 'c');
}

TEST_CASE("a receive whose message may be there already is either taken back or has it") {
  std::vector<char> data(1);
  for (int i = 0; i < 200; ++i) {
    meet();
    const char value = static_cast<char>('a' + i % 26);
    if (rank_of_world() == 0) send({value}, 1, 5);
    if (rank_of_world() != 1) continue;
    data[0] = 0;
    MPI_Request request = begin_receive(data, 0, 5);
    if (was_cancelled(request)) {
      CHECK(data[0] == 0);
      MPI_Recv(data.data(), 1, MPI_CHAR, 0, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    if (data[0] != value) FAIL("message " << i << " is not its own");
  }
  check_message(5, 'd');
}

TEST_CASE("a send that has left is complete, whether somebody wants it back or not") {
  meet();
  if (rank_of_world() == 0) {
    const char value = 'e';
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(&value, 1, MPI_CHAR, 1, 5, MPI_COMM_WORLD, &request);
    CHECK_FALSE(was_cancelled(request));
  } else if (rank_of_world() == 1) {
    char got = 0;
    MPI_Recv(&got, 1, MPI_CHAR, 0, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    CHECK(got == 'e');
  }
  check_message(5, 'f');
}

TEST_CASE("who waits for its buffer to empty answers others meanwhile, and goes on when the messages have left") {
  constexpr int n = 3, size = 1 << 20;
  std::vector<char> buffer(n * (size + MPI_BSEND_OVERHEAD)), other(beyond_eager);
  const Ticks meeting = meet();
  if (rank_of_world() == 0) {
    MPI_Buffer_attach(buffer.data(), static_cast<int>(buffer.size()));
    MPI_Request receive = begin_receive(other, 1, 6);
    for (int k = 0; k < n; ++k) {
      std::vector<char> message(size, static_cast<char>('a' + k));
      if (k == 1) {
        MPI_Request request = MPI_REQUEST_NULL;
        MPI_Ibsend(message.data(), size, MPI_CHAR, 1, 5, MPI_COMM_WORLD, &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
      } else {
        MPI_Bsend(message.data(), size, MPI_CHAR, 1, 5, MPI_COMM_WORLD);
      }
    }
    CHECK(logical_now() - meeting == n * o);
    void* address = nullptr;
    int length = 0;
    MPI_Buffer_detach(&address, &length);
    CHECK(address == buffer.data());
    CHECK(length == static_cast<int>(buffer.size()));
    CHECK(logical_now() - meeting == o + n * size * G);  // one after the other through the interface
    MPI_Wait(&receive, MPI_STATUS_IGNORE);
    CHECK(other[beyond_eager - 1] == 'x');
  } else if (rank_of_world() == 1) {
    std::fill(other.begin(), other.end(), 'x');
    send(other, 0, 6);  // ends only when rank 0 has answered, which waits for its buffer
    std::vector<char> message(size);
    for (int k = 0; k < n; ++k) {
      MPI_Status status;
      int count = 0;
      MPI_Recv(message.data(), size, MPI_CHAR, 0, 5, MPI_COMM_WORLD, &status);
      MPI_Get_count(&status, MPI_CHAR, &count);
      CHECK(count == size);
      CHECK((message[0] == 'a' + k && message[size - 1] == 'a' + k));
      CHECK(logical_now() - meeting == o + (k + 1) * (size * G) + L + o);
    }
  }
  check_message(5, 'g');
}

TEST_CASE("buffered messages that nobody waits for are there at the end") {
  if (rank_of_world() == 0) {
    static std::vector<char> buffer(100000);
    const double value = 7;
    MPI_Buffer_attach(buffer.data(), static_cast<int>(buffer.size()));
    MPI_Bsend(&value, 1, MPI_DOUBLE, 1, 5, MPI_COMM_WORLD);
  } else if (rank_of_world() == 1) {
    double value = 0;
    MPI_Recv(&value, 1, MPI_DOUBLE, 0, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    CHECK(value == 7);
  }
  check_message(5, 'h');
}

TEST_CASE("requests freed while under way come to their end") {
  std::vector<char> data(beyond_eager, 0), exact(1, 0), any(1, 0), by_start(1, 0);
  meet();
  if (rank_of_world() == 0) {
    std::fill(data.begin(), data.end(), 'y');
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(data.data(), beyond_eager, MPI_CHAR, 1, 7, MPI_COMM_WORLD, &request);
    MPI_Request_free(&request);
    CHECK(request == MPI_REQUEST_NULL);
    char ready = 0;
    MPI_Recv(&ready, 1, MPI_CHAR, 1, 6, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (const int tag : {1, 2, 3}) send({static_cast<char>('a' + tag)}, 1, tag);
    send({'z'}, 1, 8);
  } else if (rank_of_world() == 1) {
    MPI_Request requests[] = {begin_receive(exact, 0, 1), begin_receive(any, MPI_ANY_SOURCE, 2), MPI_REQUEST_NULL};
    MPI_Recv_init(by_start.data(), 1, MPI_CHAR, 0, 3, MPI_COMM_WORLD, &requests[2]);
    MPI_Start(&requests[2]);
    for (MPI_Request& request : requests) {
      MPI_Request_free(&request);
      CHECK(request == MPI_REQUEST_NULL);
    }
    MPI_Recv(data.data(), beyond_eager, MPI_CHAR, 0, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    CHECK(data[beyond_eager - 1] == 'y');
    send({1}, 0, 6);
    char last = 0;  // sent after all the others
    MPI_Recv(&last, 1, MPI_CHAR, 0, 8, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    CHECK((exact[0] == 'b' && any[0] == 'c' && by_start[0] == 'd'));
  }
  for (const int tag : {1, 2, 3, 7}) check_message(tag, 'i');
}

TEST_CASE("a message that is too long for its receive fails by its own name, and by its status where there are more") {
  const std::vector<char> four(4, 'k');
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  for (const bool one : {true, false})
    for (const bool test : {true, false}) {
      meet();
      if (rank_of_world() == 0) send(four, 1, 5);
      if (rank_of_world() != 1) continue;
      std::vector<char> too_short(1);
      MPI_Request request = begin_receive(too_short, 0, 5);
      MPI_Status status;
      status.MPI_ERROR = MPI_SUCCESS;
      int code = MPI_SUCCESS, done = test ? 0 : 1;
      if (one && !test) code = MPI_Wait(&request, &status);
      if (!one && !test) code = MPI_Waitall(1, &request, &status);
      while (done == 0) code = one ? MPI_Test(&request, &done, &status) : MPI_Testall(1, &request, &done, &status);
      CAPTURE(one, test);
      CHECK(class_of(code) == (one ? MPI_ERR_TRUNCATE : MPI_ERR_IN_STATUS));
      if (!one) CHECK(class_of(status.MPI_ERROR) == MPI_ERR_TRUNCATE);
      CHECK(request == MPI_REQUEST_NULL);
    }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
  check_message(5, 'k');
}

TEST_CASE("a receive that is taken back and freed at once gets no message") {
  std::vector<char> data(1, 0);
  meet();
  if (rank_of_world() == 1)
    for (const int from : {0, MPI_ANY_SOURCE}) {
      MPI_Request request = begin_receive(data, from, 5);
      MPI_Cancel(&request);
      MPI_Request_free(&request);
    }
  check_message(5, 'l');
  CHECK(data[0] == 0);
}

TEST_CASE("a wildcard receive outlives its communicator, and may come to its end while the model pauses") {
  MPI_Comm copy = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &copy);
  std::vector<char> data(2, 0);
  MPI_Request requests[] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  if (rank_of_world() == 1) {
    MPI_Irecv(&data[0], 1, MPI_CHAR, MPI_ANY_SOURCE, 6, copy, &requests[0]);
    MPI_Irecv(&data[1], 1, MPI_CHAR, MPI_ANY_SOURCE, 7, copy, &requests[1]);
  }
  meet();
  const char value = 'm';
  MPI_Request sent = MPI_REQUEST_NULL;
  if (rank_of_world() == 0) {
    MPI_Isend(&value, 1, MPI_CHAR, 1, 6, copy, &sent);
    unmodelled([&] { MPI_Send(&value, 1, MPI_CHAR, 1, 7, copy); });
  }
  MPI_Comm_free(&copy);
  if (rank_of_world() == 1) {
    unmodelled([&] { MPI_Wait(&requests[1], MPI_STATUS_IGNORE); });
    MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    CHECK((data[0] == 'm' && data[1] == 'm'));
  }
  MPI_Wait(&sent, MPI_STATUS_IGNORE);
  check_message(5, 'n');
}
