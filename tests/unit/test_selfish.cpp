// SPDX-License-Identifier: BSD-3-Clause
// The selfish loop on clocks whose every reading is known.
#include <cmath>

#include "catch.hpp"
#include "probe/selfish.hpp"

using namespace haloscope;

namespace {

/// Moves on by @p tick a reading; stands still for @p length more whenever it passes a multiple of @p every.
struct InterruptedClock {
  double tick, every, length;  ///< [s]
  double now = 0, next = every;
  double operator()() {
    now += tick;
    if (every > 0 && now >= next) {
      now += length;
      next += every;
    }
    return now;
  }
};

}  // namespace

TEST_CASE("detours of known rate and length are found, without the minimum loop") {
  const DetourSeries series = watch_for_detours(InterruptedClock{50e-9, 10e-3, 100e-6}, 2, 10'000);
  CHECK(series.minimum_loop == Approx(50e-9).epsilon(1e-6));
  CHECK(series.threshold == Approx(450e-9).epsilon(1e-6));
  CHECK(series.observed == Approx(1.8).epsilon(1e-3));  // a tenth went into the minimum loop
  CHECK(series.detours.size() == 180);
  const DetourSummary summary = summarise(series);
  CHECK(summary.count == 180);
  CHECK(summary.rate == Approx(100).epsilon(1e-2));
  CHECK(summary.median == Approx(100e-6).epsilon(1e-3));
  CHECK(summary.longest == Approx(100e-6).epsilon(1e-3));
  CHECK(summary.cpu_fraction == Approx(0.01).epsilon(1e-2));
  CHECK(summary.interval_median == Approx(10e-3).epsilon(1e-3));
  for (const std::size_t below : {0, 1, 2}) CHECK(summary.rate_longer[below] == summary.rate);  // 10, 20, 50 us
  CHECK(summary.rate_longer[4] == 0);                                                           // 200 us
}

TEST_CASE("loops up to nine minimum loops are no detours") {
  CHECK(watch_for_detours(InterruptedClock{50e-9, 1e-3, 390e-9}, 0.5, 10'000).detours.empty());
  CHECK_FALSE(watch_for_detours(InterruptedClock{50e-9, 1e-3, 410e-9}, 0.5, 10'000).detours.empty());
  // Nine times one nanosecond would be below the least threshold.
  CHECK(watch_for_detours(InterruptedClock{1e-9, 1e-4, 190e-9}, 0.01, 10'000).detours.empty());
}

TEST_CASE("the loop ends when it has seen enough, and when the clock stands still") {
  const DetourSeries enough = watch_for_detours(InterruptedClock{50e-9, 1e-5, 5e-6}, 10, 40'000);
  CHECK(enough.detours.size() == 40'000);
  CHECK(enough.observed < 1);
  CHECK(enough.detours.back().start > enough.detours.front().start);

  const DetourSeries still = watch_for_detours([] { return 3.5; }, 1, 100, 1000);
  CHECK(still.detours.empty());
  CHECK(still.observed == 0);
  CHECK(still.minimum_loop == 0);
}

TEST_CASE("the summary of few detours has no numbers that nothing tells") {
  const DetourSummary none = summarise({.minimum_loop = 1e-8, .threshold = 9e-8, .observed = 1, .detours = {}});
  CHECK(none.rate == 0);
  CHECK(none.longest == 0);
  const DetourSummary one = summarise({.minimum_loop = 1e-8, .threshold = 9e-8, .observed = 2, .detours = {{1, 3e-5}}});
  CHECK(one.rate == 0.5);
  CHECK(one.median == 3e-5);
  CHECK(one.interval_median == 0);
  CHECK(one.rate_longer[1] == 0.5);
  CHECK(one.rate_longer[2] == 0);
}
