// SPDX-License-Identifier: BSD-3-Clause
// `run` and `probe` are started by mpirun or srun and use MPI; every other command works where MPI does not.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "command/command_line.hpp"
#include "command/mpi_session.hpp"
#include "command/outcome.hpp"
#include "command/reference.hpp"
#include "command/report.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/network/catalogue.hpp"
#include "haloscope/problems/problems.hpp"
#include "haloscope/record/record.hpp"

namespace {

using namespace haloscope;
using Words = std::vector<std::string>;

/// The commands that mpirun starts. A mistake of the user is the same on all ranks: all leave quietly, rank 0 says why.
ExitCode run_on_ranks(int argc, char** argv, const Words& ours, const Words& petsc_options) {
  // 1. What was typed is understood before MPI starts: MPI_Init loads the network that it names. A mistake waits until
  //    the ranks can agree on it, for only one of them shall speak.
  CommandLine line;
  std::exception_ptr mistake;
  try {
    line = parse_command_line(ours);
    set_environment(network_environment(line.network));
  } catch (...) {
    mistake = std::current_exception();
  }
  const MpiSession mpi(&argc, &argv);
  const bool speaker = rank_in(mpi.world()) == 0;
  try {
    // 2. Errors on other ranks are ignored (their node may lack the file): only rank 0 reads it.
    if (mpi.of_rank_0(mistake != nullptr)) {
      if (!mistake) return ExitCode::user_error;
      std::rethrow_exception(mistake);
    }
    // 3. The command.
    line.run.command_line = line.probe.command_line = fmt::format("{}", fmt::join(argv, argv + argc, " "));
    if (line.command == "probe") {
      if (!petsc_options.empty()) throw UserError(petsc_options.front() + ": probe takes nothing after --");
      return probe(mpi.world(), line.probe);
    }
    const PetscSession petsc(petsc_options);
    return run(mpi.world(), petsc, line.run);
  } catch (const HelpAsked& help) {
    fmt::print("{}", help.what());
    return ExitCode::ok;
  } catch (const UserError& error) {
    if (speaker) fmt::print(stderr, "haloscope: {}\n", error.what());
    return ExitCode::user_error;
  }
}

/// The others.
ExitCode run_here(const Words& ours, const Words& after_dashes) {
  try {
    CommandLine line = parse_command_line(ours);
    line.under.command = after_dashes;
    if (line.command == "under") under(line.under);
    if (line.command == "report") report(line.report);
    if (line.command == "study") {
      if (!after_dashes.empty()) throw UserError(after_dashes.front() + ": study takes nothing after --");
      return run_study(line.study, read_outcome);
    }
    if (line.command == "show" && is_probe_file(line.shown))
      fmt::print("{}  {}\n", read_probe_table(line.shown), line.shown);
    else if (line.command == "show")
      fmt::print("{}", summary(read_run_file(line.shown), line.shown));
    if (line.command == "networks" && line.networks_name.empty())
      fmt::print("{}", networks_table(shipped_profiles()));
    else if (line.command == "networks")
      fmt::print("{}", network_details(read_profile(find_profile(line.networks_name), line.networks_overrides)));
    if (line.command == "keys") fmt::print("{}", reference_page(line.keys_of));
    return ExitCode::ok;
  } catch (const HelpAsked& help) {
    fmt::print("{}", help.what());
    return ExitCode::ok;
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
  const Words all(argv + 1, argv + argc);
  const auto dashes = std::ranges::find(all, "--");
  const Words ours(all.begin(), dashes), theirs(dashes == all.end() ? dashes : dashes + 1, all.end());

  // 2. What it can repeat.
  set_problems(all_problems());

  // 3. Only `run` and `probe` need MPI, and their help does not.
  const bool help = std::ranges::any_of(ours, [](const std::string& word) { return word == "--help" || word == "-h"; });
  const bool on_ranks = !ours.empty() && (ours.front() == "run" || ours.front() == "probe") && !help;

  // 4. The exit code says how it went.
  return static_cast<int>(on_ranks ? run_on_ranks(argc, argv, ours, theirs) : run_here(ours, theirs));
}
