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

/// Makes a step of @p c smaller, and says how many times: so many more steps take as long.
std::int64_t shrink(Case& c) {
  constexpr std::int64_t part = 4;
  std::int64_t times = 1;
  switch (c.problem) {
    case Problem::flow:
    case Problem::poisson:
      for (GlobalIndex& cells : c.cells) {
        if (cells < 16) continue;
        cells /= 2;
        times *= 2;
      }
      return times;
    case Problem::transport: {  // of which so many are one piece of work
      const auto fewest = static_cast<std::int64_t>(std::max<std::size_t>(c.transport.sources.size(), 1));
      c.transport.particles = std::max(c.transport.particles / part, fewest);
      c.transport.in_flight = std::max(c.transport.in_flight / part, std::int64_t{1});
      return part;
    }
    case Problem::option:
      c.option.paths = std::max(c.option.paths / part, std::int64_t{1});
      return part;
    case Problem::allreduce:
      c.allreduce.parameters = std::max(c.allreduce.parameters / part, std::int64_t{c.allreduce.buckets});
      return part;
    case Problem::exchange:
      break;
  }
  return 0;  // it has all its sizes already
}

/// What shrink() does, twice.
std::string sizes(Problem problem) {
  const char* const all = "CPU time of each rank's thread outside MPI, all ranks at once";
  switch (problem) {
    case Problem::flow:
    case Problem::poisson:
      return fmt::format("{}, with all cells, half and a quarter an axis", all);
    case Problem::transport:
      return fmt::format("{}, with all particles, a quarter and a sixteenth of them", all);
    case Problem::option:
      return fmt::format("{}, with all paths, a quarter and a sixteenth of them", all);
    case Problem::allreduce:
      return fmt::format("{}, with all parameters, a quarter and a sixteenth of them", all);
    case Problem::exchange:
      break;
  }
  return all;
}

}  // namespace

Computing::Computing(MPI_Comm world, const Network& network, const RunOptions& options, const Case& settings,
                     PhaseClock& clock) {
  if (!options.calibrate.empty()) {
    if (settings.problem == Problem::flow && ranks_in(world) < 2)
      throw UserError("--calibrate: a case of problem flow needs at least 2 ranks: every phase must be seen");
    agree<UserError>(world, rank_in(world) == 0 ? objection(options.calibrate, options.force) : std::string());
    clock.listen(&calibration_.emplace());
  } else if (network.compute == "announced") {
    model_ = read_compute_model(world, options.compute.empty() ? "model" : options.compute);
    require_costs(*model_, computing_phases_of(settings.problem));
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
    steps *= shrink(smaller);
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
  facts.emplace_back("how", sizes(settings.problem));
  const std::string text = calibration_->model(
      world, facts, settings.problem == Problem::flow ? phases_of(Problem::flow) : std::vector<Phase>{});
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
