// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numeric>

#include "haloscope/base/clock_alignment.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/base/shipped.hpp"
#include "haloscope/border/asked_network.hpp"
#include "haloscope/case/read.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/machine/machine.hpp"
#include "haloscope/problems/verdict.hpp"
#include "haloscope/problems/workload.hpp"
#include "haloscope/record/record.hpp"
#include "run/computing.hpp"
#include "run/network_record.hpp"
#include "run/progress.hpp"
#include "run/stop.hpp"

namespace haloscope {

namespace {

/// The most steps there can be: the file makes room for them. Where dt is chosen step by step, only the case's bound is
/// known.
std::int64_t most_steps(const Case& settings) {
  if (!(settings.dt_s > 0) || !std::isfinite(settings.end_time_s)) return settings.steps;
  return std::min(settings.steps,
                  static_cast<std::int64_t>(std::ceil(settings.end_time_s / settings.dt_s * (1 + 1e-9))));
}

/// How well the clocks agree: the worst of all ranks [s].
struct ClockQuality {
  double uncertainty = 0, residual = 0;
};

/// Of two clocks: the one that steps are timed by, and the hosts' own, by which a network in real time delays messages.
ClockQuality quality_of(MPI_Comm world, const ClockModel& aligned, const Network& network) {
  std::array<double, 2> worst = {aligned.uncertainty, std::abs(aligned.residual)};
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, worst.data(), 2, MPI_DOUBLE, MPI_MAX, world));
  const double of_hosts = network.modelled() ? std::stod(network.clock_residual_seconds) : 0;
  return {worst[0], std::max(worst[1], of_hosts)};
}

std::string seconds_text(double seconds) { return fmt::format("{:.3g}", seconds); }

RecordHeader header_of(MPI_Comm world, const Case& settings, const RunOptions& options, const Workload& workload,
                       const ClockQuality& clocks, const Network& network, const Computing& computing) {
  RecordHeader header;
  header.case_name = settings.name;
  header.case_text = settings.text;
  header.effective_case = settings.effective;
  header.command_line = options.command_line;
  header.seed = settings.seed;
  header.warmup_steps = settings.warmup_steps;
  header.steps = most_steps(settings);
  header.solver_quantities = workload.quantities();
  header.phases = settings.problem->phases;
  header.extra = workload.attributes();
  header.extra["petsc_version"] = PetscSession::version();
  header.extra["clock_uncertainty_seconds"] = seconds_text(clocks.uncertainty);
  header.extra["clock_residual_seconds"] = seconds_text(clocks.residual);
  header.extra["ended_early"] = "the run did not finish";
  header.extra_numbers["ranks"] = ranks_in(world);
  describe_network(network, header);
  computing.describe(header);
  return header;
}

double phase_gap(const StepTimes& times) {
  const double sum = std::accumulate(times.phase_seconds.begin(), times.phase_seconds.end(), 0.0);
  return times.seconds > 0 ? std::abs(sum - times.seconds) / times.seconds : 0;
}

/// Steps until the last step, the end time, a signal, a value that is no number, or a workload that cannot go on.
Evidence take_steps(MPI_Comm world, const Case& settings, Workload& workload, PhaseClock& clock,
                    const ClockModel& aligned, Record& record, Computing& computing) {
  Evidence evidence;
  const std::vector<std::string> names = workload.quantities();
  const std::int64_t steps = most_steps(settings);
  Progress progress(steps, rank_in(world) == 0);
  StopSign stop(world);

  double origin = aligned(MPI_Wtime());  // of rank 0: what start times count from
  check_mpi(MPI_Bcast(&origin, 1, MPI_DOUBLE, 0, world));
  PhaseClock::go_on();
  check_mpi(MPI_Barrier(world));  // logical clocks begin together
  PhaseClock::pause();
  for (std::int64_t step = 1; step <= steps && !workload.finished() && evidence.stopped.empty(); ++step) {
    workload.prepare();
    clock.begin_step();
    workload.step();
    const StepTimes times = clock.end_step();
    computing.end_step(times, step <= settings.warmup_steps);
    const std::vector<double> values = workload.outcome();

    record.append(times, aligned(times.start) - origin, values);
    progress.update(times, workload.time(), settings.end_time_s);
    evidence.phase_gap = std::max(evidence.phase_gap, phase_gap(times));
    for (std::size_t n = 0; n < names.size(); ++n) evidence.solver[names[n]].push_back(values[n]);
    if (const std::string why = workload.stopped(); !why.empty())
      evidence.stopped = fmt::format("stopped after step {}: {}", step, why);
    else if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); }))
      evidence.stopped = fmt::format("stopped after step {}: the solution is not finite", step);
    else if (const std::string signal = stop.seen(); !signal.empty() && step < steps)
      evidence.stopped = fmt::format("stopped by {} after {} of {} steps", signal, step, steps);
  }
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &evidence.phase_gap, 1, MPI_DOUBLE, MPI_MAX, world));
  return evidence;
}

/// What the expectations name, and where particles were lost. Collective.
void gather_results(const Case& settings, Workload& workload, Evidence& evidence) {
  for (const Expectation& expected : settings.expectations) {
    if (!expected.at.empty()) continue;
    evidence.scalars[expected.quantity] = workload.quantity(expected.quantity);
    evidence.standard_errors[expected.quantity] = workload.standard_error(expected.quantity);
  }
  const auto lost = evidence.solver.find("lost");
  if (lost != evidence.solver.end() && std::ranges::any_of(lost->second, [](double count) { return count > 0; }))
    evidence.lost_positions = workload.lost_positions();
}

void warn(const std::string& text) { fmt::print(stderr, "warning: {}\n", text); }

}  // namespace

ExitCode run(MPI_Comm world, const PetscSession& petsc, const RunOptions& options) {
  const bool speaker = rank_in(world) == 0;
  PhaseClock::pause();  // but for the steps, no network takes time: PhaseClock goes on and pauses at each of them

  // 1. What to run, and where it runs.
  const Case settings = read_case(world, find_settings(options.case_path, "cases"), options.overrides);
  const Network network = ask_network(world);
  MachineReport machine = look_at_machine(world);
  keep_what_spoils(network, machine.warnings);
  PhaseClock clock;
  Computing computing(world, network, options, settings, clock);

  // 2. The workload; every mistake in the case or the options shows before anything is written or timed.
  const std::unique_ptr<Workload> workload = make_workload(world, settings, clock);
  petsc.require_options_used();

  // 3. The file, before the first step: an output that cannot be written costs no computing.
  ClockModel aligned = network.virtual_time() ? ClockModel{} : align_clock(world);  // logical clocks are one
  const ClockQuality clocks = quality_of(world, aligned, network);
  const std::string path =
      options.output.empty() ? fmt::format("{}-{}ranks.h5", settings.name, ranks_in(world)) : options.output;
  Record record(world, path, options.force, header_of(world, settings, options, *workload, clocks, network, computing),
                machine);
  if (speaker) std::ranges::for_each(machine.warnings, warn);

  // 4. The steps.
  const StealMeter steal;
  Evidence evidence = take_steps(world, settings, *workload, clock, aligned, record, computing);
  computing.calibrate_smaller(world, settings, static_cast<std::int64_t>(evidence.solver.begin()->second.size()),
                              clock);

  // 5. The verdict.
  evidence.profiles = workload->profiles();
  evidence.cells = std::accumulate(settings.cells.begin(), settings.cells.end(), 1.0, std::multiplies<>());
  gather_results(settings, *workload, evidence);
  const Verdict verdict = judge(settings, evidence);
  RecordEnd end{verdict.valid(), verdict.reasons, machine.warnings, verdict.checks, evidence.profiles};
  describe_network_at_end(ask_network(world), end);
  end.extra["ended_early"] = evidence.stopped;
  // The larger of the error at the start and the drift since.
  if (!network.virtual_time()) aligned.residual = clock_residual(world, aligned);
  end.extra["clock_residual_seconds"] =
      seconds_text(std::max(clocks.residual, quality_of(world, aligned, network).residual));
  if (const std::string stolen = steal_warning(world, steal); !stolen.empty()) {
    end.warnings.push_back(stolen);
    if (speaker) warn(stolen);
  }
  record.finish(end);
  computing.write_calibration(world, options, settings, machine);

  // 6. The summary, read back from the file: `show` prints the same.
  if (speaker) {
    fmt::print("{}", summary(read_run_file(path), path));
    std::fflush(stdout);
  }
  return verdict.valid() ? ExitCode::ok : ExitCode::result_invalid;
}

}  // namespace haloscope
