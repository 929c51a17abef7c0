// SPDX-License-Identifier: BSD-3-Clause
// The kernels that bound a solve, beside STREAM triad.
//
// Counted: the operator moves 16 bytes a cell (x read once, y written once), the triad 24 bytes an element, neither
// counts the line that a processor reads before it writes. The operator goes through the door that the Krylov method
// uses, so its halo exchange is in it. The triad has arrays far larger than the last cache ("large"), and arrays that
// take as much memory as the operator's two ("same"), since a cache may hold a part of both; the target is judged by
// the faster. A V-cycle has no simple count: its time is given in bytes a cell at the speed of the triad.
#include <fmt/format.h>

#include <algorithm>

#include "haloscope/flow/poisson.hpp"
#include "measurement.hpp"
#include "report.hpp"

using namespace haloscope;
using namespace haloscope::bench;

namespace {

struct Options {
  std::vector<GlobalIndex> box{512, 512, 256};
  int sweeps = 5, repeats = 15, warmup = 2, triad_mib = 256;
  bool quick = false, no_cycle = false;
};

struct Row {
  Candidate candidate;
  double sweeps = 1;  ///< a sample
  double bytes = 0;   ///< of one sample, all ranks
  double cells = 0;   ///< of one sample, all ranks
};

Case operator_settings(const Decomposition& where) {
  Case settings;
  settings.name = settings.file = "bench";
  settings.cells = where.cells();
  for (std::size_t a = 0; a < 3; ++a) settings.length_m[a] = static_cast<double>(where.cells()[a]);  // cubic cells
  settings.periodic = where.periodic();
  settings.process_grid = where.process_grid();
  settings.preconditioner = Preconditioner::none;
  return settings;
}

std::vector<double> noise(std::size_t n) {
  std::vector<double> values(n);
  std::uint64_t state = 1;
  for (double& v : values) {
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator
    v = static_cast<double>(state >> 11) * 0x1p-53 - 0.5;
  }
  return values;
}

void run(Report& report, const Options& options) {
  report.judge_targets(!options.quick);
  int ranks = 1;
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
  const PerAxis<int> grid{1, 1, ranks};  // cut along z, where faces are contiguous
  const Decomposition where(MPI_COMM_WORLD, {options.box[0], options.box[1], options.box[2] * ranks},
                            {true, true, true}, grid);
  const double cells = static_cast<double>(where.total_cells());
  const auto local = static_cast<std::size_t>(options.box[0] * options.box[1] * options.box[2]);
  PhaseClock clock;
  Poisson poisson(where, operator_settings(where), clock);
  std::vector<double> x = noise(local), y(local);
  const int same_mib = std::max(1, static_cast<int>(2 * local * sizeof(double) / 3 >> 20));
  Triad large(options.triad_mib), same(same_mib);

  const auto times = [&](auto& work) {
    return [&options, &work] {
      for (int i = 0; i < options.sweeps; ++i) work();
    };
  };
  auto operator_sweep = [&] { poisson.apply_operator(x.data(), y.data()); };
  auto large_sweep = [&] { large.sweep(); };
  auto same_sweep = [&] { same.sweep(); };
  auto lone_sweep = [&] { on_rank_0(MPI_COMM_WORLD, large_sweep); };
  const double sweeps = options.sweeps;
  std::vector<Row> rows{
      {{"triad, large, one rank", times(lone_sweep)}, sweeps, sweeps * large.bytes()},
      {{"triad, large", times(large_sweep)}, sweeps, sweeps * ranks * large.bytes()},
      {{"triad, same", times(same_sweep)}, sweeps, sweeps * ranks * same.bytes()},
      {{"operator", times(operator_sweep)}, sweeps, sweeps * 16 * cells, sweeps * cells},
  };

  std::unique_ptr<Multigrid<float>> single;
  std::unique_ptr<Multigrid<double>> twice;
  auto single_cycle = [&] { single->apply(x.data(), y.data()); };
  auto double_cycle = [&] { twice->apply(x.data(), y.data()); };
  if (!options.no_cycle) {
    const Laplacian unit{{1, 1, 1}};
    single = std::make_unique<Multigrid<float>>(where, unit, MultigridSettings{}, clock);
    twice = std::make_unique<Multigrid<double>>(where, unit, MultigridSettings{}, clock);
    rows.push_back({{"V-cycle, single", single_cycle}, 1, 0, cells});
    rows.push_back({{"V-cycle, double", double_cycle}, 1, 0, cells});
  }

  std::vector<Candidate> candidates;
  for (const Row& row : rows) candidates.push_back(row.candidate);
  const std::vector<Samples> samples = interleave(MPI_COMM_WORLD, candidates, options.repeats, options.warmup);
  require(large.correct() && same.correct(), "the triads compute b + s c");

  const std::size_t faster =
      rows[1].bytes / spread_of(samples[1]).median > rows[2].bytes / spread_of(samples[2]).median ? 1 : 2;
  const double triad_bytes = rows[faster].bytes;
  report.line(fmt::format(
      "\n{}x{}x{} cells a rank, {} samples of {} sweeps; large: three arrays of {} MiB a rank, same: of {}",
      options.box[0], options.box[1], options.box[2], options.repeats, options.sweeps, options.triad_mib, same_mib));
  report.line(fmt::format("{:<24} {:<28} {:>8} {:>9}  {}", "kernel", "ms a sweep (min - max)", "GB/s", "ns a cell",
                          "share of the faster triad (min - max)"));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Spread s = spread_of(samples[r]);
    std::string last;
    Samples share = ratio(samples[faster], samples[r]);
    if (rows[r].bytes > 0) {
      for (double& v : share) v *= rows[r].bytes / triad_bytes;
      last = text(spread_of(share), 0.01, 1) + " %";
    } else {
      last = fmt::format("{:.0f} bytes a cell at the triad's speed",
                         triad_bytes / rows[r].cells / spread_of(share).median);
    }
    report.line(fmt::format("{:<24} {:<28} {:>8} {:>9}  {}", rows[r].candidate.name, text(s, 1e-3 * rows[r].sweeps, 3),
                            rows[r].bytes > 0 ? fmt::format("{:.1f}", rows[r].bytes / s.median * 1e-9) : "",
                            rows[r].cells > 0 ? fmt::format("{:.3f}", s.median / rows[r].cells * 1e9 * ranks) : "",
                            last));
    if (r == 3) report.at_least("operator, share of the triad", spread_of(share).median, 0.6);
  }
  report.line("ns a cell: of one rank's cells on that rank");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine line("The operator and the multigrid cycle beside STREAM triad");
  line.option("--box", options.box, "cells a rank: x y z", CommandLine::any, 3);
  line.option("--sweeps", options.sweeps, "in a row, a sample", CommandLine::positive);
  line.option("--repeats", options.repeats, "samples each", CommandLine::positive);
  line.option("--triad-mib", options.triad_mib, "MiB an array of the large STREAM", CommandLine::positive);
  line.flag("--no-cycle", options.no_cycle, "without the multigrid cycle");
  line.flag("--quick", options.quick, "targets are not judged");
  return run_benchmark(argc, argv, line, [&](Report& report) { run(report, options); });
}
