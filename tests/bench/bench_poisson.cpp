// SPDX-License-Identifier: BSD-3-Clause
// The pressure solve beside PETSc's and hypre's own multigrids: the same problem, tolerance and ranks, solves
// interleaved.
//
// Counted: one solve from a zero guess, without set-up, from a barrier to the slowest rank. The first solve of each is
// thrown away (page faults, lazy set-up). Degrees of freedom a second: n³ over that time. Each solution is judged by
// one residual that belongs to none of them.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <map>

#include "contenders.hpp"
#include "measurement.hpp"
#include "report.hpp"

using namespace haloscope;
using namespace haloscope::bench;

namespace {

constexpr auto ours = "ours";
constexpr auto petsc_mg = "PETSc mg";
constexpr auto algebraic = "gamg or BoomerAMG";
constexpr auto pfmg = "hypre PFMG";
const std::map<std::string, double> targets{{petsc_mg, 4}, {algebraic, 5}, {pfmg, 3}};

struct Entry {
  std::string name, group;
  bool standard;   ///< in a run that names none: the best of its kind, found by running all
  bool likes_odd;  ///< without periodic axes its grids nest when n is odd
  std::function<std::unique_ptr<Contender>(const std::string& name, const PoissonProblem&)> make;
};

Entry petsc(const std::string& name, bool standard, const char* group, const std::string& options) {
  const bool refine = group == petsc_mg;
  return {name, group, standard, refine, [=](const std::string& who, const PoissonProblem& problem) {
            std::string all = options;
            if (refine) {
              int levels = 1;
              for (GlobalIndex n = problem.n; n > 5 && (n % 2 == 0 || !problem.periodic); n = n / 2) ++levels;
              all += fmt::format(
                  " -pc_type mg -pc_mg_levels {} -mg_coarse_ksp_type preonly -mg_coarse_pc_type redundant"
                  " -mg_coarse_redundant_pc_type svd",
                  levels);
              if (!problem.periodic) all += " -pc_mg_galerkin both";
            }
            return make_petsc(who, group, problem, all, refine);
          }};
}

Entry struct_pfmg(const std::string& name, bool standard, int relaxation, bool galerkin, bool skip) {
  return {name, pfmg, standard, false, [=](const std::string& who, const PoissonProblem& problem) {
            return make_pfmg(who, pfmg, problem, relaxation, galerkin, skip);
          }};
}

std::vector<Entry> entries() {
  const auto mine = [](const std::string& name, Precision precision) {
    return Entry{name, ours, true, false, [=](const std::string& who, const PoissonProblem& problem) {
                   return make_ours(who, problem, precision, HaloMethod::persistent);
                 }};
  };
  const std::string
      smoother = "-mg_levels_ksp_type ",
      boomer =
          "-pc_type hypre -pc_hypre_type boomeramg "
          "-pc_hypre_boomeramg_coarsen_type HMIS -pc_hypre_boomeramg_interp_type ext+i -pc_hypre_boomeramg_P_max 4 "
          "-pc_hypre_boomeramg_relax_type_coarse symmetric-SOR/Jacobi ";
  return {
      mine("ours-single", Precision::single),
      mine("ours-double", Precision::double_),
      petsc("mg-chebyshev-sor", false, petsc_mg, smoother + "chebyshev -mg_levels_pc_type sor -mg_levels_ksp_max_it 2"),
      petsc("mg-chebyshev-sor-1", false, petsc_mg,
            smoother + "chebyshev -mg_levels_pc_type sor -mg_levels_ksp_max_it 1"),
      petsc("mg-chebyshev-jacobi", false, petsc_mg,
            smoother + "chebyshev -mg_levels_pc_type jacobi -mg_levels_ksp_max_it 2"),
      petsc("mg-chebyshev-jacobi-3", false, petsc_mg,
            smoother + "chebyshev -mg_levels_pc_type jacobi -mg_levels_ksp_max_it 3"),
      petsc("mg-richardson-sor", true, petsc_mg,
            smoother + "richardson -mg_levels_pc_type sor -mg_levels_ksp_max_it 1"),
      petsc("mg-richardson-sor-2", false, petsc_mg,
            smoother + "richardson -mg_levels_pc_type sor -mg_levels_ksp_max_it 2"),
      petsc("mg-galerkin-sor", true, petsc_mg,
            smoother + "richardson -mg_levels_pc_type sor -mg_levels_ksp_max_it 1 -pc_mg_galerkin both"),
      petsc("gamg-jacobi", false, algebraic,
            "-pc_type gamg -mg_levels_ksp_type chebyshev -mg_levels_pc_type jacobi -mg_coarse_sub_pc_type svd"),
      petsc("gamg-sor", true, algebraic,
            "-pc_type gamg -mg_levels_ksp_type richardson -mg_levels_pc_type sor -mg_levels_ksp_max_it 1 "
            "-mg_coarse_sub_pc_type svd"),
      petsc("boomeramg-0.25", false, algebraic, boomer + "-pc_hypre_boomeramg_strong_threshold 0.25"),
      petsc("boomeramg-0.5", false, algebraic, boomer + "-pc_hypre_boomeramg_strong_threshold 0.5"),
      petsc("boomeramg-aggressive", true, algebraic,
            boomer + "-pc_hypre_boomeramg_strong_threshold 0.25 -pc_hypre_boomeramg_agg_nl 1"),
      struct_pfmg("pfmg-redblack", false, 2, false, true),
      struct_pfmg("pfmg-redblack-all", false, 2, false, false),
      struct_pfmg("pfmg-jacobi", false, 1, false, true),
      struct_pfmg("pfmg-galerkin", true, 2, true, true),
  };
}

struct Options {
  std::vector<GlobalIndex> sizes{128, 256};
  std::vector<std::string> solvers;
  bool walls = false, all = false, list = false, quick = false;
  int repeats = 7, warmup = 1, triad_mib = 256;
  double tolerance = 1e-8;
};

std::vector<Entry> chosen(const Options& options) {
  std::vector<Entry> all = entries(), result;
  for (const std::string& name : options.solvers) {
    if (std::ranges::none_of(all, [&](const Entry& e) { return e.name == name; })) {
      throw UserError(fmt::format("--solvers: {}: must be one that --list names", name));
    }
  }
  for (Entry& e : all) {
    const bool named = std::ranges::find(options.solvers, e.name) != options.solvers.end();
    if (named || options.all || (options.solvers.empty() && e.standard)) result.push_back(std::move(e));
  }
  return result;
}

/// A solver that ran, and what it was measured beside.
struct Result {
  std::string name, group;
  double rate = 0;  ///< median, unknowns a second
  Spread ratio;     ///< to the faster of ours in the same round, unknowns a second
  std::string faster_of_ours;
};

/// A table row, and the check of the last solution.
double print_row(Report& report, const Options& options, Contender& c, const Samples& samples) {
  const Spread s = spread_of(samples);
  const double residual = c.problem().relative_residual(c.solution()), rate = c.problem().unknowns() / s.median;
  report.line(fmt::format("{:<22} {:>5} {:>10} {:>9.2e}  {:<28} {:>9.2f}", c.name(), c.problem().n, c.iterations(),
                          residual, text(s, 1, 4), rate * 1e-6));
  // Krylov methods stop by a residual that they update; it may differ from the true one by rounding.
  report.check(fmt::format("{} stops at a residual of {:.3e}", c.name(), residual),
               residual <= 1.05 * options.tolerance);
  return rate;
}

void judge(Report& report, const std::vector<Result>& results) {
  for (const auto& [group, target] : targets) {
    const Result* best = nullptr;
    for (const Result& r : results) {
      if (r.group == group && (best == nullptr || r.rate > best->rate)) best = &r;
    }
    if (best == nullptr || best->faster_of_ours.empty()) continue;
    report.line(fmt::format("ratio     {} over {}: {} times the unknowns a second", best->faster_of_ours, best->name,
                            text(best->ratio, 1, 2)));
    report.at_least(fmt::format("times {}", group), best->ratio.median, target);
  }
}

void print_memory(Report& report) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto kib = static_cast<double>(usage.ru_maxrss);
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &kib, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
  report.line(fmt::format("memory    {:.1f} GiB at most so far, all ranks, set-up included", kib / (1 << 20)));
}

/// Ours stay; each other solver comes for a round of its own, in which it alternates with ours, and goes: together they
/// would not fit into memory.
void measure(Report& report, const Options& options, GlobalIndex n) {
  std::map<GlobalIndex, PoissonProblem> problems;
  const auto make = [&](const Entry& e) {
    const GlobalIndex likes = options.walls && e.likes_odd ? n + 1 : n;
    return e.make(e.name,
                  problems.try_emplace(likes, MPI_COMM_WORLD, likes, !options.walls, options.tolerance).first->second);
  };
  report.line(fmt::format("\n-∇²x = b, 7 points, {}, {}³, to {:g}, {} solves each a round",
                          options.walls ? "walls" : "periodic", n, options.tolerance, options.repeats));
  report.line(fmt::format("{:<22} {:>5} {:>10} {:>9}  {:<28} {:>9}", "solver", "n", "iterations", "residual",
                          "seconds (min - max)", "MDOF/s"));
  std::vector<std::unique_ptr<Contender>> mine;
  std::vector<Candidate> candidates;
  std::vector<Samples> pooled;
  const auto enter = [&](Contender& c) { candidates.push_back({c.name(), [&c] { c.solve(); }, [&c] { c.load(); }}); };
  const auto measure_round = [&] {
    std::vector<Samples> samples = interleave(MPI_COMM_WORLD, candidates, options.repeats, options.warmup);
    for (std::size_t c = 0; c < mine.size(); ++c)
      pooled[c].insert(pooled[c].end(), samples[c].begin(), samples[c].end());
    return samples;
  };

  std::vector<Entry> rivals;
  for (Entry& e : chosen(options)) {
    if (e.group != ours) {
      rivals.push_back(std::move(e));
      continue;
    }
    enter(*mine.emplace_back(make(e)));
    pooled.emplace_back();
  }
  std::vector<Result> results;
  for (const Entry& e : rivals) {
    const std::unique_ptr<Contender> rival = make(e);
    if (rival == nullptr) {
      report.line(fmt::format("{:<22} is not built in", e.name));
      continue;
    }
    enter(*rival);
    const std::vector<Samples> samples = measure_round();
    candidates.pop_back();
    Result& result =
        results.emplace_back(Result{e.name, e.group, print_row(report, options, *rival, samples.back()), {}, ""});
    std::size_t faster = 0;
    for (std::size_t c = 1; c < mine.size(); ++c) {
      if (spread_of(samples[c]).median < spread_of(samples[faster]).median) faster = c;
    }
    if (mine.empty()) continue;
    Samples times = ratio(samples.back(), samples[faster]);
    for (double& t : times) t *= mine[faster]->problem().unknowns() / rival->problem().unknowns();
    result.ratio = spread_of(times);
    result.faster_of_ours = mine[faster]->name();
  }
  if (results.empty()) (void)measure_round();
  for (std::size_t c = 0; c < mine.size(); ++c) (void)print_row(report, options, *mine[c], pooled[c]);
  judge(report, results);
  print_memory(report);
}

void run(Report& report, const Options& options) {
  if (options.list) {
    for (const Entry& e : entries()) report.line(fmt::format("{}{}", e.name, e.standard ? " (standard)" : ""));
    return;
  }
  report.judge_targets(!options.quick);
  if (options.triad_mib > 0) (void)report.print_triad(options.triad_mib);
  for (const GlobalIndex n : options.sizes) measure(report, options, n);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine line("The pressure solve beside PETSc's and hypre's own multigrids");
  line.option("--sizes", options.sizes, "cells an axis", {8, 2048});
  line.option("--solvers", options.solvers, "only these; --list names them");
  line.option("--repeats", options.repeats, "solves each", CommandLine::positive);
  line.option("--warmup", options.warmup, "solves thrown away", CommandLine::not_negative);
  line.option("--tolerance", options.tolerance, "relative residual");
  line.option("--triad-mib", options.triad_mib, "MiB an array of STREAM; 0: none");
  line.flag("--walls", options.walls, "walls all round; PETSc's mg then gets n + 1");
  line.flag("--all", options.all, "every solver of the list");
  line.flag("--list", options.list, "names the solvers and ends");
  line.flag("--quick", options.quick, "targets are not judged");
  return run_benchmark(argc, argv, line, [&](Report& report) { run(report, options); });
}
