// SPDX-License-Identifier: BSD-3-Clause
#include "run/computing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/build_info.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/base/utc.hpp"
#include "haloscope/case/problem.hpp"
#include "haloscope/problems/workload.hpp"

namespace haloscope {

namespace {

/// Why a calibration cannot be written there; empty when it can.
std::string objection(const std::string& path, bool force) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path folder = fs::path(path).parent_path();
  if (fs::is_directory(path, ignored)) return fmt::format("{}: is a folder", path);
  if (fs::exists(path, ignored) && !force) return fmt::format("{}: exists: overwrite it with --force", path);
  if (!folder.empty() && !fs::is_directory(folder, ignored)) return fmt::format("{}: no such folder", folder.string());
  return {};
}

/// How many of a problem's pieces of work were measured.
std::string sizes(const Problem& problem) {
  const std::string all = "CPU time of each rank's thread outside MPI, all ranks at once";
  return problem.calibrated_sizes.empty() ? all : fmt::format("{}, with {}", all, problem.calibrated_sizes);
}

/// In which a model of computing must know the pieces of work: all but those of waiting and reducing.
std::vector<Phase> computing_phases_of(const Problem& problem) {
  std::vector<Phase> phases = problem.phases;
  std::erase_if(phases, [](Phase phase) { return phase == Phase::wait || phase == Phase::reduce; });
  return phases;
}

}  // namespace

Computing::Computing(MPI_Comm world, const Network& network, const RunOptions& options, const Case& settings,
                     PhaseClock& clock) {
  if (!options.calibrate.empty()) {
    if (settings.problem->calibrates_all_phases && ranks_in(world) < 2)
      throw UserError(fmt::format("--calibrate: a case of problem {} needs at least 2 ranks: every phase must be seen",
                                  settings.problem->name));
    agree<UserError>(world, rank_in(world) == 0 ? objection(options.calibrate, options.force) : std::string());
    clock.listen(&calibration_.emplace());
  } else if (network.compute == "announced") {
    model_ = read_compute_model(world, options.compute.empty() ? "model" : options.compute);
    require_costs(*model_, computing_phases_of(*settings.problem));
    clock.listen(&announcer_.emplace(*model_));
  }
}

void Computing::describe(RecordHeader& header) const {
  if (!model_) return;
  header.extra["compute_model"] = model_->name;
  header.extra["compute_calibration"] = model_->text;
}

void Computing::end_step(const StepTimes& times, bool warmup) {
  if (calibration_) calibration_->end_step(times, warmup);
}

void Computing::calibrate_smaller(MPI_Comm world, const Case& settings, std::int64_t steps, PhaseClock& clock) {
  if (!calibration_) return;
  Case smaller = settings;
  for (int size = 0; size < 2; ++size) {
    steps *= settings.problem->shrink == nullptr ? 0 : settings.problem->shrink(smaller);
    const std::unique_ptr<Workload> workload = make_workload(world, smaller, clock);
    for (std::int64_t step = 1; step <= steps && !workload->finished() && workload->stopped().empty(); ++step) {
      workload->prepare();
      clock.begin_step();
      workload->step();
      calibration_->end_step(clock.end_step(), step <= settings.warmup_steps);
    }
  }
}

void Computing::write_calibration(MPI_Comm world, const RunOptions& options, const Case& settings,
                                  const MachineReport& machine) const {
  if (!calibration_) return;
  CalibrationFacts facts = {{"name", std::filesystem::path(options.calibrate).stem().string()},
                            {"processor", machine.facts.at("cpu_model")},
                            {"hypervisor", machine.facts.at("hypervisor")},
                            {"compiler", std::string(build_info::compiler)},
                            {"compiler_flags", std::string(build_info::compiler_flags)},
                            {"date", today_utc()},
                            {"program", fmt::format("haloscope {} ({})", build_info::version, build_info::git_commit)},
                            {"case", settings.name}};
  if (settings.cells[0] > 0)
    facts.emplace_back("cells", fmt::format("{} x {} x {}", settings.cells[0], settings.cells[1], settings.cells[2]));
  facts.emplace_back("ranks", std::to_string(ranks_in(world)));
  facts.emplace_back("how", sizes(*settings.problem));
  const std::vector<Phase> needed =
      settings.problem->calibrates_all_phases ? settings.problem->phases : std::vector<Phase>{};
  const std::string text = calibration_->model(world, facts, needed);
  std::string complaint;
  if (rank_in(world) == 0) {
    std::ofstream file(options.calibrate);
    file << text;
    file.close();
    if (!file) complaint = fmt::format("{}: cannot be written", options.calibrate);
  }
  agree<UserError>(world, complaint);
}

}  // namespace haloscope
