// SPDX-License-Identifier: BSD-3-Clause
// A modelled wait or test of one request allocates nothing. This binary counts what operator new hands out, the
// library's too.
#include <mpi.h>

#include <cstdlib>
#include <new>
#include <vector>

#include "catch.hpp"
#include "world.hpp"

namespace {

long long allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

constexpr int rounds = 100;

/// What the library keeps has its size after this: more messages are under way than later, and a test comes too early.
void prepare(int n) {
  const int other = 1 - rank_of_world();
  int early = 0, done = 0;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Irecv(&early, 1, MPI_INT, other, 1, MPI_COMM_WORLD, &request);
  MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  REQUIRE(done == 0);
  MPI_Barrier(MPI_COMM_WORLD);
  std::vector<int> many(4 * static_cast<std::size_t>(n));
  MPI_Send(&done, 1, MPI_INT, other, 1, MPI_COMM_WORLD);
  for (const int& one : many) MPI_Send(&one, 1, MPI_INT, other, 0, MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);  // all have come
  std::vector<MPI_Request> requests(many.size());
  for (std::size_t i = 0; i < many.size(); ++i) MPI_Irecv(&many[i], 1, MPI_INT, other, 0, MPI_COMM_WORLD, &requests[i]);
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
}

/// Allocations of @p complete alone, in as many rounds in which each rank sends @p n messages and receives as many.
template <class Complete>
long long allocations_of(int n, Complete complete) {
  const int other = 1 - rank_of_world();
  std::vector<int> sent(static_cast<std::size_t>(n)), received(static_cast<std::size_t>(n));
  std::vector<MPI_Request> requests(2 * static_cast<std::size_t>(n));
  long long count = 0;
  for (int round = 0; round < rounds; ++round) {
    MPI_Request* next = requests.data();
    for (int& one : received) MPI_Irecv(&one, 1, MPI_INT, other, 0, MPI_COMM_WORLD, next++);
    for (const int& one : sent) MPI_Isend(&one, 1, MPI_INT, other, 0, MPI_COMM_WORLD, next++);
    const long long before = allocations;
    complete(requests);
    count += allocations - before;
  }
  return count;
}

void wait_for_each(std::vector<MPI_Request>& requests) {
  for (MPI_Request& request : requests) MPI_Wait(&request, MPI_STATUS_IGNORE);
}

void test_each(std::vector<MPI_Request>& requests) {
  for (MPI_Request& request : requests)
    for (int done = 0; done == 0;) MPI_Test(&request, &done, MPI_STATUS_IGNORE);
}

void wait_for_all(std::vector<MPI_Request>& requests) {
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
}

}  // namespace

TEST_CASE("a modelled wait or test of one request allocates nothing, a wait for several may") {
  for (const int n : {1, 7}) {
    CAPTURE(n);
    prepare(n);
    CHECK(allocations_of(n, wait_for_each) == 0);
    CHECK(allocations_of(n, test_each) == 0);
  }
  const long long together = allocations_of(7, wait_for_all);
  CHECK(together >= rounds);  // it is seen when there are some
}
