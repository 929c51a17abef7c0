// SPDX-License-Identifier: BSD-3-Clause
// Against the numbers that the authors of the hashes give.
#include "catch.hpp"
#include "haloscope/base/hash.hpp"

using namespace haloscope;

TEST_CASE("FNV-1a gives its published values") {
  CHECK(fnv1a("") == 0xcbf29ce484222325);
  CHECK(fnv1a("a") == 0xaf63dc4c8601ec8c);
  CHECK(fnv1a("foobar") == 0x85944171f73967e8);
}

TEST_CASE("SplitMix gives its published sequence for the seed 1234567") {
  CHECK(mix(0) == 0);
  CHECK(splitmix(1234567) == 6457827717110365317U);
  CHECK(splitmix(1234567 + golden) == 3203168211198807973U);
}
