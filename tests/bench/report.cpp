// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <fstream>

#include "haloscope/base/build_info.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/machine/machine.hpp"

namespace haloscope::bench {

namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  char buffer[32];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return buffer;
}

std::string load_average() {
  std::ifstream file("/proc/loadavg");
  std::string minute;
  return file >> minute ? minute : "unknown";
}

std::string fact(const MachineReport& machine, const std::string& key) {
  const auto found = machine.facts.find(key);
  return found == machine.facts.end() ? "unknown" : found->second;
}

}  // namespace

Report::Report(MPI_Comm comm, int argc, char** argv) : comm_(comm) {
  int ranks = 1;
  check_mpi(MPI_Comm_rank(comm, &rank_));
  check_mpi(MPI_Comm_size(comm, &ranks));
  const MachineReport machine = look_at_machine(comm);
  const std::string path = argv[0];
  std::string command = fmt::format("mpirun -n {} {}", ranks, path.substr(path.rfind('/') + 1));
  for (int i = 1; i < argc; ++i) command += fmt::format(" {}", argv[i]);
  line(fmt::format("command   {}", command));
  line(fmt::format("date      {}", utc_now()));
  line(fmt::format("code      haloscope {}, commit {}", build_info::version, build_info::git_commit));
  line(fmt::format("compiler  {}, {}", build_info::compiler, build_info::compiler_flags));
  line(fmt::format("machine   {}, {} cores, {} GiB, hypervisor {}, transport {}", fact(machine, "cpu_model"),
                   fact(machine, "cores"), fact(machine, "memory_gib"), fact(machine, "hypervisor"),
                   fact(machine, "mpi_transport")));
  line(fmt::format("load      {} (one-minute average before the run; above 0.5 something else was running)",
                   load_average()));
  for (const std::string& warning : machine.warnings) line(fmt::format("warning   {}", warning));
}

TriadBandwidth Report::print_triad(int mebibytes) const {
  const TriadBandwidth triad = measure_triad(comm_, mebibytes);
  line(fmt::format(
      "STREAM    triad {:.1f} GB/s on one rank, {:.1f} on all (three arrays of {} MiB a rank, 24 B an element)",
      triad.one_rank * 1e-9, triad.all_ranks * 1e-9, mebibytes));
  return triad;
}

void Report::line(const std::string& text) const {
  if (rank_ != 0) return;
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void Report::target(const std::string& what, const std::string& rule, double value, bool met) {
  line(fmt::format("target    {}: {:.3g}, {}: {}", what, value, rule,
                   !judge_ ? "not judged in a short run"
                   : met   ? "met"
                           : "MISSED"));
  failed_ = failed_ || (judge_ && !met);
}

void Report::at_least(const std::string& what, double value, double target_value) {
  target(what, fmt::format("at least {:g}", target_value), value, value >= target_value);
}

void Report::at_most(const std::string& what, double value, double target_value) {
  target(what, fmt::format("at most {:g}", target_value), value, value <= target_value);
}

void Report::check(const std::string& what, bool holds) {
  if (holds) return;
  line(fmt::format("WRONG     {}", what));
  failed_ = true;
}

int run_benchmark(int argc, char** argv, CommandLine& line, const std::function<void(Report&)>& body) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  ExitCode code = ExitCode::ok;
  if (int stop = 0; !line.parse(argc, argv, rank == 0, stop)) {
    MPI_Finalize();
    return stop;
  }
  try {
    const PetscSession petsc({});
    Report report(MPI_COMM_WORLD, argc, argv);
    body(report);
    code = report.exit_code();
  } catch (const UserError& mistake) {
    if (rank == 0) fmt::print(stderr, "{}\n", mistake.what());
    code = ExitCode::user_error;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "rank {}: {}\n", rank, failure.what());
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::library_error));
  }
  MPI_Finalize();
  return static_cast<int>(code);
}

}  // namespace haloscope::bench
