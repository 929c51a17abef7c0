// SPDX-License-Identifier: BSD-3-Clause
// Monte Carlo transport: how fast one core tracks, what a second rank keeps of that, and what migration adds.
//
// Counted: a step (one batch of histories to their ends) from a barrier to the slowest rank. A segment is a flight from
// one face or collision to the next. The rows of tracking run on one rank while the others sleep:
//   tracking     one group, 64³ cells, a mean free path of 1000 cells: flights and tallies, next to nothing else
//   scattering   one group, a mean free path of one cell, ten collisions a history
//   quicksilver  as near as this program comes to problem 1 of CORAL-2's Quicksilver (github.com/LLNL/Quicksilver,
//                Examples/CORAL2_Benchmark/Problem1/Coral2_P1_1.inp): a reflecting box of 16³ cells of 1 cm, total
//                cross-section 1.5/cm shared as 1 : 0.04 : 0.05 between scattering, capture and fission of 1.6
//                neutrons, 230 groups from 20 MeV to 1e-9 MeV that carbon slows down through. Not as there: histories
//                run to their ends instead of to a census, and one table of reactions stands for its 20 isotopes of 9
//                reactions each, whose look-up is most of its own work.
// Weak scaling: the scattering box on each rank, periodic, one rank alone against all together. Migration: boxes side
// by side, all sides reflecting, against as many boxes each closed in itself: the same work, and nothing migrates.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "haloscope/transport/transport.hpp"
#include "measurement.hpp"
#include "report.hpp"

using namespace haloscope;
using namespace haloscope::bench;

namespace {

struct Options {
  int repeats = 9, warmup = 1;
  std::int64_t particles = 50'000;  ///< a rank
  bool quick = false;
};

Case cube(GlobalIndex cells, const PerAxis<int>& grid, Material material, Boundary boundary, std::int64_t particles) {
  Case c;
  c.name = c.file = "bench";
  c.process_grid = grid;
  for (std::size_t a = 0; a < 3; ++a) {
    c.cells[a] = cells * grid[a];
    c.transport.length_cm[a] = static_cast<double>(c.cells[a]);
  }
  c.transport.particles = particles * grid[0] * grid[1] * grid[2];
  c.transport.groups = static_cast<int>(material.total_per_cm.size());
  c.transport.boundaries.fill(boundary);
  c.transport.fills = {Fill{.material = material.name}};
  c.transport.materials = {std::move(material)};
  c.transport.sources = {ParticleSource{}};
  return c;
}

Material one_group(double total, double scattering) {
  return {.name = "medium", .total_per_cm = {total}, .scattering_per_cm = {scattering}};
}

/// Flat cross-sections; from each group carbon scatters into that group and the next three alike.
Material quicksilver_material() {
  constexpr std::size_t groups = 230, reach = 4;
  constexpr double total = 1.5, parts = 1 + 0.04 + 0.05;
  Material m{.name = "sourceMaterial"};
  m.total_per_cm.assign(groups, total);
  m.production_per_cm.assign(groups, total * 0.05 / parts * 1.6);
  m.scattering_per_cm.assign(groups * groups, 0.0);
  for (std::size_t from = 0; from < groups; ++from)
    for (std::size_t n = 0; n < reach; ++n)
      m.scattering_per_cm[from * groups + std::min(from + n, groups - 1)] += total / parts / reach;
  return m;
}

/// A Transport with what it refers to.
class Stepper {
 public:
  Stepper(MPI_Comm comm, const Case& settings)
      : settings_(settings),
        periodic_(settings.transport.boundaries[0] == Boundary::periodic),
        where_(comm, settings_.cells, {periodic_, periodic_, periodic_}, settings_.process_grid),
        transport_(where_, settings_, clock_) {}
  void step() {
    clock_.begin_step();
    transport_.step();
    const StepTimes times = clock_.end_step();
    require(transport_.stopped().empty() && transport_.counts().lost == 0, "histories that end");
    for (std::size_t p = 0; p < n_phases; ++p) seconds_[p] += times.phase_seconds[p];
    ++steps_;
  }
  [[nodiscard]] const Transport& transport() const { return transport_; }
  [[nodiscard]] double phase_seconds(Phase phase) const { return seconds_[static_cast<std::size_t>(phase)] / steps_; }

 private:
  const Case settings_;
  bool periodic_;
  PhaseClock clock_;
  Decomposition where_;
  Transport transport_;
  PerPhase<double> seconds_{};
  int steps_ = 0;
};

void measure_tracking(Report& report, const Options& options, MPI_Comm lone, bool here) {
  struct Row {
    std::string name;
    std::optional<Stepper> stepper;
  };
  const std::int64_t n = options.particles;
  std::deque<Row> rows;  // never moved: a Transport holds on to what it refers to
  const auto add = [&](const std::string& name, const Case& settings) {
    rows.emplace_back().name = name;
    if (here) rows.back().stepper.emplace(lone, settings);
  };
  add("tracking", cube(64, {1, 1, 1}, one_group(1e-3, 9e-4), Boundary::vacuum, 4 * n));
  add("scattering", cube(64, {1, 1, 1}, one_group(1, 0.9), Boundary::periodic, n));
  Case quicksilver = cube(16, {1, 1, 1}, quicksilver_material(), Boundary::reflecting, n / 4);
  quicksilver.transport.capture = Capture::analog;
  add("quicksilver", quicksilver);
  std::vector<Candidate> candidates;
  for (Row& row : rows)
    candidates.push_back({row.name, [&row] { on_rank_0(MPI_COMM_WORLD, [&row] { row.stepper->step(); }); }});
  const std::vector<Samples> samples = interleave(MPI_COMM_WORLD, candidates, options.repeats, options.warmup);
  report.line(fmt::format("\n{:<12} {:<28} {:>12} {:>12} {:>12} {:>10}", "one core", "Msegments/s (max - min)",
                          "Mcollisions/s", "Mhistories/s", "segm./coll.", "ns/segm."));
  for (std::size_t r = 0; r < rows.size() && here; ++r) {
    const TransportCounts& c = rows[r].stepper->transport().counts();
    const Spread s = spread_of(samples[r]);
    const double segments = static_cast<double>(c.segments), collisions = static_cast<double>(c.collisions);
    report.line(fmt::format("{:<12} {:<28} {:>12.2f} {:>12.2f} {:>12.2f} {:>10.1f}", rows[r].name,
                            fmt::format("{:.1f} ({:.1f} - {:.1f})", segments / s.median * 1e-6, segments / s.low * 1e-6,
                                        segments / s.high * 1e-6),
                            collisions / s.median * 1e-6,
                            static_cast<double>(c.histories + c.secondaries) / s.median * 1e-6, segments / collisions,
                            s.median / segments * 1e9));
  }
  double segments = here ? static_cast<double>(rows[0].stepper->transport().counts().segments) : 0;
  check_mpi(MPI_Bcast(&segments, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD));
  report.at_least("million segments/s a core, tracking", segments / spread_of(samples[0]).median * 1e-6, 20);
}

void line_of_phases(Report& report, const std::string& name, const Stepper& stepper) {
  std::string text = fmt::format("  {:<22}", name);
  for (const Phase phase : {Phase::track, Phase::migrate, Phase::wait, Phase::reduce})
    text += fmt::format(" {} {:.2f} ms", haloscope::name(phase), 1e3 * stepper.phase_seconds(phase));
  report.line(fmt::format("{}, {} rounds, {} migrations (rank 0)", text, stepper.transport().rounds(),
                          stepper.transport().migrations()));
}

void measure_ranks(Report& report, const Options& options, MPI_Comm lone, bool here, int ranks) {
  const PerAxis<int> grid = choose_process_grid(ranks, {1 << 20, 1 << 20, 1 << 20});
  const Case small = cube(64, {1, 1, 1}, one_group(1, 0.9), Boundary::periodic, options.particles);
  std::optional<Stepper> one;
  if (here) one.emplace(lone, small);
  Stepper all(MPI_COMM_WORLD, cube(64, grid, one_group(1, 0.9), Boundary::periodic, options.particles));
  const Samples weak = [&] {
    const auto samples = interleave(
        MPI_COMM_WORLD,
        {{"1 rank", [&] { on_rank_0(MPI_COMM_WORLD, [&] { one->step(); }); }}, {"all ranks", [&] { all.step(); }}},
        options.repeats, options.warmup);
    report.line(fmt::format("\n{} histories a rank: 1 rank {} ms, {} ranks {} ms", options.particles,
                            text(spread_of(samples[0]), 1e-3, 1), ranks, text(spread_of(samples[1]), 1e-3, 1)));
    return ratio(samples[0], samples[1]);
  }();
  if (here) line_of_phases(report, "1 rank", *one);
  line_of_phases(report, "all ranks", all);
  report.line(fmt::format("efficiency {}", text(spread_of(weak), 1, 3)));
  report.at_least(fmt::format("weak scaling 1 to {} ranks", ranks), spread_of(weak).median, 0.9);

  for (const double total : {1.0, 0.1}) {  // mean free paths of 1 and of 10 cells
    const Material medium = one_group(total, 0.9 * total);
    Stepper closed(MPI_COMM_SELF, cube(64, {1, 1, 1}, medium, Boundary::reflecting, options.particles));
    Stepper open(MPI_COMM_WORLD, cube(64, grid, medium, Boundary::reflecting, options.particles));
    const auto samples =
        interleave(MPI_COMM_WORLD, {{"closed", [&] { closed.step(); }}, {"open", [&] { open.step(); }}},
                   options.repeats, options.warmup);
    report.line(fmt::format("\nmean free path {:g} cells: boxes closed {} ms, open {} ms", 1 / total,
                            text(spread_of(samples[0]), 1e-3, 1), text(spread_of(samples[1]), 1e-3, 1)));
    line_of_phases(report, "closed", closed);
    line_of_phases(report, "open", open);
    const Spread added = spread_of(ratio(samples[1], samples[0]));
    report.line(fmt::format("open over closed {}", text(added, 1, 3)));
    report.at_most(fmt::format("what migration adds, mean free path {:g}", 1 / total), added.median - 1, 0.1);
  }
}

void run(Report& report, const Options& options) {
  report.judge_targets(!options.quick);
  int rank = 0, ranks = 1;
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
  const Communicator lone = split_communicator(MPI_COMM_WORLD, rank == 0 ? 0 : MPI_UNDEFINED, 0);
  measure_tracking(report, options, lone.get(), rank == 0);
  if (ranks > 1) measure_ranks(report, options, lone.get(), rank == 0, ranks);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine line("Monte Carlo transport: tracking, weak scaling, migration");
  line.option("--particles", options.particles, "histories a rank and step", CommandLine::positive);
  line.option("--repeats", options.repeats, "steps each", CommandLine::positive);
  line.option("--warmup", options.warmup, "steps thrown away", CommandLine::not_negative);
  line.flag("--quick", options.quick, "targets are not judged");
  return run_benchmark(argc, argv, line, [&](Report& report) { run(report, options); });
}
