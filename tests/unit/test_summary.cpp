// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "haloscope/base/statistics.hpp"
#include "haloscope/record/record.hpp"

using namespace haloscope;

namespace {

std::vector<double> one_to(int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Three steps of two ranks, the first of them warm-up.
RunFile small_run() {
  RunFile file;
  file.text = {{"case_name", "cavity"}, {"cells", "32 x 32 x 1"},      {"process_grid", "2 x 1 x 1"},
               {"network", "native"},   {"work_unit", "cell updates"}, {"work_per_step", "1024"}};
  file.number = {{"ranks", 2}, {"ranks_per_node", 2}, {"warmup_steps", 1}, {"valid", 1}};
  file.phases = {"other", "halo"};
  file.step_seconds = {9.0, 1e-3, 2e-3};
  file.phase_seconds[0] = 4.5e-3;
  file.phase_seconds[1] = 1.5e-3;
  file.messages[1] = 16;
  file.compute_seconds = {3e-3, 2e-3};
  file.solver = {{"iterations", {20, 6, 7}}, {"residual", {1e-8, 2e-9, 3e-9}}};
  file.checks = {{"velocity_error_max", 0, 1e-4, 1e-3, "exact", true}};
  return file;
}

}  // namespace

TEST_CASE("percentiles are values that occurred") {
  const std::vector<double> hundred = one_to(100);
  CHECK(percentile(hundred, 0.5) == 50);
  CHECK(percentile(hundred, 0.95) == 95);
  CHECK(percentile(hundred, 0.99) == 99);
  CHECK(percentile(hundred, 1) == 100);
  CHECK(percentile({7}, 0.95) == 7);
}

TEST_CASE("the interval of the median has the orders of the published table") {
  // Le Boudec 2010, appendix A, table A.1: 95 % intervals for the median are the j-th and k-th of n values.
  struct Row {
    int n, j, k;
  };
  for (const Row row : {Row{6, 1, 6}, Row{10, 2, 9}, Row{20, 6, 15}, Row{50, 18, 33}, Row{70, 27, 44}}) {
    CAPTURE(row.n);
    const MedianInterval interval = median_interval(one_to(row.n));
    CHECK(interval.low == row.j);
    CHECK(interval.high == row.k);
  }
  CHECK(std::isnan(median_interval(one_to(5)).low));
  CHECK(median_interval(one_to(5)).median == 3);
  CHECK(median_interval(one_to(4)).median == 2.5);
}

TEST_CASE("long and short runs meet where the formula changes") {
  const MedianInterval exact = median_interval(one_to(1000)), approximate = median_interval(one_to(1001));
  CHECK(std::abs(exact.low - approximate.low) <= 1);
  CHECK(std::abs(exact.high - approximate.high) <= 2);
}

TEST_CASE("the summary leaves the warm-up out and says so") {
  const std::string text = summary(small_run(), "cavity-2ranks.h5");
  CHECK(has(text, "cavity: 2 ranks"));
  CHECK(has(text, "32 x 32 x 1"));
  CHECK(has(text, "the first 1 as warm-up left out"));
  CHECK(has(text, "median 1.5 ms (too few steps for an interval)"));
  CHECK(has(text, "max 2 ms"));
  CHECK_FALSE(has(text, "9 s"));
  CHECK(has(text, "683 thousand cell updates a second"));
  CHECK(has(text, "  halo          25.0 %      375 µs"));
  CHECK(has(text, "load balance 83.3 %"));
  CHECK(has(text, "6 iterations a step (median), at most 7; residual at most 3e-09"));
  CHECK(has(text, "velocity_error_max"));
  CHECK(text.ends_with("  VALID\n  cavity-2ranks.h5\n"));
}

TEST_CASE("the summary of a run of transport says how fast particles were followed, and how far off results are") {
  RunFile file = small_run();
  file.step_seconds = {9, 2, 2};
  file.solver = {{"histories", {100, 100, 100}},
                 {"segments", {9e6, 4e6, 8e6}},
                 {"collisions", {9e5, 2e5, 2e5}},
                 {"rounds", {9, 3, 5}},
                 {"lost", {0, 0, 0}}};
  file.checks = {{"k_effective", 1, 1.015, 0.03, "a paper", true, 0.01}, {"lost_particles", 0, 0, 0, "exact", true}};
  const std::string text = summary(file, "x.h5");
  CHECK(has(text,
            "  solver          100 histories a step; 3 million segments a second; 100 thousand collisions a second; 3 "
            "rounds a "
            "step (median), at most 5; 0 lost\n"));
  CHECK(has(text, "  check               expected    measured    ± error    off by  tolerance\n"));
  CHECK(has(text, "  k_effective                1       1.015       0.01    1.50 σ       0.03  pass  a paper\n"));
  CHECK(has(text, "  lost_particles             0           0                               0  pass  exact\n"));
  CHECK_FALSE(has(summary(small_run(), "x.h5"), "± error"));
}

TEST_CASE("the summary of an invalid run gives every reason") {
  RunFile file = small_run();
  file.number["valid"] = 0;
  file.invalid_reasons = {"residual too large", "stopped"};
  file.warnings = {"ranks are not bound"};
  const std::string text = summary(file, "x.h5");
  CHECK(has(text, "warning: ranks are not bound"));
  CHECK(has(text, "because: residual too large"));
  CHECK(has(text, "because: stopped"));
  CHECK(text.ends_with("  INVALID\n  x.h5\n"));
}

TEST_CASE("a file without a finished step has a summary too") {
  RunFile file = small_run();
  file.step_seconds.clear();
  file.solver.clear();
  file.number["valid"] = 0;
  CHECK(has(summary(file, "x.h5"), "INVALID"));
}

namespace {

/// Two steps of two ranks after one of warm-up: 3 and 1 ms of computing, 4 ms on the ideal network, 8 ms on the
/// modelled.
RunFile virtual_run() {
  RunFile file = small_run();
  file.text["clock"] = "virtual";
  file.text["network"] = "synthetic";
  file.text["network_hash"] = "0123456789abcdef";
  file.text["without"] = "jitter";
  file.text["compute"] = "cpu";
  file.number["network_seed"] = 7;
  file.number["exact"] = 1;
  file.phase_seconds = {};
  file.phase_seconds[0] = 24e-3;
  file.phase_seconds[1] = 8e-3;
  VirtualTimes times;
  times.compute_seconds[0] = 8e-3;
  times.ideal_seconds[0] = 12e-3;
  times.ideal_seconds[1] = 4e-3;
  times.steps.assign(3, efficiency_of(2e-3, 3e-3, 4e-3, 8e-3));
  times.whole = times.steps.front();
  file.virtual_times = times;
  return file;
}

}  // namespace

TEST_CASE("a virtual run tells its network and whether the model was exact") {
  RunFile file = virtual_run();
  CHECK(has(summary(file, "x.h5"), "synthetic, hash 0123456789abcdef, seed 7, without jitter\n"));
  CHECK(has(summary(file, "x.h5"), "CPU time of each rank's thread\n"));
  CHECK(has(summary(file, "x.h5"), "  model           exact\n"));
  file.number["exact"] = 0;
  file.text["inexact_calls"] = "MPI_Waitany 12";
  file.text["free_calls"] = "MPI_Comm_dup 4";
  file.text["compute_model"] = "a-machine";
  CHECK(
      has(summary(file, "x.h5"), "not exact: followed the order of real arrival, or were unmatched: MPI_Waitany 12\n"));
  CHECK(has(summary(file, "x.h5"), "took no time: MPI_Comm_dup 4\n"));
  CHECK(has(summary(file, "x.h5"), "announced: a-machine\n"));
  CHECK_FALSE(has(summary(small_run(), "x.h5"), "hash"));
}

TEST_CASE("a virtual run tells where the time went that no rank computed") {
  const std::string text = summary(virtual_run(), "x.h5");
  CHECK(has(text, "  load balance                66.7 %        66.7 %        66.7 %\n"));
  CHECK(has(text, "  x serialization             75.0 %"));
  CHECK(has(text, "  x transfer                  50.0 %"));
  CHECK(has(text, "  = parallel efficiency       25.0 %"));
  // Of 32 ms, all ranks and steps together: computed 8, waited 8 for each other, lost 16 to the network.
  CHECK(has(text,
            "  other                 2 ms   25.0 %                    1 ms   12.5 %                3 ms   37.5 %\n"));
  CHECK(has(text,
            "  step                  2 ms   25.0 %                    2 ms   25.0 %                4 ms   50.0 %\n"));
  CHECK_FALSE(has(text, "load balance 83.3 %"));
}
