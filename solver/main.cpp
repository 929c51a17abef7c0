// SPDX-License-Identifier: BSD-3-Clause
// The command line. `run` and `probe` are started by mpirun or srun and use MPI; every other command works where MPI
// does not.
#include <fmt/format.h>
#include <mpi.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "haloscope/base/build_info.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/border/protocol.hpp"
#include "haloscope/border/under.hpp"
#include "haloscope/command/report.hpp"
#include "haloscope/command/usage.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/launch/command.hpp"
#include "haloscope/network/catalogue.hpp"
#include "haloscope/probe/probe.hpp"
#include "haloscope/record/record.hpp"
#include "haloscope/record/summary.hpp"
#include "haloscope/run/run.hpp"

namespace {

using namespace haloscope;

/// Why that is no time to spend, empty when it is.
std::string seconds_objection(const std::string& text) {
  const double seconds = std::strtod(text.c_str(), nullptr);
  return seconds >= 0.1 && seconds <= 86400 ? "" : text + ": must be a number from 0.1 to 86400";
}

struct CommandLine {
  CLI::App app{"What interconnect latency and jitter cost tightly coupled solvers."};
  CLI::App* run = nullptr;
  CLI::App* show = nullptr;
  CLI::App* report = nullptr;
  CLI::App* under = nullptr;
  CLI::App* networks = nullptr;
  CLI::App* probe = nullptr;
  CLI::App* study = nullptr;
  RunOptions options;
  UnderOptions under_options;
  ReportOptions report_options;
  ProbeOptions probe_options;
  StudyOptions study_options;
  NetworkOptions network;  ///< of run
  std::string steps, seed, shown, wanted_network;
  std::vector<std::string> network_overrides;

  CommandLine() {
    app.require_subcommand(1);
    app.set_version_flag("--version", fmt::format("haloscope {} ({})", build_info::version, build_info::git_commit));
    app.footer("haloscope COMMAND --help tells more. mpirun or srun start `run` and `probe`; the others need no MPI.");
    run = app.add_subcommand("run", "Run a case: solve it, time every step of every rank, check the result");
    run->add_option("CASE", options.case_path, "The case to run")->required()->type_name("");
    run->add_option("--set", options.overrides, "Override a value of the case; may be given many times")
        ->type_name("TABLE.KEY=VALUE")
        ->allow_extra_args(false);
    run->add_option("--steps", steps, "Most steps to take: --set run.steps=N")->type_name("N");
    run->add_option("--seed", seed, "Seed of random numbers, and of the network's delays")->type_name("N");
    run->add_option("--output", options.output, "Run file [NAME-Nranks.h5]")->type_name("FILE.h5");
    run->add_flag("--force", options.force, "Overwrite the run file if it exists");
    add_network(run, network);
    run->add_option("--compute", network.compute, "What computing takes, in virtual time [cpu]")
        ->type_name("cpu|model|FILE");
    run->add_option("--calibrate", options.calibrate, "Write a model of this machine's computing for --compute")
        ->type_name("FILE.toml");
    run->footer(run_examples);
    show = app.add_subcommand("show", "Print the summary of a run file or a probe file, as the run did");
    show->add_option("FILE", shown, "The run file or probe file")->required()->type_name("");
    add_probe();
    add_study();
    add_report();
    add_under();
    add_networks();
    for (CLI::App* const part : {&app, run, probe, study, report, show, under, networks})
      part->formatter(std::make_shared<HelpFormatter>());
  }

  void add_probe() {
    probe = app.add_subcommand("probe", "Measure the network, the noise and the memory there are; write a profile");
    probe->add_option("--output", probe_options.output, "File for everything measured")->type_name("FILE.h5");
    probe->add_option("--write-profile", probe_options.profile, "File for the profile")->type_name("FILE.toml");
    probe->add_option("--seconds", probe_options.seconds, "Time to spend, roughly [30]")
        ->type_name("S")
        ->check([](const std::string& text) { return seconds_objection(text); });
    probe->add_flag("--force", probe_options.force, "Overwrite the files if they exist");
    probe->footer(probe_examples);
  }

  void add_study() {
    StudyOptions& to = study_options;
    study = app.add_subcommand("study", "Do a set of runs: many ranks, networks, settings, repeats");
    study->add_option("STUDY", to.study, "The study to do")->required()->type_name("");
    study->add_option("--output", to.output, "Folder for the runs")->type_name("DIR");
    study->add_option("--launcher", to.launcher, "mpirun here, or jobs [local]")->type_name("local|slurm");
    study->add_option("--site", to.site, "What the cluster wants of jobs [default]")->type_name("NAME|FILE.toml");
    study->add_flag("--dry-run", to.dry_run, "Print the runs and what they will cost, do none");
    study->add_flag("--resume", to.resume, "Go on in the folder, with all runs that are not done");
    study->add_flag("--submit-only", to.submit_only, "Leave once the jobs are submitted; --resume follows them");
    study->footer(study_examples);
  }

  void add_report() {
    report = app.add_subcommand("report", "Draw what a study or run files say, as one page");
    report->add_option("PATHS", report_options.paths, "A study's folder, or run files of one case")
        ->required()
        ->type_name("");
    report->add_option("--output", report_options.output, "Where to write [the study's folder, or report]")
        ->type_name("DIR");
    report->add_flag("--invalid", report_options.invalid, "Draw runs that failed their checks, too");
    report->footer(report_examples);
  }

  static void add_network(CLI::App* command, NetworkOptions& to) {
    command->add_option("--network", to.network, "The network to model")->type_name("PROFILE");
    command->add_option("--set-network", to.overrides, "Override a value of the profile; may be given many times")
        ->type_name("TABLE.KEY=VALUE")
        ->allow_extra_args(false);
    command->add_option("--clock", to.clock, "Logical clocks, or delays in real time [virtual]")
        ->type_name("virtual|real");
    command->add_option("--ranks-per-node", to.ranks_per_node, "Ranks that share a modelled node [1]")->type_name("N");
    command->add_option("--without", to.without, "Switch off: latency, bandwidth, jitter, noise")->type_name("LIST");
  }

  void add_under() {
    NetworkOptions& to = under_options.network;
    under = app.add_subcommand("under", "Run any MPI program on a modelled network, or record it");
    add_network(under, to);
    under->add_option("--seed", to.seed, "Seed of the delays [1]")->type_name("N");
    under->add_option("--compute", to.compute, "Computing takes the CPU's time, or what is announced [cpu]")
        ->type_name("cpu|announced");
    under->add_flag("--posix-clocks", to.posix_clocks, "The clocks and sleeps of POSIX follow it too");
    under->add_option("--record", under_options.record, "Run file: the whole program as one step")
        ->type_name("FILE.h5");
    under->add_flag("--force", under_options.force, "Overwrite the run file if it exists");
    under->footer(under_examples);
  }

  void add_networks() {
    networks = app.add_subcommand("networks", "List the interconnects that came with haloscope, or show one whole");
    CLI::Option* const name =
        networks->add_option("NAME", wanted_network, "One of them, or a profile's file; left out: all, as a table")
            ->type_name("");
    networks->add_option("--set", network_overrides, "Override a value of the profile; may be given many times")
        ->type_name("TABLE.KEY=VALUE")
        ->allow_extra_args(false)
        ->needs(name);
    networks->footer(networks_examples);
  }

  /// Everything before `--` is ours. @throws CLI::ParseError
  void parse(const std::vector<std::string>& arguments) {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them last first
    if (!steps.empty()) options.overrides.push_back("run.steps=" + steps);
    if (!seed.empty()) options.overrides.push_back("run.seed=" + seed);
  }

  /// Tells the interconnect library, which asks when MPI starts, of the network of a run. @throws UserError
  void choose_network() {
    if (!options.calibrate.empty()) {
      if (!network.network.empty()) throw UserError("--calibrate: measures on no network: leave --network out");
      if (!network.compute.empty()) throw UserError("--calibrate: measures computing: leave --compute out");
      network.network = "ideal";
      network.without = "noise";
    }
    if (!network.network.empty()) network.seed = seed;
    if (network.compute != "cpu") options.compute = network.compute;
    set_environment(network_environment(network));
  }
};

/// Help and version on standard output; a mistake as one line, by rank 0 alone.
ExitCode explain(const CommandLine& line, const CLI::ParseError& error, bool speaker) {
  if (error.get_exit_code() == 0) return static_cast<ExitCode>(line.app.exit(error));
  if (speaker) {
    std::string command = "haloscope";
    for (const CLI::App* const part : line.app.get_subcommands()) command += " " + part->get_name();
    std::string what = error.what();
    std::ranges::replace(what, '\n', ' ');
    fmt::print(stderr, "haloscope: {}; see {} --help\n", what, command);
  }
  return ExitCode::user_error;
}

/// MPI from here to the end of main.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv) {
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Pcontrol(pcontrol::describe, 0,
                 nullptr);  // this program tells its user of the network itself: no report at the end
  }
  ~MpiSession() { MPI_Finalize(); }
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;
  [[nodiscard]] int rank() const noexcept { return rank_; }
  /// Rank 0's answer. What only others find wrong (a profile that does not lie on their node) is no matter: rank 0
  /// reads.
  [[nodiscard]] static bool of_rank_0(bool mine) {
    int answer = mine ? 1 : 0;
    MPI_Pcontrol(pcontrol::pause);  // a modelled network is not to see this message
    MPI_Bcast(&answer, 1, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Pcontrol(pcontrol::go_on);
    return answer != 0;
  }

 private:
  int rank_ = 0;
};

/// What a failure that is no mistake of the user becomes. It may be one rank's alone while the others wait for it, so
/// only MPI_Abort ends them all. As the terminate handler it comes before any destructor: closing the run file or PETSc
/// is collective and would wait for ever.
[[noreturn]] void abort_all_ranks() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
    fmt::print(stderr, "haloscope: rank {}: terminated without an exception\n", rank);
  } catch (const std::exception& error) {
    fmt::print(stderr, "haloscope: rank {}: {}\n", rank, error.what());
  }
  std::fflush(stderr);
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::library_error));
  std::_Exit(static_cast<int>(ExitCode::library_error));
}

/// The commands that mpirun starts. A mistake of the user is the same on all ranks: all leave quietly, rank 0 says why.
ExitCode run_on_ranks(int argc, char** argv, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& petsc_options) {
  CommandLine line;
  std::exception_ptr mistake;
  try {
    line.parse(arguments);
    line.choose_network();
  } catch (...) {
    mistake = std::current_exception();
  }
  const MpiSession mpi(&argc, &argv);
  std::set_terminate(abort_all_ranks);
  try {
    if (mpi.of_rank_0(mistake != nullptr)) {
      if (!mistake) return ExitCode::user_error;
      std::rethrow_exception(mistake);
    }
    for (int i = 0; i < argc; ++i) line.options.command_line += (i == 0 ? "" : " ") + std::string(argv[i]);
    const Communicator world = make_communicator(MPI_COMM_WORLD);
    if (line.probe->parsed()) {
      if (!petsc_options.empty()) throw UserError(petsc_options.front() + ": probe takes nothing after --");
      line.probe_options.command_line = line.options.command_line;
      return probe(world.get(), line.probe_options);
    }
    const PetscSession petsc(petsc_options);
    return run(world.get(), petsc, line.options);
  } catch (const CLI::ParseError& error) {
    return explain(line, error, mpi.rank() == 0);
  } catch (const UserError& error) {
    if (mpi.rank() == 0) fmt::print(stderr, "haloscope: {}\n", error.what());
    return ExitCode::user_error;
  }
}

ExitCode run_here(const std::vector<std::string>& arguments, const std::vector<std::string>& command) {
  CommandLine line;
  try {
    line.parse(arguments);
    line.under_options.command = command;
    if (line.under->parsed()) under(line.under_options);
    if (line.report->parsed()) report(line.report_options);
    if (line.study->parsed()) {
      if (!command.empty()) throw UserError(command.front() + ": study takes nothing after --");
      return run_study(line.study_options);
    }
    if (line.show->parsed() && is_probe_file(line.shown))
      fmt::print("{}  {}\n", read_probe_table(line.shown), line.shown);
    else if (line.show->parsed())
      fmt::print("{}", summary(read_run_file(line.shown), line.shown));
    if (line.networks->parsed()) {
      fmt::print("{}", line.wanted_network.empty()
                           ? networks_table(shipped_profiles())
                           : network_details(read_profile(find_profile(line.wanted_network), line.network_overrides)));
    }
    return ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    return explain(line, error, true);
  } catch (const UserError& error) {
    fmt::print(stderr, "haloscope: {}\n", error.what());
    return ExitCode::user_error;
  } catch (const std::exception& error) {
    fmt::print(stderr, "haloscope: {}\n", error.what());
    return ExitCode::library_error;
  }
}

}  // namespace

int main(int argc, char** argv) {
  // 1. Ours before `--`; after it PETSc's, or a command of others.
  const std::vector<std::string> all(argv + 1, argv + argc);
  const auto dashes = std::ranges::find(all, "--");
  const std::vector<std::string> ours(all.begin(), dashes);
  const std::vector<std::string> theirs(dashes == all.end() ? dashes : dashes + 1, all.end());

  // 2. Only `run` and `probe` need MPI, and their help does not.
  const bool help = std::ranges::any_of(ours, [](const std::string& word) { return word == "--help" || word == "-h"; });
  const bool on_ranks = !ours.empty() && (ours.front() == "run" || ours.front() == "probe") && !help;

  // 3. The exit code says how it went.
  return static_cast<int>(on_ranks ? run_on_ranks(argc, argv, ours, theirs) : run_here(ours, theirs));
}
