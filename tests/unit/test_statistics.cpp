// SPDX-License-Identifier: BSD-3-Clause
// The conventions of medians and quantiles. Percentiles and intervals are held by test_summary, quantiles by
// test_distribution, beside what they serve.
#include <array>

#include "catch.hpp"
#include "haloscope/base/statistics.hpp"

using namespace haloscope;

TEST_CASE("the upper median of an even count is the upper of the two in the middle") {
  std::array odd{3.0, 1.0, 2.0};
  std::array even{4.0, 1.0, 3.0, 2.0};
  CHECK(upper_median(std::span<double>(odd)) == 2);
  CHECK(upper_median(std::span<double>(even)) == 3);
  CHECK(upper_median(std::span<double>(even).first(1)) == even[0]);
}
