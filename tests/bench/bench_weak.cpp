// SPDX-License-Identifier: BSD-3-Clause
// Weak scaling of the flow step, from one rank to all: one rank steps its box alone while the others sleep, then all
// step boxes of the same size and spacing; in turn, in one run, on the same cores.
//
// Counted: a step from a barrier to the slowest rank. Efficiency is the time of one rank over that of all. Each solve
// takes a fixed number of iterations, so that both do the same work a cell. What memory gives each rank of all, against
// one alone, stands beside it: a step bound by memory cannot scale better, so the target is the less of 0.9 and that
// share.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "haloscope/flow/flow.hpp"
#include "measurement.hpp"
#include "report.hpp"

using namespace haloscope;
using namespace haloscope::bench;

namespace {

struct Options {
  int cells = 96, iterations = 6, repeats = 9, warmup = 1, triad_mib = 256;
  bool quick = false;
};

/// The Taylor-Green vortex in one cube a rank.
Case settings_of(const Options& options, int ranks) {
  Case settings;
  settings.name = settings.file = "bench";
  settings.process_grid = choose_process_grid(ranks, {1 << 20, 1 << 20, 1 << 20});
  for (std::size_t a = 0; a < 3; ++a) {
    settings.cells[a] = GlobalIndex{options.cells} * settings.process_grid[a];
    settings.length_m[a] = 2 * std::numbers::pi * settings.process_grid[a];
  }
  settings.initial = InitialState::taylor_green_3d;
  settings.viscosity_m2_per_s = 1.0 / 1600;
  settings.iterations = options.iterations;
  return settings;
}

/// The flow on the ranks of @p comm, and the phases of its steps.
class Stepper {
 public:
  Stepper(MPI_Comm comm, const Case& settings)
      : where_(comm, settings.cells, settings.periodic, settings.process_grid), flow_(where_, settings, clock_) {}
  void step() {
    clock_.begin_step();
    const FlowStep done = flow_.step(std::numeric_limits<double>::infinity());
    const StepTimes times = clock_.end_step();
    require(std::isfinite(done.kinetic_energy), "the flow stays finite");
    for (std::size_t p = 0; p < n_phases; ++p) seconds_[p] += times.phase_seconds[p];
    ++steps_;
  }
  [[nodiscard]] double phase_seconds(std::size_t phase) const { return seconds_[phase] / steps_; }

 private:
  PhaseClock clock_;
  Decomposition where_;
  Flow flow_;
  PerPhase<double> seconds_{};
  int steps_ = 0;
};

void run(Report& report, const Options& options) {
  report.judge_targets(!options.quick);
  int rank = 0, ranks = 1;
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
  const TriadBandwidth triad = report.print_triad(options.triad_mib);

  const Communicator lone = split_communicator(MPI_COMM_WORLD, rank == 0 ? 0 : MPI_UNDEFINED, 0);
  std::optional<Stepper> one;
  if (rank == 0) one.emplace(lone.get(), settings_of(options, 1));
  Stepper all(MPI_COMM_WORLD, settings_of(options, ranks));
  const std::vector<Samples> samples = interleave(
      MPI_COMM_WORLD,
      {{"1 rank", [&] { on_rank_0(MPI_COMM_WORLD, [&] { one->step(); }); }}, {"all ranks", [&] { all.step(); }}},
      options.repeats, options.warmup);

  report.line(fmt::format("\nflow step, {}³ cells a rank, {} iterations a solve, {} steps each", options.cells,
                          options.iterations, options.repeats));
  report.line(fmt::format("{:<8} {:<30} {}", "ranks", "ms a step (min - max)", "million cells a second"));
  const double cells = std::pow(options.cells, 3);
  for (std::size_t c = 0; c < 2; ++c) {
    const Spread s = spread_of(samples[c]);
    const int count = c == 0 ? 1 : ranks;
    report.line(fmt::format("{:<8} {:<30} {:.2f}", count, text(s, 1e-3, 2), count * cells / s.median * 1e-6));
  }
  for (std::size_t p = 0; p < n_phases; ++p) {
    if (rank == 0)
      report.line(fmt::format("  {:<12} {:8.3f} ms on 1 rank, {:8.3f} on all (rank 0)", name(static_cast<Phase>(p)),
                              1e3 * one->phase_seconds(p), 1e3 * all.phase_seconds(p)));
  }
  const Spread efficiency = spread_of(ratio(samples[0], samples[1]));
  const double share = triad.all_ranks / (ranks * triad.one_rank);
  report.line(fmt::format("efficiency {}; STREAM gives each of {} ranks {:.2f} of what it gives one",
                          text(efficiency, 1, 3), ranks, share));
  report.at_least(fmt::format("weak scaling 1 to {} ranks", ranks), efficiency.median, std::min(0.9, share));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine line("Weak scaling of the flow step, from one rank to all");
  line.option("--cells", options.cells, "an axis of each rank's box", {2, 1024});
  line.option("--iterations", options.iterations, "a solve", CommandLine::positive);
  line.option("--repeats", options.repeats, "steps each", CommandLine::positive);
  line.option("--warmup", options.warmup, "steps thrown away", CommandLine::not_negative);
  line.option("--triad-mib", options.triad_mib, "MiB an array of STREAM", CommandLine::positive);
  line.flag("--quick", options.quick, "targets are not judged");
  return run_benchmark(argc, argv, line, [&](Report& report) { run(report, options); });
}
