// SPDX-License-Identifier: BSD-3-Clause
// The proxy of data-parallel training: every sum of gradients is exact, and one that is not is counted. The calls are
// redefined here to be watched, and to go wrong on demand.
#include <mpi.h>

#include <cmath>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/problems/workload.hpp"
#include "problems/allreduce.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

enum class Fault { none, skipped, one_value };

struct Watched {
  Fault fault = Fault::none;
  int blocking = 0, begun = 0;  ///< sums of floats
  int in_flight = 0, most_in_flight = 0;
  const void* last = nullptr;
  bool from_the_end = true;  ///< each bucket lies before the one that was summed before it
} watched;

/// Whether the call is to be made.
bool watch(void* data, MPI_Datatype type, int& count) {
  if (type != MPI_FLOAT) return true;
  ++count;
  watched.from_the_end = watched.from_the_end && (watched.last == nullptr || data < watched.last);
  watched.last = data;
  if (watched.fault == Fault::one_value && rank_of_world() == ranks_of_world() - 1) *static_cast<float*>(data) += 1;
  return watched.fault != Fault::skipped;
}

/// Wrong sums after @p steps steps, on all ranks.
double sum_errors(const AllreduceCase& allreduce, int steps, Fault fault = Fault::none) {
  Case settings;
  settings.problem = find_problem("allreduce");
  settings.own.of<AllreduceCase>() = allreduce;
  PhaseClock clock;
  const auto workload = make_workload(MPI_COMM_WORLD, settings, clock);
  REQUIRE(workload->quantities() == std::vector<std::string>{"sum_errors"});
  double sum = 0;
  for (int step = 0; step < steps; ++step) {
    watched = {.fault = fault};
    workload->prepare();
    clock.begin_step();
    workload->step();
    const StepTimes times = clock.end_step();
    CHECK(times.phase_seconds[static_cast<std::size_t>(Phase::burst)] > 0);
    CHECK(times.phase_seconds[static_cast<std::size_t>(Phase::reduce)] > 0);
    CHECK((times.phase_seconds[static_cast<std::size_t>(Phase::wait)] > 0) == allreduce.overlap);
    sum += workload->outcome().at(0);
  }
  CHECK(std::isnan(workload->quantity("kinetic_energy")));
  CHECK(workload->quantity("sum_errors") == sum);
  return sum;
}

}  // namespace

extern "C" {
int MPI_Allreduce(const void* sent, void* received, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  if (!watch(received, type, watched.blocking)) return MPI_SUCCESS;
  return PMPI_Allreduce(sent, received, count, type, op, comm);
}
int MPI_Iallreduce(const void* sent, void* received, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request* request) {
  watched.most_in_flight = std::max(watched.most_in_flight, ++watched.in_flight);
  if (!watch(received, type, watched.begun)) return PMPI_Ibarrier(comm, request);
  return PMPI_Iallreduce(sent, received, count, type, op, comm, request);
}
int MPI_Wait(MPI_Request* request, MPI_Status* status) {
  --watched.in_flight;
  return PMPI_Wait(request, status);
}
}

TEST_CASE("every sum of gradients is exact, however many, in whatever buckets") {
  for (const bool overlap : {false, true})
    for (const int operations : {0, 1, 2, 41})
      for (const std::int64_t parameters : {1, 7, 1000})
        for (const int buckets : {1, 3, 7}) {
          CAPTURE(overlap, operations, parameters, buckets);
          CHECK(sum_errors({parameters, buckets, overlap, operations}, 3) == 0);
        }
}

TEST_CASE("buckets are summed from the last to the first, with overlap one at a time while the next is computed") {
  CHECK(sum_errors({1000, 9, false, 2}, 1) == 0);
  CHECK((watched.blocking == 9 && watched.begun == 0 && watched.from_the_end));
  CHECK(sum_errors({1000, 9, true, 2}, 1) == 0);
  CHECK((watched.blocking == 0 && watched.begun == 9 && watched.from_the_end));
  CHECK((watched.most_in_flight == 1 && watched.in_flight == 0));
}

TEST_CASE("sums that went wrong are counted, each on each rank") {
  for (const bool overlap : {false, true}) {
    CAPTURE(overlap);
    CHECK(sum_errors({1000, 9, overlap, 2}, 3, Fault::one_value) == 3 * 9 * ranks_of_world());
    CHECK(sum_errors({1000, 9, overlap, 2}, 2, Fault::skipped) ==
          (ranks_of_world() > 1 ? 2 * 1000 * ranks_of_world() : 0));
  }
}

TEST_CASE("a bucket that MPI could not count is refused") {
  Case settings;
  settings.problem = find_problem("allreduce");
  settings.own.of<AllreduceCase>() = {std::int64_t{1} << 32, 2, true, 40};
  PhaseClock clock;
  CHECK_THROWS_AS(make_workload(MPI_COMM_WORLD, settings, clock), LibraryError);
}
