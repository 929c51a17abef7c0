// SPDX-License-Identifier: BSD-3-Clause
// Every error text that the profile reader can show a user, the values it reads, what --set moves along, the canonical
// text, and the laws that become tables.
#include "haloscope/network/profile.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <sstream>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/network/path.hpp"
#include "haloscope/network/rounds.hpp"
#include "network/keyed_random.hpp"

using namespace haloscope;

namespace {

const std::string about = "[about]\nname = \"net\"\nevidence = \"measured\"\nsource = \"a paper\"\n";
const std::string unmeasured = "[about]\nname = \"net\"\nevidence = \"reported\"\nsource = \"a paper\"\n";
const std::string between =
    "[between_nodes]\nhalf_round_trip_us = 2.0\noverhead_us = 0.5\ngap_us = 0.1\nbandwidth_GBps = 12.5\n"
    "eager_limit_bytes = 8192\nlag1 = 0.25\n";
const std::string jitter =
    "[between_nodes.jitter]\np = [0, 0.25, 0.5, 0.9, 0.99, 1]\nus = [1.5, 1.75, 2.0, 2.5, 4.0, 16.0]\nsamples = 1000\n";
const std::string curve = "[between_nodes.curve]\nbytes = [1, 1024, 1048576]\nus = [2.0, 2.5, 90.0]\n";
const std::string states =
    "[between_nodes.states]\nfraction_high = 0.25\np_stay_high = 0.7\np_low_to_high = 0.1\nlag1_within = 0.1\n";
const std::string net = about + between + jitter;

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    (void)parse_profile(text, "n.toml", overrides);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}
std::string error_of_set(const std::string& override_text) { return error_of(net + curve, {override_text}); }

// Functions, since each CHECK costs about a second of compiling under the sanitizers.
void expect(const std::string& error, const std::string& whole) { CHECK(error == whole); }
void expect_start(const std::string& error, const std::string& start) {
  CAPTURE(error);
  CHECK(error.starts_with(start));
}

/// The canonical text reads back to itself: the same hash, the same text.
void expect_fixed_point(const Profile& profile) {
  CAPTURE(profile.text);
  const Profile again = parse_profile(profile.text, "again.toml");
  CHECK(again.text == profile.text);
  CHECK(again.hash == profile.hash);
}

/// Pearson's correlation of neighbours after ranks became normal quantiles.
double normal_scores_lag1(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&values](std::size_t i) { return values[i]; });
  std::vector<double> score(values.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double p = (static_cast<double>(rank) + 0.5) / static_cast<double>(order.size());
    score[order[rank]] = interconnect::normal_quantile(p);
  }
  double products = 0, squares = 0;
  for (std::size_t i = 0; i + 1 < score.size(); ++i) {
    products += score[i] * score[i + 1];
    squares += score[i] * score[i];
  }
  return products / squares;
}

const std::filesystem::path networks = std::filesystem::path(HALOSCOPE_SOURCE_DIR) / "cases/networks";

}  // namespace

TEST_CASE("a profile is read with its values, and defaults for what is left out") {
  const Profile profile = parse_profile(net + curve + states, "n.toml");
  CHECK(profile.name == "net");
  CHECK(profile.evidence == "measured");
  CHECK_FALSE(profile.virtualized);
  const PathProfile& path = profile.between_nodes;
  CHECK(path.half_round_trip_us == 2);
  CHECK(path.overhead_us == 0.5);
  CHECK(path.gap_us == 0.1);
  CHECK(path.bandwidth_GBps == 12.5);
  CHECK(path.eager_limit_bytes == 8192);
  CHECK(path.lag1 == 0.25);
  CHECK(path.jitter.us == std::vector<double>{1.5, 1.75, 2, 2.5, 4, 16});
  CHECK(path.jitter.samples == 1000);
  CHECK(path.curve_bytes == std::vector<std::int64_t>{1, 1024, 1048576});
  REQUIRE(path.states.has_value());
  CHECK(path.states->p_stay_high == 0.7);
  CHECK(profile.within_node.half_round_trip_us == 2);  // left out: as between nodes
  CHECK(profile.within_node.jitter.us == path.jitter.us);
  CHECK(profile.detours.duration.empty());
  CHECK_FALSE(profile.offload_us.has_value());
  CHECK(profile.hash.size() == 16);
  expect_fixed_point(profile);
}

TEST_CASE("infinite bandwidth and no limit for eager messages are written inf") {
  const Profile ideal = parse_profile(unmeasured + "[between_nodes]\nhalf_round_trip_us = 0\nbandwidth_GBps = inf\n",
                                      "n.toml", {"about.evidence=synthetic"});
  CHECK(std::isinf(ideal.between_nodes.bandwidth_GBps));
  CHECK(ideal.between_nodes.eager_limit_bytes == INT64_MAX);
  CHECK(ideal.text.find("eager_limit_bytes = inf") != std::string::npos);
  expect_fixed_point(ideal);
}

TEST_CASE("syntax errors, empty files and unknown keys are named") {
  expect_start(error_of(""), "n.toml:about.name: missing: must be a name");
  expect_start(error_of("\n\n# nothing\n"), "n.toml:about.name: missing: ");
  expect_start(error_of("[about]\nname = \n"), "n.toml:2:");
  expect_start(error_of("\x7f"
                        "ELF\x02\x01"),
               "n.toml:1:");
  expect(error_of(about + "[between_nodes]\nhalf_roundtrip_us = 2.0\n"),
         "n.toml:between_nodes.half_roundtrip_us: unknown key; the nearest known key is "
         "between_nodes.half_round_trip_us");
  expect(error_of(net + "sample = 3\n"),
         "n.toml:between_nodes.jitter.sample: unknown key; the nearest known key is between_nodes.jitter.samples");
  expect(error_of(net + "[betwen_nodes]\nlag1 = 0\n"),
         "n.toml:betwen_nodes.lag1: unknown key; the nearest known key is between_nodes.lag1");
  expect(error_of("name = 3\n"), "n.toml:name: unknown key; the nearest known key is about.name");
  expect(error_of("about = 3\n"), "n.toml:about: 3: must be a table, [about]");
  expect(error_of_set("detours.rate=3"),
         "--set:detours.rate: unknown key; the nearest known key is detours.rate_per_s");
  expect(error_of_set("between_nodes=3"), "--set:between_nodes: 3: must be a table, [between_nodes]");
  expect(error_of_set("lag1"), "--set:lag1: must be written table.key=value");
}

TEST_CASE("what is missing is named") {
  expect(error_of("[about]\nname = \"n\"\nsource = \"s\"\n" + between),
         "n.toml:about.evidence: missing: must be \"measured\", \"reported\", \"vendor\", \"synthetic\" or \"probed\"");
  expect(error_of("[about]\nname = \"n\"\nevidence = \"probed\"\n" + between),
         "n.toml:about.source: missing: must be a string that is not blank");
  expect(error_of(about), "n.toml:between_nodes.half_round_trip_us: missing: must be a number from 0 to 1e9");
  expect(error_of(about + "[between_nodes]\nhalf_round_trip_us = 2.0\n"),
         "n.toml:between_nodes.bandwidth_GBps: missing: must be a number of at least 1e-6, or inf");
  expect(error_of(net + "[within_node]\noverhead_us = 0.1\n"),
         "n.toml:within_node.half_round_trip_us: missing: must be a number from 0 to 1e9");
  expect(error_of(about + between + "[between_nodes.jitter]\np = [0, 1]\nus = [1, 2]\n"),
         "n.toml:between_nodes.jitter.samples: missing: all keys of between_nodes.jitter belong together");
  expect(error_of(about + between + "[between_nodes.jitter]\nus = [1, 2]\n"),
         "n.toml:between_nodes.jitter.p: missing: all keys of between_nodes.jitter belong together");
  expect(error_of(about + between + "[between_nodes.curve]\nus = [1, 2]\n"),
         "n.toml:between_nodes.curve.bytes: missing: all keys of between_nodes.curve belong together");
  expect(error_of(net + "[between_nodes.states]\nfraction_high = 0.5\n"),
         "n.toml:between_nodes.states.p_stay_high: missing: all keys of between_nodes.states belong together");
  expect(error_of(net + "[detours.duration]\np = [0, 1]\nus = [1, 2]\nsamples = 10\n"),
         "n.toml:detours.inter_arrival.p: missing: detours need both tables");
}

TEST_CASE("values outside what is allowed are refused, each kind with its text") {
  expect(
      error_of_set("about.evidence=guessed"),
      "--set:about.evidence: 'guessed': must be \"measured\", \"reported\", \"vendor\", \"synthetic\" or \"probed\"");
  expect(error_of_set("about.source=\"\""), "--set:about.source: '': must be a string that is not blank");
  expect(error_of_set("between_nodes.half_round_trip_us=-1"),
         "--set:between_nodes.half_round_trip_us: -1: must be a number from 0 to 1e9");
  expect(error_of_set("between_nodes.half_round_trip_us=nan"),
         "--set:between_nodes.half_round_trip_us: nan: must be a number from 0 to 1e9");
  expect(error_of_set("between_nodes.half_round_trip_us=inf"),
         "--set:between_nodes.half_round_trip_us: inf: must be a number from 0 to 1e9");
  expect(error_of_set("between_nodes.bandwidth_GBps=0"),
         "--set:between_nodes.bandwidth_GBps: 0: must be a number of at least 1e-6, or inf");
  expect(error_of_set("between_nodes.bandwidth_GBps=nan"),
         "--set:between_nodes.bandwidth_GBps: nan: must be a number of at least 1e-6, or inf");
  expect(error_of_set("between_nodes.eager_limit_bytes=-1"),
         "--set:between_nodes.eager_limit_bytes: -1: must be an integer of at least 0, or inf");
  expect(error_of_set("between_nodes.lag1=1"),
         "--set:between_nodes.lag1: 1: must be a number between -1 and 1, both excluded");
  expect(error_of_set("between_nodes.lag1=-1.0"),
         "--set:between_nodes.lag1: -1.0: must be a number between -1 and 1, both excluded");
  expect(error_of_set("between_nodes.spread.kind=normal"),
         "--set:between_nodes.spread.kind: 'normal': must be \"none\", \"lognormal\" or \"pareto\"");
  expect(error_of_set("between_nodes.spread.p99_over_median=0.5"),
         "--set:between_nodes.spread.p99_over_median: 0.5: must be a number from 1 to 1e6");
  expect(error_of_set("between_nodes.spread.minimum_over_median=1"),
         "--set:between_nodes.spread.minimum_over_median: 1: must be a number of at least 0 and below 1");
  expect(error_of_set("between_nodes.overhead_us=1.25"),
         "--set:between_nodes.overhead_us: 1.25: must be at most half of between_nodes.half_round_trip_us, 2");
  expect(error_of_set("between_nodes.curve.bytes=[0, 4, 8]"),
         "--set:between_nodes.curve.bytes: [ 0, 4, 8 ]: must be a list of at least 2 integers, each at least 1");
}

TEST_CASE("no time or bandwidth is so far out that the clocks would overflow") {
  for (const std::string key : {"between_nodes.half_round_trip_us", "between_nodes.overhead_us", "between_nodes.gap_us",
                                "within_node.gap_us", "detours.duration_us", "collectives.offload_us"})
    expect(error_of_set(key + "=1.1e9"), "--set:" + key + ": 1100000000.0: must be a number from 0 to 1e9");
  expect_start(error_of_set("between_nodes.half_round_trip_us=1e300"), "--set:between_nodes.half_round_trip_us: 1");
  for (const std::string key : {"between_nodes.jitter.us", "detours.duration.us", "detours.inter_arrival.us",
                                "between_nodes.curve.us", "within_node.curve.us"})
    expect_start(error_of_set(key + "=[1, 2, 2e9]"), "--set:" + key + ": [ 1, 2, 2000000000.0 ]: must be a list of");
  expect_start(error_of_set("between_nodes.bandwidth_GBps=1e-7"), "--set:between_nodes.bandwidth_GBps: 9.99");
  expect_start(error_of_set("detours.rate_per_s=1e-4"), "--set:detours.rate_per_s: 0.0001: must be 0, or a number");
  expect_start(error_of_set("between_nodes.spread.p99_over_median=1e7"),
               "--set:between_nodes.spread.p99_over_median: 1");
  expect(error_of(about + between, {"about.evidence=synthetic", "between_nodes.spread.kind=pareto",
                                    "between_nodes.spread.p99_over_median=1e6"}),
         "--set:between_nodes.spread.p99_over_median: must leave all times below 1e+09 us");
}

TEST_CASE("a source says something, and what was measured has its table") {
  expect(error_of_set("about.source=\" \""), "--set:about.source: ' ': must be a string that is not blank");
  expect(error_of(about + between),
         "n.toml:about.evidence: \"measured\": needs the table that was measured, between_nodes.jitter");
  expect(error_of(about + between, {"about.evidence=reported"}), "no error");
}

TEST_CASE("a table must be one of quantiles") {
  const std::string name = "--set:between_nodes.jitter.";
  expect(error_of_set("between_nodes.jitter.us=[1.5, 1.75, 2.0, 1.9, 4.0, 16.0]"),
         name + "us: 1.9 after 2: must never fall: they are quantiles");
  expect(error_of_set("between_nodes.jitter.us=[-1.5, 1.75, 2.0, 2.5, 4.0, 16.0]"),
         name + "us: [ -1.5, 1.75, 2.0, 2.5, 4.0, 16.0 ]: must be a list of at least 2 numbers from 0 to 1e9");
  expect(error_of_set("between_nodes.jitter.us=[1.5, 1.75, 2.0, 2.5, 4.0, inf]"),
         name + "us: [ 1.5, 1.75, 2.0, 2.5, 4.0, inf ]: must be a list of at least 2 numbers from 0 to 1e9");
  expect(error_of_set("between_nodes.jitter.us=[1.5, nan, 2.0, 2.5, 4.0, 16.0]"),
         name + "us: [ 1.5, nan, 2.0, 2.5, 4.0, 16.0 ]: must be a list of at least 2 numbers from 0 to 1e9");
  expect(error_of_set("between_nodes.jitter.us=[1.5, 2.0]"),
         name + "us: [1.5,2.0]: must be 6 numbers, as between_nodes.jitter.p has");
  expect(error_of_set("between_nodes.jitter.p=[0.1, 0.25, 0.5, 0.9, 0.99, 1]"),
         name + "p: [0.1,0.25,0.5,0.9,0.99,1.0]: must begin with 0 and end with 1");
  expect(error_of_set("between_nodes.jitter.p=[0, 0.25, 0.5, 0.9, 0.99, 0.999]"),
         name + "p: [0.0,0.25,0.5,0.9,0.99,0.999]: must begin with 0 and end with 1");
  expect(error_of_set("between_nodes.jitter.p=[0, 0.25, 0.5, 0.4, 0.99, 1]"),
         name + "p: 0.4 after 0.5: must never fall");
  expect(error_of_set("between_nodes.jitter.samples=40"),
         name + "samples: 40: must be more than tell a quantile of p = 0.99");
  expect(error_of(net, {"between_nodes.half_round_trip_us=2.2", "about.evidence=measured",
                        "between_nodes.jitter.us=[1, 2, 2, 2, 2, 2]"}),
         "--set:between_nodes.half_round_trip_us: 2.2: must be within 5 % of 2, the median of between_nodes.jitter, "
         "where about.evidence is \"measured\"");
  expect(error_of(net, {"between_nodes.spread.kind=pareto", "between_nodes.jitter.samples=2000"}),
         "--set:between_nodes.spread.kind: \"pareto\": must be left out where between_nodes.jitter is given");
}

TEST_CASE("a curve rises, states lead to their fraction, and detours leave time") {
  expect(error_of_set("between_nodes.curve.us=[2.0, 1.9, 90.0]"),
         "--set:between_nodes.curve.us: 1.9 after 2: must never fall: a longer message takes no less");
  expect(error_of_set("between_nodes.curve.bytes=[1, 1024, 1024]"),
         "--set:between_nodes.curve.bytes: 1024 after 1024: must rise from each to the next");
  expect(error_of_set("between_nodes.curve.us=[2.0, 90.0]"),
         "--set:between_nodes.curve.us: [2.0,90.0]: must be 3 numbers, as between_nodes.curve.bytes has");
  expect(error_of_set("between_nodes.curve.us=[1.9, 2.0, 90.0]"),
         "--set:between_nodes.curve.us: 1.9: must be at least between_nodes.half_round_trip_us, 2");
  expect(error_of(net + states, {"between_nodes.states.fraction_high=0.3"}),
         "--set:between_nodes.states.fraction_high: 0.3: must be within 0.02 of 0.250, to which p_stay_high and "
         "p_low_to_high lead");
  expect(error_of(unmeasured + between + states),
         "n.toml:between_nodes.states.fraction_high: 0.25: has no meaning without a table of jitter");
  expect(error_of(net, {"detours.rate_per_s=100"}), "--set:detours.rate_per_s: 100: needs detours.duration_us above 0");
  expect(error_of(net, {"detours.rate_per_s=100", "detours.duration_us=10000"}),
         "--set:detours.rate_per_s: a detour of 10000 us every 10000 us: must leave time to compute");
}

TEST_CASE("detours can be given by rate and duration") {
  const Profile profile = parse_profile(net, "n.toml", {"detours.rate_per_s=100", "detours.duration_us=50"});
  CHECK(profile.detours.host == "assumed");
  CHECK(value_at(profile.detours.duration, 0.3) == 50);
  CHECK(value_at(profile.detours.inter_arrival, 0.999) == 10000);
  expect_fixed_point(profile);
  CHECK(parse_profile(profile.text, "n.toml", {"detours.rate_per_s=0"}).detours.duration.empty());
  const Profile twice = parse_profile(profile.text, "n.toml", {"detours.rate_per_s=200", "detours.duration_us=50"});
  CHECK(value_at(twice.detours.inter_arrival, 0.5) == 5000);
}

TEST_CASE("collectives name algorithms that there are, by rising size") {
  const std::string own =
      "[collectives]\noffload_us = 2.5\noffload_limit_bytes = 256\n"
      "allreduce = [{up_to_bytes = 1024, algorithm = \"recursive_doubling\"}, {algorithm = \"ring\"}]\n"
      "barrier = [{algorithm = \"offload\"}]\n";
  const Profile profile = parse_profile(net + own, "n.toml");
  REQUIRE(profile.collectives.at("allreduce").size() == 2);
  CHECK(profile.collectives.at("allreduce")[0].up_to_bytes == 1024);
  CHECK(profile.collectives.at("allreduce")[1].up_to_bytes == INT64_MAX);
  CHECK(profile.collectives.at("allreduce")[1].algorithm == "ring");
  CHECK(profile.collectives.size() == 2);
  CHECK(profile.offload_us == 2.5);
  CHECK(profile.offload_limit_bytes == 256);
  expect_fixed_point(profile);
  for (const std::string list :
       {"[]", "[{algorithm = \"bruck\"}]", "[{algorithm = \"rings\"}]", "[{algorithm = 3}]", "[{up_to_bytes = 9}]",
        "[\"ring\"]", "\"ring\"", "[{algorithm = \"ring\", upto = 3}]", "[{up_to_bytes = 9, algorithm = \"ring\"}]",
        "[{up_to_bytes = -1, algorithm = \"ring\"}, {algorithm = \"ring\"}]",
        "[{up_to_bytes = 9, algorithm = \"ring\"}, {up_to_bytes = 9, algorithm = \"ring\"}, {algorithm = \"ring\"}]"}) {
    const std::string error = error_of(net, {"collectives.allreduce=" + list});
    CAPTURE(list, error);
    CHECK(error.starts_with("--set:collectives.allreduce: "));
    CHECK(
        error.ends_with(": must be a list of {up_to_bytes = N, algorithm = NAME}, sizes rising, the last without a "
                        "size, of \"recursive_doubling\", \"rabenseifner\", \"ring\", \"offload\""));
  }
  expect(error_of(net, {"collectives.alreduce=[{algorithm=\"ring\"}]"}),
         "--set:collectives.alreduce: unknown key; the nearest known key is collectives.allreduce");
  expect(error_of(net, {"collectives.bcast=[{algorithm=\"offload\"}]"}),
         "n.toml:collectives.offload_us: missing: collectives.bcast names offload");
}

TEST_CASE("what --set changes moves along what belongs to it, and is no longer measured") {
  const Profile base = parse_profile(net + curve, "n.toml");
  CHECK(parse_profile(net + curve, "n.toml", {"about.title=other"}).evidence == "measured");

  const Profile far = parse_profile(net + curve, "n.toml", {"between_nodes.half_round_trip_us=25"});
  CHECK(far.evidence == "synthetic");
  CHECK(far.caveat == "Changed by --set: between_nodes.half_round_trip_us=25.");
  CHECK(far.hash != base.hash);
  CHECK(value_at(far.between_nodes.jitter, 0.5) == Approx(25));
  CHECK(far.between_nodes.jitter.us.back() == Approx(39));  // the same 14 us above the median
  CHECK(far.between_nodes.curve_us == std::vector<double>{25, 25.5, 113});
  expect_fixed_point(far);

  const Profile near = parse_profile(net + curve, "n.toml", {"between_nodes.half_round_trip_us=1"});
  CHECK(near.between_nodes.jitter.us.front() == Approx(0.5));

  const Profile wide = parse_profile(net + curve, "n.toml", {"between_nodes.bandwidth_GBps=inf"});
  CHECK(wide.between_nodes.curve_bytes.empty());
  CHECK(wide.between_nodes.jitter.us == base.between_nodes.jitter.us);

  const Profile law = parse_profile(net, "n.toml", {"between_nodes.spread.kind=lognormal"});
  CHECK(value_at(law.between_nodes.jitter, 0.99) == Approx(3).epsilon(0.002));
  CHECK(parse_profile(law.text, "n.toml",
                      {"between_nodes.jitter=" + std::string("{p = [0, 1], us = [1, 3], samples = 9}")})
            .between_nodes.jitter.us == std::vector<double>{1, 3});
}

TEST_CASE("laws become tables with the quantiles of their formulas") {
  const std::vector<std::string> plain = {"between_nodes.spread.minimum_over_median=0",
                                          "between_nodes.spread.p99_over_median=4"};
  const auto table = [&plain](const std::string& kind, const std::string& more = "about.title=x") {
    std::vector<std::string> overrides = plain;
    overrides.push_back("between_nodes.spread.kind=" + kind);
    overrides.push_back(more);
    return parse_profile(unmeasured + between, "n.toml", overrides).between_nodes.jitter;
  };
  CHECK(table("none").empty());
  CHECK(table("lognormal", "between_nodes.spread.p99_over_median=1").empty());
  const double s = std::log(4.0) / 2.3263478740408408;  // normal quantiles: Abramowitz & Stegun, table 26.5
  for (const auto& [p, z] : std::vector<std::pair<double, double>>{{0.05, -1.6448536269514722},
                                                                   {0.5, 0},
                                                                   {0.9, 1.2815515655446004},
                                                                   {0.99, 2.3263478740408408},
                                                                   {0.999, 3.0902323061678132},
                                                                   {0.9999, 3.719016485455709}}) {
    CAPTURE(p);
    CHECK(value_at(table("lognormal"), p) == Approx(2 * std::exp(s * z)).epsilon(0.003));
    CHECK(value_at(table("pareto"), p) ==
          Approx(2 * std::pow(2 * (1 - p), -std::log(4.0) / std::log(50.0))).epsilon(0.003));
  }
  const Quantiles shifted = table("lognormal", "between_nodes.spread.minimum_over_median=0.75");
  CHECK(shifted.us.front() > 1.5);
  CHECK(value_at(shifted, 0.99) == Approx(8).epsilon(0.003));
  CHECK(table("pareto", "between_nodes.spread.samples=1000").samples == 1000);
}

TEST_CASE("tables are read linearly up to 0.9 and in -ln(1 - p) beyond") {
  const Quantiles table = parse_profile(net, "n.toml").between_nodes.jitter;
  CHECK(value_at(table, 0) == 1.5);
  CHECK(value_at(table, 0.125) == Approx(1.625));
  CHECK(value_at(table, 0.7) == Approx(2.25));
  CHECK(value_at(table, 1 - 0.1 * std::sqrt(0.1)) == Approx(3.25));  // half way from 0.9 to 0.99
  CHECK(value_at(table, 1 - 0.01 * std::sqrt(0.05)) == Approx(10));  // from 0.99 to 1 - 0.5 / 1000
  CHECK(value_at(table, 1 - 0.5 / 1000) == 16);
  CHECK(value_at(table, 1) == 16);
}

TEST_CASE("the mean of a table is that of what is read from it") {
  const Quantiles table = parse_profile(net, "n.toml").between_nodes.jitter;
  double sum = 0;
  constexpr int steps = 2000000;
  for (int i = 0; i < steps; i += 1000) sum += value_at(table, (i + 500) / static_cast<double>(steps)) / (steps / 1000);
  CHECK(mean_of(table) == Approx(sum).epsilon(1e-3));
  CHECK(mean_of({{0, 1}, {3, 3}, 1}) == Approx(3));
  CHECK(mean_of({{0, 0.9, 1}, {1, 1, 1}, 50}) == Approx(1));
}

TEST_CASE("text of any kind survives the canonical text") {
  const std::string odd = "caveat = \"quotes \\\" and \\\\, lines\\n, DEL \\u007F, \\u0001, µs, 日本\"\n";
  const Profile profile = parse_profile(unmeasured + odd + between, "n.toml");
  CHECK(profile.caveat == "quotes \" and \\, lines\n, DEL \x7f, \x01, µs, 日本");
  expect_fixed_point(profile);
  CHECK(parse_profile(profile.text, "n.toml").caveat == profile.caveat);
}

TEST_CASE("files that are none are refused") {
  const auto error_of_file = [](const std::string& path) -> std::string {
    try {
      (void)read_profile(path);
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string folder = std::filesystem::temp_directory_path().string();
  expect(error_of_file(folder), folder + ": is a directory: give the .toml file of a profile");
  expect(error_of_file("/nowhere/n.toml"), "/nowhere/n.toml: cannot be opened: No such file or directory");
  expect(error_of_file("/dev/null"),
         "/dev/null:about.name: missing: must be a name of letters, digits, _ and -, at most 80");
  expect(error_of_file("/dev/zero"), "/dev/zero: is longer than 1 MiB: not a profile file");
}

TEST_CASE("every shipped profile reads, keeps its name, and its canonical text reads back to the same") {
  int measured = 0, reported = 0, all = 0;
  for (const auto& entry : std::filesystem::directory_iterator(networks)) {
    if (entry.path().extension() != ".toml") continue;
    CAPTURE(entry.path());
    const Profile profile = read_profile(entry.path());
    CHECK(profile.name == entry.path().stem());
    CHECK_FALSE(profile.fabric.empty());
    CHECK_FALSE(profile.title.empty());
    CHECK_FALSE(profile.caveat.empty());
    expect_fixed_point(profile);
    if (profile.evidence != "synthetic") {
      CHECK(profile.between_nodes.jitter.samples > 10000);
      CHECK_FALSE(profile.detours.host.empty());
      // No draw may lead a message to before it was sent.
      CHECK(profile.between_nodes.jitter.us.front() > 2 * profile.between_nodes.overhead_us);
    }
    measured += profile.evidence == "measured" ? 1 : 0;
    reported += profile.evidence == "reported" ? 1 : 0;
    ++all;
  }
  CHECK(measured == 18);
  CHECK(reported == 15);
  CHECK(all >= 37);
}

TEST_CASE("lag1_within of the two-state networks leads to the measured correlation") {
  for (const char* const name : {"tcp-ena-aws-c5-18xlarge", "tcp-an-azure-f72s-v2"}) {
    CAPTURE(name);
    const PathProfile side = read_profile(networks / (name + std::string(".toml"))).between_nodes;
    REQUIRE(side.states.has_value());
    const interconnect::Path path(side, {}, 7);
    interconnect::PairStream there, back;
    std::vector<double> half_round_trip(200000);
    for (double& us : half_round_trip) us = interconnect::to_us(path.draw(there, 0, 1) + path.draw(back, 1, 0)) / 2;
    CHECK(normal_scores_lag1(half_round_trip) == Approx(side.lag1).margin(0.02));
  }
}
