// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a made-up report: the profile, and the table.
#include <cmath>
#include <string>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "probe/report.hpp"

using namespace haloscope;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Half round trips of 1, 1.001, … 1.999 µs after a slow warm-up, and costs to match.
PathReport path_between(int client, int server) {
  PathReport path;
  path.pairs = 3;
  path.survey = {{{client, server}, 1.5e-6, 1.99e-6}, {{client, server + 1}, 2.5e-6, 9e-6}};
  path.slowest = 1;
  PairLatency pair{{client, server}, 2, {9e-3, 8e-3}};
  for (int i = 0; i < 1000; ++i) pair.half_round_trips.push_back(1e-6 + 1e-9 * ((i * 7) % 1000));
  path.latency = {pair};
  path.costs = {.ranks = {client, server}, .bytes = {}, .half_round_trips = {}};
  for (std::int64_t bytes = 1; bytes <= (1 << 22); bytes *= 2) {
    path.costs.bytes.push_back(bytes);
    path.costs.half_round_trips.push_back(2e-6 + 1e-10 * static_cast<double>(bytes));  // 10 GB/s
  }
  path.costs.half_round_trips[3] -= 1e-6;  // a slip
  path.costs.send_seconds = 0.2e-6;
  path.costs.receive_seconds = 0.4e-6;
  path.costs.gap_seconds = 0.25e-6;
  path.costs.eager_limit_bytes = 4096;
  return path;
}

ProbeReport made_up(int nodes) {
  ProbeReport report;
  report.text = {{"created_utc", "2026-11-24T00:00:00Z"},
                 {"hypervisor", "KVM"},
                 {"network", "native"},
                 {"clock", "native"},
                 {"mpi_library", "Open MPI v4, package"}};
  report.within_node = path_between(0, 1);
  if (nodes > 1) report.between_nodes = path_between(0, 2);
  for (int rank = 0; rank < 4; ++rank) {
    RankReport one;
    one.node = rank * nodes / 4;
    one.host = "node" + std::to_string(one.node);
    one.cores = std::to_string(rank);
    one.bound = true;
    one.detours.observed = 1;
    one.detours.cpu_fraction = rank == 2 ? 0.03 : 0.01;
    one.triad_together = 5e9;
    if (rank % (4 / nodes) == 0) one.triad_alone = 8e9;
    report.ranks.push_back(one);
  }
  for (int i = 0; i < 100; ++i) {
    report.detour_seconds.push_back(5e-6 + 1e-8 * i);
    report.detour_intervals.push_back(1e-3);
  }
  return report;
}

}  // namespace

TEST_CASE("the overhead is the mean of both sides, and leaves room for latency in the shortest messages") {
  const PathCosts costs{
      .ranks = {}, .bytes = {}, .half_round_trips = {}, .send_seconds = 2e-7, .receive_seconds = 4e-7};
  CHECK(overhead_us(costs, {{0, 0.5, 1}, {0.9, 1, 2}, 10}) == Approx(0.3));
  CHECK(overhead_us(costs, {{0, 0.1, 1}, {0, 0.5, 2}, 10}) == Approx(0.25));  // half of the least but one
  CHECK(overhead_us(costs, {{0, 1}, {0.4, 0.4}, 1}) == Approx(0.2));
}

TEST_CASE("the gap is what was measured, and no longer than the shortest round trips") {
  const PathCosts costs{.ranks = {}, .bytes = {}, .half_round_trips = {}, .gap_seconds = 3e-7};
  CHECK(gap_us(costs, {{0, 0.5, 1}, {0.1, 0.2, 2}, 10}) == Approx(0.3));
  CHECK(gap_us(costs, {{0, 0.1, 1}, {0, 0.1, 2}, 10}) == Approx(0.2));  // twice the least but one
}

TEST_CASE("a report becomes a profile that reads back to the same text") {
  const Profile profile = profile_of(made_up(2), "mine");
  const std::string text = format_profile(profile);
  const Profile back = parse_profile(text, "mine.toml");
  CHECK(back.text == text);
  CHECK(back.name == "mine");
  CHECK(back.evidence == "probed");
  CHECK(back.year == 2026);
  CHECK(back.virtualized);
  CHECK(has(back.source, "node0, node1"));
  CHECK(has(back.source, "Open MPI v4"));
  CHECK_FALSE(has(back.source, "package"));

  const PathProfile& path = back.between_nodes;
  CHECK(path.jitter.samples == 1000);  // without the warm-up
  CHECK(path.jitter.us.front() == Approx(1));
  CHECK(path.jitter.us.back() == Approx(1.999));
  CHECK(path.half_round_trip_us == Approx(1.4995));
  CHECK(path.overhead_us == Approx(0.3));
  CHECK(path.gap_us == Approx(0.25));
  CHECK(path.eager_limit_bytes == 4096);
  CHECK(path.bandwidth_GBps == Approx(10));
  CHECK(path.curve_us.front() == path.half_round_trip_us);
  // The slip at 8 B pulls its neighbours down with it; 4 MiB costs what it cost above one byte.
  CHECK(path.curve_us.back() - path.curve_us[10] == Approx(1e-4 * ((1 << 22) - 1024)).epsilon(1e-3));

  CHECK(back.detours.duration.samples == 100);
  CHECK(value_at(back.detours.duration, 0.5) == Approx(5.495));
  CHECK(value_at(back.detours.inter_arrival, 0.5) == Approx(1000));
  CHECK(back.caveat == "Two states were not looked for: neighbouring messages are alike by lag 1 alone.");
}

TEST_CASE("one node: the path between nodes is the one within, and the profile says so") {
  const Profile profile = profile_of(made_up(1), "mine");
  CHECK(profile.between_nodes.curve_us == profile.within_node.curve_us);
  CHECK(has(profile.caveat, "on one node"));
  ProbeReport across = made_up(2);
  across.within_node = {};
  CHECK(has(profile_of(across, "mine").caveat, "No node had two ranks"));
}

TEST_CASE("what was cut, warned of, or modelled is in the caveat") {
  ProbeReport report = made_up(2);
  report.text["clock"] = "virtual";
  report.text["network"] = "ideal";
  report.cut = {"between nodes: 2 of 3 pairs"};
  report.warnings = {"ranks are not bound"};
  report.detour_seconds.resize(3);
  const std::string caveat = profile_of(report, "mine").caveat;
  CHECK(has(caveat, "2 of 3 pairs"));
  CHECK(has(caveat, "not bound"));
  CHECK(has(caveat, "modelled network ideal"));
  CHECK(has(caveat, "No detours"));
  CHECK(has(caveat, "Two states were not looked for"));
}

TEST_CASE("a network that takes no time has a profile") {
  ProbeReport report = made_up(2);
  for (PathReport* const path : {&report.within_node, &report.between_nodes}) {
    for (double& time : path->latency[0].half_round_trips) time = 0;
    for (double& time : path->costs.half_round_trips) time = 0;
  }
  const Profile back = parse_profile(format_profile(profile_of(report, "nothing")), "nothing.toml");
  CHECK(std::isinf(back.between_nodes.bandwidth_GBps));
  CHECK(back.between_nodes.overhead_us == 0);
}

TEST_CASE("the table names the slowest pair and the noisiest core") {
  ProbeReport report = made_up(2);
  report.collectives = {{.name = "barrier", .warmup = 1, .seconds = {9, 1e-6, 3e-6}, .skew = 1e-7}};
  report.triad_mebibytes = 64;
  report.cut = {"something"};
  report.warnings = {"more"};
  const std::string table = table_of(report);
  CHECK(has(table, "probe: 4 ranks on 2 nodes, network native, clock native"));
  CHECK(has(table, "slowest pair between nodes: ranks 0 (node0) and 3 (node1), p50 2.5 µs, p99 9 µs; typical 1.5 µs"));
  CHECK(has(table, "looked at 2 of 3 chosen pairs"));
  CHECK(has(table, "noisiest core: core 2 of node1 (rank 2), 3.000 % of its time"));
  CHECK(
      has(table, "STREAM triad 8.0 GB/s on one rank, 10.0 on all 2 of a node (slowest node); three arrays of 64 MiB"));
  CHECK(has(table, "4096 B"));
  CHECK(has(table, "2 µs"));  // the median of the barrier: its warm-up of 9 s is left out
  CHECK_FALSE(has(table, "9 s"));
  CHECK_FALSE(has(table, "9 ms"));  // nor that of the pairs
  CHECK(has(table, "cut short: something"));
  CHECK(has(table, "warning: more"));
}
