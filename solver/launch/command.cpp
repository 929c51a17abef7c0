// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/launch/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "haloscope/study/manifest.hpp"
#include "launch/launcher.hpp"
#include "launch/plan.hpp"
#include "launch/slurm_commands.hpp"

namespace haloscope {

namespace {

void check_options(const StudyOptions& options) {
  if (options.launcher != "local" && options.launcher != "slurm")
    throw UserError(fmt::format("--launcher: {}: must be local or slurm", options.launcher));
  if (options.launcher == "local" && !options.site.empty()) throw UserError("--site: needs --launcher slurm");
  if (options.launcher == "local" && options.submit_only) throw UserError("--submit-only: needs --launcher slurm");
  if (options.output.empty() && !options.dry_run) throw UserError("--output: missing: the folder for the runs");
}

/// Tells, before a folder is made, that the launcher can do none of the runs.
void check_launcher(const Study& study, const std::vector<StudyRun>& runs, bool local) {
  if (!local) {
    slurm::require_commands();
    return;
  }
  if (find_command("mpirun").empty()) throw UserError("mpirun: command not found: --launcher local needs it");
  const int cores = cores_here();
  for (const StudyRun& run : runs)
    if (local_objection(run, cores).empty()) return;
  throw UserError(fmt::format("{}: no run can be done here: {}", study.file, local_objection(runs.front(), cores)));
}

/// The runs that are not done by name, and how many are. @return whether all are
bool tell_the_end(Manifest& manifest, const std::string& signal, bool submit_only) {
  int done = 0, out = 0, left = 0;
  std::vector<const ManifestRun*> bad;
  for (const ManifestRun& run : manifest.runs()) {
    if (run.state == RunState::done) ++done;
    if (run.state == RunState::submitted || run.state == RunState::running) ++out;
    if (run.state == RunState::planned) ++left;
    if (run.state == RunState::failed || run.state == RunState::invalid) bad.push_back(&run);
  }
  for (const ManifestRun* const run : bad)
    fmt::print(stderr, "haloscope: {}: {}: {}\n", run->run.id, name(run->state), run->reason);
  std::string text = fmt::format("{} of {} runs done", done, manifest.runs().size());
  if (!bad.empty()) text += fmt::format(", {} failed or invalid", bad.size());
  if (out > 0) text += fmt::format(", {} with Slurm", out);
  if (left > 0) text += fmt::format(", {} not reached", left);
  if (!signal.empty()) text = fmt::format("stopped by {}: {}", signal, text);
  const bool whole = done == static_cast<int>(manifest.runs().size());
  if (!whole && !(submit_only && bad.empty() && left == 0)) text += "; --resume goes on";
  fmt::print(stderr, "haloscope: {}\n", text);
  fmt::print("{}\n", manifest.folder());
  return signal.empty() && bad.empty() && left == 0 && (whole || submit_only);
}

}  // namespace

ExitCode run_study(const StudyOptions& options, const ReadOutcome& read_outcome) {
  // 1. What is asked for; every mistake in it shows here.
  check_options(options);
  const bool local = options.launcher == "local";
  const Study study = read_study(options.study);
  const std::vector<StudyRun> runs = matrix_of(study);
  std::optional<Site> site;
  if (!local) site = read_site(options.site.empty() ? "default" : options.site);
  if (options.dry_run) {
    fmt::print("{}", study_plan(study, runs, cores_here(), site ? &*site : nullptr));
    return ExitCode::ok;
  }
  check_launcher(study, runs, local);

  // 2. The folder.
  const auto open = options.resume ? Manifest::resume : Manifest::create;
  Manifest manifest = open(options.output, study, runs, options.launcher, read_outcome);

  // 3. The runs.
  std::string signal;
  {
    SignalWatch signals;
    StudyProgress progress(manifest);
    signal = local ? run_locally(manifest, progress, signals)
                   : run_by_slurm(manifest, *site, options.submit_only, progress, signals);
  }

  // 4. What became of them.
  return tell_the_end(manifest, signal, options.submit_only) ? ExitCode::ok : ExitCode::result_invalid;
}

}  // namespace haloscope
