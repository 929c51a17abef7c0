// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "catch.hpp"
#include "haloscope/timing/efficiency.hpp"

using namespace haloscope;

TEST_CASE("the three losses are what the POP model calls them") {
  const std::vector<double> compute{4, 8, 6, 6}, ideal{10, 10, 9, 8}, elapsed{12, 20, 16, 16};
  const Efficiency e = efficiency_of(compute, ideal, elapsed);
  CHECK(e.load_balance == 6.0 / 8);
  CHECK(e.serialization == 8.0 / 10);
  CHECK(e.transfer == 10.0 / 20);
  CHECK(e.parallel() == Approx(6.0 / 20).epsilon(1e-15));
}

TEST_CASE("ranks that compute alike and never wait lose nothing") {
  const std::vector<double> time{3, 3};
  const Efficiency e = efficiency_of(time, time, time);
  CHECK(e.load_balance == 1);
  CHECK(e.serialization == 1);
  CHECK(e.transfer == 1);
  CHECK(e.parallel() == 1);
}
