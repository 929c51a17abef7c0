// SPDX-License-Identifier: BSD-3-Clause
// Single messages without their jitter: the closed forms of LogGP, with and without a measured curve.
#include "haloscope/network/path.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "catch.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

namespace {

/// One value in ten is late, one in ten early.
PathProfile uneven() {
  PathProfile profile;
  profile.half_round_trip_us = 2;
  profile.overhead_us = 0.35;
  profile.bandwidth_GBps = 10;
  profile.eager_limit_bytes = 8192;
  profile.jitter = {.p = {0, 0.1, 0.1, 0.9, 0.9, 1}, .us = {1.5, 1.5, 2, 2, 10, 20}, .samples = 1000};
  profile.lag1 = 0.2;
  return profile;
}

}  // namespace

TEST_CASE("no message arrives before it was sent") {
  PathProfile profile = uneven();  // the early ones lie farther below the median than L
  profile.overhead_us = 0.95;
  const Path path(profile, {}, 1);
  PairStream stream;
  Time least = 0;
  for (int i = 0; i < 10000; ++i) least = std::min(least, path.draw(stream, 0, 1));
  CHECK(least == -path.latency());
  CHECK(path.flight(0) + least == 0);
}

TEST_CASE("without a curve: L + b G, the interface for max(g, b G), and a hand-shake of 2 L beyond the eager limit") {
  PathProfile profile;
  profile.half_round_trip_us = 5;
  profile.overhead_us = 0.5;
  profile.gap_us = 0.25;
  profile.bandwidth_GBps = 12.5;  // 80 ps a byte
  profile.eager_limit_bytes = 8192;
  const Path path(profile, {}, 1);
  CHECK(path.overhead() == 500000);
  CHECK(path.latency() == 4000000);
  for (const std::int64_t bytes : {0, 1, 8, 8192, 8193, 1 << 20, 1 << 22}) {
    CAPTURE(bytes);
    CHECK(path.transfer(bytes) == 80 * bytes);
    CHECK(path.flight(bytes) == 4000000 + 80 * bytes);
    CHECK(path.occupancy(bytes) == std::max<Time>(250000, 80 * bytes));
    CHECK(path.is_eager(bytes) == (bytes <= 8192));
    CHECK(path.handshake(bytes) == (bytes <= 8192 ? 0 : 8000000));
  }
  PairStream stream;
  CHECK(path.draw(stream, 0, 1) == 0);
  CHECK(stream.number == 1);
  CHECK(path.excess_us(0.99) == 0);
}

TEST_CASE("with a curve: its own times between and at its sizes, G beyond, and a hand-shake that it holds already") {
  PathProfile profile;
  profile.half_round_trip_us = 2;
  profile.overhead_us = 0.25;
  profile.bandwidth_GBps = 10;  // 100 ps a byte
  profile.eager_limit_bytes = 4096;
  profile.curve_bytes = {1, 1001, 4097, 8193, 100001};
  profile.curve_us = {2.1, 2.6, 2.6, 5.1, 13.1};
  const Path path(profile, {}, 1);
  CHECK(path.latency() == 1500000);
  CHECK(path.transfer(0) == 0);
  CHECK(path.transfer(1) == 0);
  CHECK(path.transfer(501) == 250000);
  CHECK(path.transfer(1001) == 500000);
  CHECK(path.transfer(3000) == 500000);
  CHECK(path.transfer(8193) == 3000000);
  CHECK(path.transfer(100001) == 11000000);
  CHECK(path.transfer(1100001) == 111000000);
  CHECK(path.handshake(4096) == 0);
  CHECK(path.flight(4096) == 2000000);
  CHECK(path.handshake(8193) == 3000000 - 819300);  // less than 2 L: all that exceeds b G
  CHECK(path.handshake(100001) == 11000000 - 10000100);
  CHECK(path.handshake(4097) == 500000 - 409700);
  for (const std::int64_t bytes : {5000, 8193, 50000, 100001, 1 << 22}) {
    CAPTURE(bytes);
    CHECK(path.handshake(bytes) <= 2 * path.latency());
    CHECK(path.handshake(bytes) + path.flight(bytes) == path.latency() + path.transfer(bytes));
  }
  Time last = 0;
  int falls = 0;
  for (std::int64_t bytes = 0; bytes < 120000; ++bytes) {
    falls += path.transfer(bytes) < last;
    last = path.transfer(bytes);
  }
  CHECK(falls == 0);
}

TEST_CASE("nothing that is switched off makes a message longer, on any network that is shipped, at any size") {
  const auto time = [](const Path& path, std::int64_t bytes) {
    return 2 * path.overhead() + path.handshake(bytes) + path.flight(bytes);
  };
  const Without each[] = {{.latency = true}, {.bandwidth = true}, {.jitter = true}, {.noise = true}};
  int longer = 0, held_longer = 0, with_curve = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HALOSCOPE_SOURCE_DIR "/cases/networks")) {
    if (entry.path().extension() != ".toml") continue;
    const Profile profile = read_profile(entry.path());
    for (const PathProfile& one : {profile.between_nodes, profile.within_node}) {
      const Path whole(one, {}, 1);
      with_curve += !one.curve_us.empty();
      for (const Without& off : each) {
        const Path path(one, off, 1);
        for (std::int64_t bytes = 1; bytes <= 1 << 28; bytes += bytes / 4 + 1) {
          longer += time(path, bytes) > time(whole, bytes);
          held_longer += path.occupancy(bytes) > whole.occupancy(bytes);
        }
      }
    }
  }
  CHECK(longer == 0);
  CHECK(held_longer == 0);
  CHECK(with_curve > 0);
}

TEST_CASE("each ingredient goes away alone") {
  PathProfile profile = uneven();
  profile.gap_us = 0.5;
  profile.curve_bytes = {1, 1000};
  profile.curve_us = {2, 5};
  const auto first_late = [](const Path& path) {
    PairStream stream;
    while (path.draw(stream, 0, 1) <= 0) {
    }
    return stream.number;
  };
  const Path all(profile, {}, 1);
  const Path no_latency(profile, {.latency = true}, 1);
  CHECK(no_latency.latency() == 0);
  CHECK(no_latency.overhead() == 0);
  CHECK(no_latency.is_eager(1 << 30));
  CHECK(no_latency.handshake(1 << 30) == 0);
  CHECK(no_latency.transfer(1000) == all.transfer(1000));
  CHECK(no_latency.occupancy(8) == all.occupancy(8));
  CHECK(first_late(no_latency) == first_late(all));

  const Path no_bandwidth(profile, {.bandwidth = true}, 1);
  CHECK(no_bandwidth.latency() == all.latency());
  CHECK(no_bandwidth.transfer(1 << 30) == 0);
  CHECK(no_bandwidth.occupancy(1 << 30) == 0);
  CHECK(no_bandwidth.handshake(1 << 30) == 2 * all.latency());
  CHECK(first_late(no_bandwidth) == first_late(all));

  const Path no_jitter(profile, {.jitter = true}, 1);
  CHECK(no_jitter.flight(1000) == all.flight(1000));
  PairStream stream;
  for (int i = 0; i < 100; ++i) CHECK(no_jitter.draw(stream, 0, 1) == 0);
  CHECK(stream.number == 100);

  const Path ideal;
  PairStream other;
  CHECK(ideal.flight(1 << 30) + ideal.occupancy(1 << 30) + ideal.overhead() + ideal.handshake(1 << 30) == 0);
  CHECK(ideal.draw(other, 0, 1) == 0);

  profile.bandwidth_GBps = std::numeric_limits<double>::infinity();
  profile.curve_bytes.clear();
  profile.curve_us.clear();
  CHECK(Path(profile, {}, 1).flight(1 << 30) == all.latency());
}
