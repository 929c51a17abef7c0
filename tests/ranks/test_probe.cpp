// SPDX-License-Identifier: BSD-3-Clause
// A short probe of whatever runs the test: what its report holds is there, in order, and adds up. Whether its numbers
// are right, tests/system/test_probe_command.py says, on networks that are known.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "catch.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/base/statistics.hpp"
#include "probe/distribution.hpp"
#include "probe/report.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

/// Once for all tests: it takes some seconds.
const ProbeReport& report() {
  static const ProbeReport once = [] {
    const Communicator world = make_communicator(MPI_COMM_WORLD);
    return measure(world.get(),
                   {.output = "", .profile = "", .seconds = 0.5, .command_line = "a test", .triad_mebibytes = 2});
  }();
  return once;
}

void check_path(const PathReport& path) {
  if (path.pairs == 0) return;
  CHECK(path.measured());
  CHECK(path.survey.size() >= 1);
  CHECK(static_cast<std::int64_t>(path.survey.size()) <= path.pairs);
  CHECK(path.latency.size() <= path.survey.size());
  CHECK(path.latency.front().ranks == path.survey.at(path.typical).ranks);
  for (const SurveyedPair& pair : path.survey) {
    CHECK(pair.p50 > 0);
    CHECK(pair.p50 <= pair.p99);
    CHECK(pair.p50 <= path.survey.at(path.slowest).p50);
  }
  for (const PairLatency& pair : path.latency) {
    CHECK(pair.half_round_trips.size() >= 1);
    CHECK(pair.half_round_trips.size() <= 101'000);
    CHECK(pair.warmup <= static_cast<std::int64_t>(pair.half_round_trips.size() / 10));
    CHECK(pair.warm().size() + static_cast<std::size_t>(pair.warmup) == pair.half_round_trips.size());
    CHECK(std::ranges::all_of(pair.half_round_trips, [](double time) { return time >= 0 && time < 60; }));
  }
  const PathCosts& costs = path.costs;
  CHECK(costs.ranks == path.survey.at(path.typical).ranks);
  CHECK(costs.bytes.size() == 23);
  CHECK(costs.half_round_trips.size() == 23);
  CHECK(std::ranges::all_of(costs.half_round_trips, [](double time) { return time > 0; }));
  CHECK(costs.half_round_trips.back() > costs.half_round_trips.front());
  CHECK(costs.send_seconds >= 0);
  CHECK(costs.receive_seconds >= 0);
  CHECK(costs.gap_seconds >= 0);
  CHECK(costs.eager_limit_bytes >= 0);
}

}  // namespace

TEST_CASE("paths: as many pairs as there are, ordered quantiles, costs for every size") {
  if (report().seconds_asked == 0) FAIL("no report");
  if (rank_of_world() != 0) return;
  const int ranks = ranks_of_world();
  CHECK(report().within_node.pairs + report().between_nodes.pairs > 0);
  if (report().between_nodes.pairs == 0) CHECK(report().within_node.pairs == std::min(ranks * (ranks - 1) / 2, 6));
  check_path(report().within_node);
  check_path(report().between_nodes);
}

TEST_CASE("collectives take time, and as many repetitions are kept as were made") {
  if (rank_of_world() != 0) return;
  CHECK(report().collectives.size() == 5);
  for (const CollectiveReport& one : report().collectives) {
    CAPTURE(one.name);
    CHECK(one.seconds.size() % 100 == 0);
    CHECK(one.seconds.size() >= 100);
    CHECK(one.warmup < static_cast<std::int64_t>(one.seconds.size()));
    CHECK(std::ranges::all_of(one.seconds, [](double time) { return time > 0 && time < 60; }));
    CHECK(one.skew >= 0);
  }
}

TEST_CASE("every rank tells of its host, its detours and its memory") {
  if (rank_of_world() != 0) return;
  CHECK(report().ranks.size() == static_cast<std::size_t>(ranks_of_world()));
  double count = 0;
  for (const RankReport& rank : report().ranks) {
    const DetourSummary& detours = rank.detours;
    CHECK_FALSE(rank.host.empty());
    CHECK_FALSE(rank.cores.empty());
    CHECK(detours.observed > 0);
    CHECK(detours.minimum_loop > 0);
    CHECK(detours.threshold >= 9 * detours.minimum_loop * (1 - 1e-12));
    CHECK(detours.cpu_fraction >= 0);
    CHECK(detours.cpu_fraction <= 1);
    CHECK(detours.rate == Approx(detours.count / detours.observed));
    CHECK(std::ranges::is_sorted(detours.rate_longer, std::greater<>()));
    CHECK(detours.median <= detours.p99);
    CHECK(detours.p99 <= detours.longest);
    CHECK(rank.triad_together > 0);
    count += detours.count;
  }
  CHECK(static_cast<double>(report().detour_seconds.size()) <= count);
  CHECK(report().detour_intervals.size() <= report().detour_seconds.size());
  CHECK(report().ranks.front().triad_alone > 0);
}

TEST_CASE("the report makes a profile, a table and a file that gives the table back") {
  if (rank_of_world() != 0) return;
  const std::string text = format_profile(profile_of(report(), "here"));
  const Profile profile = parse_profile(text, "here.toml");
  CHECK(profile.text == text);
  const PairLatency& typical =
      (report().between_nodes.measured() ? report().between_nodes : report().within_node).latency.front();
  std::vector<double> sorted = typical.warm();
  std::ranges::sort(sorted);
  CHECK(profile.between_nodes.half_round_trip_us == Approx(1e6 * quantile(sorted, 0.5)).epsilon(1e-5));

  const std::string table = table_of(report());
  const std::string path =
      (std::filesystem::temp_directory_path() / ("haloscope-test-probe-" + std::to_string(ranks_of_world()) + ".h5"))
          .string();
  write_probe_file(path, report(), table, text);
  CHECK(is_probe_file(path));
  CHECK(read_probe_table(path) == table);
  std::filesystem::remove(path);
}
