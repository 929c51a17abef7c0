// SPDX-License-Identifier: BSD-3-Clause
// The check of modelled times fires where one is violated, with a line that says where, and only there.
#include "interconnect/engine/time_check.hpp"

#include <mpi.h>

#include "catch.hpp"
#include "haloscope/network/path.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

namespace {

struct Aborted {
  int code;
};

int code_of(Time is, Time least) {
  try {
    check_not_before("arrival of a message", is, least);
  } catch (const Aborted& aborted) {
    return aborted.code;
  }
  return 0;
}

}  // namespace

/// In place of MPI's own: the test goes on.
extern "C" int PMPI_Abort(MPI_Comm, int code) { throw Aborted{code}; }

TEST_CASE("one picosecond too early ends the program, in time does not") {
  PathProfile profile;
  profile.half_round_trip_us = 10;
  profile.overhead_us = 1;
  profile.bandwidth_GBps = 1;
  profile.jitter = {.p = {0, 0.5, 1}, .us = {8.5, 10, 30}, .samples = 1000};
  const Time sent = from_us(77), bytes = 1000;
  const Path with(profile, {}, 1), without(profile, {.jitter = true}, 1);
  CHECK(without.least_flight(bytes) == from_us(8 + 1));
  CHECK(with.least_flight(bytes) == from_us(8 + 1 - 2 * 1.5));
  for (const Path& path : {with, without}) {
    const Time least = sent + path.least_flight(bytes);
    CHECK(code_of(least, least) == 0);
    CHECK(code_of(least + 5, least) == 0);
    CHECK(code_of(least - 1, least) == 3);
    CHECK(code_of(sent, least) == 3);
  }
}

TEST_CASE("the line says who, in which call, what, and both times") {
  CHECK(time_fault(3, "MPI_Recv", "arrival of a message", from_us(1.5), from_us(2)) ==
        "rank 3: MPI_Recv: arrival of a message: 1.500000 us, expected at least 2.000000 us");
}

TEST_CASE("a receive that is served after one posted later ends the program") {
  const auto code = [](std::uint64_t is, std::uint64_t last) {
    try {
      check_order("receives of one sender and tag", is, last);
    } catch (const Aborted& aborted) {
      return aborted.code;
    }
    return 0;
  };
  CHECK(code(1, 0) == 0);
  CHECK(code(8, 3) == 0);
  CHECK(code(3, 3) == 3);
  CHECK(code(2, 3) == 3);
}
