// SPDX-License-Identifier: BSD-3-Clause
#include "command/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "command/reference.hpp"
#include "command/usage.hpp"
#include "haloscope/base/build_info.hpp"

namespace haloscope {

namespace {

/// Why that is no time to spend, empty when it is.
std::string seconds_objection(const std::string& text) {
  const double seconds = std::strtod(text.c_str(), nullptr);
  return seconds >= 0.1 && seconds <= 86400 ? "" : text + ": must be a number from 0.1 to 86400";
}

/// The commands and their options, each bound to its place in a CommandLine.
class Parser {
 public:
  Parser() {
    app_.formatter(std::make_shared<HelpFormatter>());  // and so of every command that is added
    app_.require_subcommand(1);
    app_.set_version_flag("--version", fmt::format("haloscope {} ({})", build_info::version, build_info::git_commit));
    app_.footer("haloscope COMMAND --help tells more. mpirun or srun start `run` and `probe`; the others need no MPI.");
    add_run(line_.run, line_.network);
    add_show();
    add_probe(line_.probe);
    add_study(line_.study);
    add_report(line_.report);
    add_under(line_.under);
    add_networks();
    add_keys();
  }

  CommandLine parse(const std::vector<std::string>& words) {
    try {
      app_.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 wants them last first
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() != 0) throw UserError(mistake(error));
      std::ostringstream text;
      app_.exit(error, text, text);
      throw HelpAsked(text.str());
    }
    line_.command = app_.get_subcommands().front()->get_name();
    if (!steps_.empty()) line_.run.overrides.push_back("run.steps=" + steps_);
    if (!seed_.empty()) line_.run.overrides.push_back("run.seed=" + seed_);
    settle_network(line_.run, line_.network);
    return line_;
  }

 private:
  void add_run(RunOptions& to, NetworkOptions& network) {
    CLI::App* const run = add("run", "Run a case: solve it, time every step of every rank, check the result");
    run->add_option("CASE", to.case_path, "The case to run")->required()->type_name("");
    run->add_option("--set", to.overrides, "Override a value of the case; may be given many times")
        ->type_name("TABLE.KEY=VALUE")
        ->allow_extra_args(false);
    run->add_option("--steps", steps_, "Most steps to take: --set run.steps=N")->type_name("N");
    run->add_option("--seed", seed_, "Seed of random numbers, and of the network's delays")->type_name("N");
    run->add_option("--output", to.output, "Run file [NAME-Nranks.h5]")->type_name("FILE.h5");
    run->add_flag("--force", to.force, "Overwrite the run file if it exists");
    add_network(run, network);
    run->add_option("--compute", network.compute, "What computing takes, in virtual time [cpu]")
        ->type_name("cpu|model|FILE");
    run->add_option("--calibrate", to.calibrate, "Write a model of this machine's computing for --compute")
        ->type_name("FILE.toml");
    run->footer(run_examples);
  }

  void add_show() {
    add("show", "Print the summary of a run file or a probe file, as the run did")
        ->add_option("FILE", line_.shown, "The run file or probe file")
        ->required()
        ->type_name("");
  }

  void add_probe(ProbeOptions& to) {
    CLI::App* const probe = add("probe", "Measure the network, the noise and the memory there are; write a profile");
    probe->add_option("--output", to.output, "File for everything measured")->type_name("FILE.h5");
    probe->add_option("--write-profile", to.profile, "File for the profile")->type_name("FILE.toml");
    probe->add_option("--seconds", to.seconds, "Time to spend, roughly [30]")
        ->type_name("S")
        ->check([](const std::string& text) { return seconds_objection(text); });
    probe->add_flag("--force", to.force, "Overwrite the files if they exist");
    probe->footer(probe_examples);
  }

  void add_study(StudyOptions& to) {
    CLI::App* const study = add("study", "Do a set of runs: many ranks, networks, settings, repeats");
    study->add_option("STUDY", to.study, "The study to do")->required()->type_name("");
    study->add_option("--output", to.output, "Folder for the runs")->type_name("DIR");
    study->add_option("--launcher", to.launcher, "mpirun here, or jobs [local]")->type_name("local|slurm");
    study->add_option("--site", to.site, "What the cluster wants of jobs [default]")->type_name("NAME|FILE.toml");
    study->add_flag("--dry-run", to.dry_run, "Print the runs and what they will cost, do none");
    study->add_flag("--resume", to.resume, "Go on in the folder, with all runs that are not done");
    study->add_flag("--submit-only", to.submit_only, "Leave once the jobs are submitted; --resume follows them");
    study->footer(study_examples);
  }

  void add_report(ReportOptions& to) {
    CLI::App* const report = add("report", "Draw what a study or run files say, as one page");
    report->add_option("PATHS", to.paths, "A study's folder, or run files of one case")->required()->type_name("");
    report->add_option("--output", to.output, "Where to write [the study's folder, or report]")->type_name("DIR");
    report->add_flag("--invalid", to.invalid, "Draw runs that failed their checks, too");
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

  void add_under(UnderOptions& to) {
    CLI::App* const under = add("under", "Run any MPI program on a modelled network, or record it");
    add_network(under, to.network);
    under->add_option("--seed", to.network.seed, "Seed of the delays [1]")->type_name("N");
    under->add_option("--compute", to.network.compute, "Computing takes the CPU's time, or what is announced [cpu]")
        ->type_name("cpu|announced");
    under->add_flag("--posix-clocks", to.network.posix_clocks, "The clocks and sleeps of POSIX follow it too");
    under->add_option("--record", to.record, "Run file: the whole program as one step")->type_name("FILE.h5");
    under->add_flag("--force", to.force, "Overwrite the run file if it exists");
    under->footer(under_examples);
  }

  void add_networks() {
    CLI::App* const networks = add("networks", "List the interconnects that came with haloscope, or show one whole");
    CLI::Option* const name =
        networks->add_option("NAME", line_.networks_name, "One of them, or a profile's file; left out: all, as a table")
            ->type_name("");
    networks->add_option("--set", line_.networks_overrides, "Override a value of the profile; may be given many times")
        ->type_name("TABLE.KEY=VALUE")
        ->allow_extra_args(false)
        ->needs(name);
    networks->footer(networks_examples);
  }

  void add_keys() {
    add("keys", "Print the reference of all keys of one kind of file, as markdown")
        ->add_option("KIND", line_.keys_of, "profile, study, site or compute")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember(kinds_of_files()));
  }

  CLI::App* add(const std::string& command, const std::string& what) { return app_.add_subcommand(command, what); }

  /// What of the options of a run concerns its network.
  void settle_network(RunOptions& run, NetworkOptions& network) const {
    if (!run.calibrate.empty()) {
      if (!network.network.empty()) throw UserError("--calibrate: measures on no network: leave --network out");
      if (!network.compute.empty()) throw UserError("--calibrate: measures computing: leave --compute out");
      network.network = "ideal";
      network.without = "noise";
    }
    if (!network.network.empty()) network.seed = seed_;
    if (network.compute != "cpu") run.compute = network.compute;
  }

  /// As one line, with the command whose help says how it is done.
  [[nodiscard]] std::string mistake(const CLI::ParseError& error) const {
    std::string command = "haloscope";
    for (const CLI::App* const part : app_.get_subcommands()) command += " " + part->get_name();
    std::string what = error.what();
    std::ranges::replace(what, '\n', ' ');
    return fmt::format("{}; see {} --help", what, command);
  }

  CLI::App app_{"What interconnect latency and jitter cost tightly coupled solvers."};
  CommandLine line_;
  std::string steps_, seed_;  ///< of run
};

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& words) { return Parser().parse(words); }

}  // namespace haloscope
