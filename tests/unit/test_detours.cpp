// SPDX-License-Identifier: BSD-3-Clause
// Detours stretch computing by their length, leave waiting alone, and follow the seed and the rank only.
#include "haloscope/network/detours.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

namespace {

Quantiles always(double us) { return {.p = {0, 1}, .us = {us, us}, .samples = 1}; }
DetourProfile regular(double every_us, double us) {
  return {.host = "a clock", .duration = always(us), .inter_arrival = always(every_us)};
}
Quantiles spread(double least, double most) { return {.p = {0, 1}, .us = {least, most}, .samples = 1000000}; }

/// The beginnings of all detours in the first @p end, found by computing 1 us at a time.
std::vector<Time> beginnings(Detours detours, Time end) {
  std::vector<Time> found;
  const Time step = from_us(1);
  for (Time now = 0; now < end;) {
    const Time after = detours.after(now, step);
    if (after != now + step) found.push_back(now);
    now = after;
  }
  return found;
}

}  // namespace

TEST_CASE("none: computing takes what it takes") {
  Detours none, empty(DetourProfile{}, 1, 0);
  CHECK(!none.any());
  CHECK(!empty.any());
  CHECK(none.after(5, 100) == 105);
  CHECK(empty.after(5, 100) == 105);
}

TEST_CASE("100 detours of 100 us a second stretch computing by one percent") {
  for (int rank = 0; rank < 5; ++rank) {
    Detours detours(regular(10000, 100), 42, rank);
    const Time work = from_seconds(10);
    const double stretched = to_seconds(detours.after(0, work)) / 10;
    CHECK(stretched > 1.009);
    CHECK(stretched < 1.011);
  }
}

TEST_CASE("regular detours come regularly, after a random part of the first interval") {
  const std::vector<Time> first = beginnings(Detours(regular(10000, 100), 1, 0), from_seconds(0.5));
  REQUIRE(first.size() == 50);
  for (std::size_t i = 1; i < first.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(first[i] - first[i - 1] - from_us(10000)) <= from_us(1));  // the resolution of the search
  }
  double sum = 0;
  constexpr int ranks = 2000;
  for (int rank = 0; rank < ranks; ++rank) {
    Detours detours(regular(10000, 100), 1, rank);
    int half = 0;  // in which half of the interval the first begins
    if (detours.after(0, from_us(5000)) == from_us(5000)) half = 1;
    sum += half;
  }
  CHECK(std::abs(sum / ranks - 0.5) < 4 * 0.5 / std::sqrt(double{ranks}));
}

TEST_CASE("a detour in waiting has no effect, one in computing adds its whole length") {
  const std::vector<Time> starts = beginnings(Detours(regular(10000, 100), 3, 7), from_seconds(0.1));
  REQUIRE(starts.size() >= 4);
  Detours detours(regular(10000, 100), 3, 7);
  // Waits over the first two, over the beginning of the third, then computes within that one and over the fourth.
  const Time within_third = starts[2] + from_us(50);
  CHECK(detours.after(0, 0) == 0);
  CHECK(detours.after(within_third, from_us(1000)) == within_third + from_us(1000));
  const Time before_fourth = starts[3] - from_us(10);
  CHECK(detours.after(before_fourth, from_us(20)) == before_fourth + from_us(120));
  // Waits over many.
  const Time late = starts[0] + from_seconds(100) - from_us(5);
  CHECK(detours.after(late, from_us(10)) == late + from_us(110));
}

TEST_CASE("a detour that begins during another waits for it") {
  // Every 100 us one of 60 us: each 40 us of work come with 60 us of detours; the second begins when the first is over.
  Detours often(regular(100, 60), 1, 0);
  const double slowed = to_seconds(often.after(0, from_seconds(0.4)));
  CHECK(slowed == Approx(1).epsilon(0.001));
  // Half of the time on average, often several on end.
  const DetourProfile bursts{.host = "bursts", .duration = spread(5, 55), .inter_arrival = spread(1, 119)};
  Detours detours(bursts, 9, 2);
  Time work = 0, now = 0;
  int backwards = 0;
  for (int i = 0; i < 20000; ++i) {
    const Time piece = from_us(1 + i % 7);
    const Time after = detours.after(now, piece);
    if (after < now + piece) ++backwards;
    now = after;
    work += piece;
  }
  CHECK(backwards == 0);
  CHECK(to_seconds(now) / to_seconds(work) == Approx(2).epsilon(0.05));  // 30 of every 60 us
}

TEST_CASE("the same work takes the same time in one piece and in many") {
  const DetourProfile profile{.host = "any", .duration = spread(1, 50), .inter_arrival = spread(10, 500)};
  Detours whole(profile, 5, 1), pieces(profile, 5, 1);
  const Time work = from_us(100000);
  Time now = 0;
  for (int i = 0; i < 1000; ++i) now = pieces.after(now, work / 1000);
  CHECK(now == whole.after(0, work));
}

TEST_CASE("the same seed and rank have the same detours, others have others") {
  const DetourProfile profile{.host = "any", .duration = spread(1, 50), .inter_arrival = spread(10, 500)};
  const auto after = [&](std::uint64_t seed, int rank) {
    return Detours(profile, seed, rank).after(0, from_us(10000));
  };
  CHECK(after(1, 0) == after(1, 0));
  CHECK(after(1, 0) != after(2, 0));
  CHECK(after(1, 0) != after(1, 1));
}
