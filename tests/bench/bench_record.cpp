// SPDX-License-Identifier: BSD-3-Clause
// What recording costs: blocks of steps with everything that a run records, beside blocks of the same steps without.
//
// With: the phase clock runs, the interconnect library counts, each step is appended to a run file that is flushed when
// due. Without: no step is begun, so that phases cost a branch; the library is told to stop (MPI_Pcontrol) and only
// passes calls through; nothing is written. A step is a pressure solve of a fixed number of iterations, the part of a
// run with the most MPI calls and phases, repeated until it takes about the time asked for. Counted: a block from a
// barrier to the slowest rank, writing included. What the passing through costs is seen only against bench_record_bare,
// the same program without the library: record.sh runs the two in turn.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "haloscope/border/protocol.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/machine/machine.hpp"
#include "haloscope/record/record.hpp"
#include "measurement.hpp"
#include "report.hpp"

using namespace haloscope;
using namespace haloscope::bench;

namespace {

struct Options {
  int cells = 32, iterations = 4, block = 25, repeats = 1000;
  double step_ms = 1;
  std::string output = "bench_record.h5";
  std::string only;
  bool quick = false;
};

Case settings_of(const Options& options) {
  Case settings;
  settings.name = settings.file = "bench";
  settings.cells = {options.cells, options.cells, options.cells};
  settings.iterations = options.iterations;
  return settings;
}

/// The quantile 0.95 of Student's t (Abramowitz & Stegun 1964, 26.7.5, to the second order).
double student_95(int degrees) {
  const double z = 1.6449, z3 = z * z * z, n = degrees;
  return z + (z3 + z) / (4 * n) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96 * n * n);
}

bool library_listens() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  check_mpi(MPI_Get_library_version(text, &length));
  return std::string(text).find("+interconnect") != std::string::npos;
}

/// Steps of about the time asked for, recorded or not.
class Stepper {
 public:
  Stepper(const Options& options, std::int64_t planned)
      : where_(MPI_COMM_WORLD, settings_of(options).cells, {true, true, true}),
        solver_(where_, settings_of(options), clock_) {
    const FieldView<double> b = solver_.right_side();
    const auto local = static_cast<std::size_t>(b.cells[0] * b.cells[1] * b.cells[2]);
    for (std::size_t i = 0; i < local; ++i) b.origin[i] = std::sin(static_cast<double>(i));
    (void)solver_.solve();
    const int probe = 20;
    const std::vector<Samples> seconds = interleave(MPI_COMM_WORLD, {{"probe", [&] { solve(probe); }}}, 5, 1);
    const double each = spread_of(seconds[0]).median / probe;
    solves_ = std::max(1, static_cast<int>(std::lround(1e-3 * options.step_ms / each)));
    RecordHeader header;
    header.case_name = "bench";
    header.steps = planned;
    header.solver_quantities = {"iterations"};
    record_.emplace(MPI_COMM_WORLD, options.output, true, header, look_at_machine(MPI_COMM_WORLD));
  }

  void recorded(int steps) {
    MPI_Pcontrol(pcontrol::go_on);
    for (int s = 0; s < steps; ++s) {
      clock_.begin_step();
      solve(solves_);
      const StepTimes times = clock_.end_step();
      record_->append(times, times.start, {1.0});
    }
    MPI_Pcontrol(pcontrol::pause);
  }
  void plain(int steps) {
    for (int s = 0; s < steps; ++s) solve(solves_);
  }
  void finish() { record_->finish({}); }
  [[nodiscard]] int solves() const noexcept { return solves_; }

 private:
  void solve(int times) {
    for (int i = 0; i < times; ++i) (void)solver_.solve();
  }
  PhaseClock clock_;
  Decomposition where_;
  Poisson solver_;
  int solves_ = 1;
  std::optional<Record> record_;
};

void compare(Report& report, const Options& options, const std::vector<Samples>& samples) {
  Samples difference = ratio(samples[0], samples[1]);
  double mean = 0, square = 0;
  for (double& d : difference) mean += (d -= 1);
  const auto n = static_cast<double>(difference.size());
  mean /= n;
  for (const double d : difference) square += (d - mean) * (d - mean);
  const double upper = mean + student_95(options.repeats - 1) * std::sqrt(square / (n - 1) / n);
  report.line(
      fmt::format("recorded over plain, {} pairs: median {} %, mean {:.3f} %, 95 % upper bound of the mean {:.3f} %",
                  options.repeats, text(spread_of(difference), 0.01, 3), 100 * mean, 100 * upper));
  report.at_most("recording, percent of the step", 100 * upper, 1);
}

void run(Report& report, const Options& options) {
  report.judge_targets(!options.quick);
  constexpr int warmup = 1;
  Stepper stepper(options, std::int64_t{options.block} * (options.repeats + warmup));
  std::vector<Candidate> candidates;
  if (options.only != "plain") candidates.push_back({"recorded", [&] { stepper.recorded(options.block); }});
  if (options.only != "recorded") candidates.push_back({"plain", [&] { stepper.plain(options.block); }});
  MPI_Pcontrol(pcontrol::pause);
  const std::vector<Samples> samples = interleave(MPI_COMM_WORLD, candidates, options.repeats, warmup);
  MPI_Pcontrol(pcontrol::go_on);
  stepper.finish();

  report.line(fmt::format(
      "\n{}³ cells, {} solves of {} iterations a step, blocks of {} steps; interconnect library: {}", options.cells,
      stepper.solves(), options.iterations, options.block, library_listens() ? "recording" : "not there"));
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    report.line(fmt::format("{:<9} {} us a step (min - max)", candidates[c].name,
                            text(spread_of(samples[c]), 1e-6 * options.block, 2)));
  }
  if (candidates.size() == 2) compare(report, options, samples);
  int rank = 0;
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  if (rank == 0) std::filesystem::remove(options.output);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine line("What recording costs, of steps of about a millisecond");
  line.option("--step-ms", options.step_ms, "length of a step", CommandLine::positive);
  line.option("--cells", options.cells, "an axis, of all ranks", {2, 1024});
  line.option("--iterations", options.iterations, "a solve", CommandLine::positive);
  line.option("--block", options.block, "steps a sample", CommandLine::positive);
  line.option("--repeats", options.repeats, "pairs", {2, 100000});
  line.option("--output", options.output, "run file, overwritten and removed");
  line.option("--only", options.only, "one kind of block", {"recorded", "plain"});
  line.flag("--quick", options.quick, "targets are not judged");
  return run_benchmark(argc, argv, line, [&](Report& report) { run(report, options); });
}
