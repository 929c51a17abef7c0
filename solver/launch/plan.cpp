// SPDX-License-Identifier: BSD-3-Clause
#include "launch/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "launch/launcher.hpp"

namespace haloscope {

namespace {

using Out = std::back_insert_iterator<std::string>;

/// What a run under mpirun takes beside computing, about: to start at all, and for each rank that shares a core [s].
constexpr double start_s = 0.4, start_of_rank_s = 0.07;

double core_seconds(const Study& study, const StudyRun& run) {
  if (study.estimate_core_s <= 0) return study.time_limit_s * run.ranks;
  return study.estimate_core_s * (run.scaling == Scaling::weak ? run.ranks : 1);
}

void write_cost(Out out, const Study& study, const std::vector<StudyRun>& runs, int cores, const Site* site) {
  const bool stated = study.estimate_core_s > 0;
  double core_s = 0, wall_s = 0, node_s = 0;
  for (const StudyRun& run : runs) {
    core_s += core_seconds(study, run);
    // Where ranks share cores they take turns; where they do not, each has one.
    const int used = site != nullptr ? run.ranks : std::min(run.ranks, cores);
    const double starting = start_s + (run.ranks > used ? start_of_rank_s * run.ranks : 0);
    wall_s += stated ? core_seconds(study, run) / used + starting : study.time_limit_s;
    const int per_node = site == nullptr                                   ? 0
                         : run.clock == "native" && run.ranks_per_node > 0 ? run.ranks_per_node
                                                                           : site->ranks_per_node;
    if (per_node > 0)
      node_s += (stated ? core_seconds(study, run) / run.ranks : study.time_limit_s) *
                ((run.ranks + per_node - 1) / per_node);
  }
  const char* const from =
      stated ? "from run.estimate_core_s, which the study states" : "every run taking its whole run.time_limit_s";
  fmt::format_to(out, "core-hours   {} {:.3g}, {}\n", stated ? "about" : "at most", core_s / 3600, from);
  if (node_s > 0) fmt::format_to(out, "node-hours   {} {:.3g}\n", stated ? "about" : "at most", node_s / 3600);
  if (site == nullptr)
    fmt::format_to(out, "wall time    {} {} on the {} core{} here, {}\n", stated ? "about" : "at most",
                   duration_text(wall_s), cores, cores == 1 ? "" : "s", from);
}

std::string cells_text(const StudyRun& run) {
  if (run.cells[0] == 0) return "-";
  return fmt::format("{}", fmt::join(run.cells, "x"));
}

/// A line for all repeats of the same settings.
void write_matrix(Out out, const Study& study, const std::vector<StudyRun>& runs, int cores, const Site* site) {
  std::vector<const StudyRun*> once;
  for (const StudyRun& run : runs)
    if (run.repeat == 1) once.push_back(&run);
  std::ranges::sort(once, [&](const StudyRun* a, const StudyRun* b) {
    if (a->choice != b->choice) return a->choice < b->choice;
    return std::ranges::find(study.ranks, a->ranks) < std::ranges::find(study.ranks, b->ranks);
  });
  std::size_t width = 6;
  const auto labels = [&](const StudyRun& run) {
    const std::string title = title_of(study, run);
    return run.choice.empty() ? std::string("-") : title.substr(0, title.rfind(',', title.rfind(',') - 1));
  };
  for (const StudyRun* const run : once) width = std::max(width, labels(*run).size());
  fmt::format_to(out, "\n{:<{}}  {:>6}  {:<16} {:<8} {}\n", "series", width, "ranks", "cells", "clock", "network");
  for (const StudyRun* const run : once) {
    const std::string objection = site == nullptr ? local_objection(*run, cores) : "";
    fmt::format_to(out, "{:<{}}  {:>6}  {:<16} {:<8} {}{}{}{}\n", labels(*run), width, run->ranks, cells_text(*run),
                   run->clock, run->network.network.empty() ? "native" : run->network.network,
                   run->network.without.empty() ? "" : " without " + run->network.without,
                   objection.empty() ? "" : "  will fail: ", objection);
  }
}

}  // namespace

std::string study_plan(const Study& study, const std::vector<StudyRun>& runs, int cores, const Site* site) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "study        {}\nquestion     {}\n", study.name, study.question);
  std::set<std::pair<std::size_t, Scaling>> cases;
  for (const StudyRun& run : runs) cases.emplace(run.of_case, run.scaling);
  for (const auto& [of_case, scaling] : cases)
    fmt::format_to(out, "case         {}, {} scaling\n", study.cases[of_case].name, name(scaling));
  std::size_t series = 1;
  for (const StudyVariable& variable : study.variables) {
    series *= variable.values.size();
    std::vector<std::string> labels;
    for (const StudyValue& value : variable.values) labels.push_back(value.label);
    fmt::format_to(out, "variable     {}: {}\n", variable.name, fmt::join(labels, "; "));
  }
  fmt::format_to(out, "ranks        {}\n", fmt::join(study.ranks, " "));
  fmt::format_to(out, "runs         {}: {} series x {} rank counts x {} repeats, order shuffled by seed {}\n",
                 runs.size(), series, study.ranks.size(), study.repeats, study.seed);
  const bool shared = site == nullptr && std::ranges::any_of(runs, [&](const StudyRun& run) {
                        return run.clock == "virtual" && run.ranks > cores;
                      });
  if (shared)
    fmt::format_to(out, "             more ranks than the {} cores here take turns: runs in virtual time\n", cores);
  write_cost(out, study, runs, cores, site);
  write_matrix(out, study, runs, cores, site);
  fmt::format_to(out, "\nfirst run    haloscope {}\n",
                 shell_line(run_arguments(study, runs.front(), runs.front().id + ".h5")));
  return text;
}

}  // namespace haloscope
