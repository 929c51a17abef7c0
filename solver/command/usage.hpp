// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file usage.hpp
/// Inside the command line: what --help says beside the options.
#include <CLI/CLI.hpp>
#include <string>

namespace haloscope {

inline constexpr const char* run_examples =
    "CASE is a file, or the name of a case that came with haloscope: cavity, taylor_green, poisson, ...\n"
    "What follows -- goes to PETSc; an option that PETSc does not use is an error.\n"
    "Standard output gets the summary, standard error all other words. Exit code: 0 valid, 2 wrong\n"
    "input, 3 a library or the machine failed, 4 the result failed its checks. mpirun itself comments\n"
    "on every code but 0.\n\n"
    "Examples:\n"
    "  mpirun -n 2 haloscope run cavity\n"
    "  mpirun -n 8 haloscope run poisson --set 'grid.cells=[64, 64, 64]' --steps 20 --output p8.h5\n"
    "  mpirun -n 8 haloscope run my_case.toml --set halo.method=neighbor-collective --force\n"
    "  mpirun -n 8 haloscope run poisson -- -ksp_type pipecg -ksp_view\n";

inline constexpr const char* probe_examples =
    "Measures half round trips of pairs of ranks, message sizes, collectives over all ranks, detours of\n"
    "cores and memory bandwidth. Standard output gets the table. The profile that it writes is one for\n"
    "--network. Give every rank a core of its own, and start two on each node to measure that path too.\n\n"
    "Examples:\n"
    "  mpirun -n 2 haloscope probe\n"
    "  srun -N 16 --ntasks-per-node 2 haloscope probe --seconds 120 --output probe.h5\n"
    "  mpirun -n 2 haloscope probe --write-profile mine.toml\n"
    "  haloscope under --network mine.toml -- mpirun -n 2 haloscope probe\n";

inline constexpr const char* under_examples =
    "PROFILE is a file, or the name of a profile that came with haloscope. The command is run as it\n"
    "stands, and its exit code is the one returned; it may be any that starts programs linked\n"
    "dynamically with MPI. Rank 0 reports on standard error when MPI ends.\n\n"
    "Examples:\n"
    "  haloscope under --network ideal -- mpirun -n 64 ./solver\n"
    "  haloscope under --network ideal --ranks-per-node 8 --record solver.h5 -- mpirun -n 64 ./solver\n"
    "  haloscope under --network my.toml --without jitter,noise -- mpirun -n 8 python3 program.py\n"
    "  haloscope under --record native.h5 -- srun ./solver\n";

inline constexpr const char* networks_examples =
    "Examples:\n"
    "  haloscope networks\n"
    "  haloscope networks tcp-ena-aws-c5-18xlarge\n"
    "  haloscope networks synthetic --set between_nodes.half_round_trip_us=25\n";

inline constexpr const char* study_examples =
    "STUDY is a file, or the name of a study that came with haloscope: rdma_vs_virtualized, krylov, ...\n"
    "The folder gets study.toml, manifest.json, and of each run a run file and a log. Exit code: 0 all\n"
    "runs done, 2 wrong input, 3 the machine failed, 4 some runs failed, are invalid or were not reached.\n\n"
    "Examples:\n"
    "  haloscope study rdma_vs_virtualized --dry-run\n"
    "  haloscope study rdma_vs_virtualized --output results/rdma\n"
    "  haloscope study rdma_vs_virtualized --output results/rdma --resume\n"
    "  haloscope study my_study.toml --output results/mine --launcher slurm --site my_site.toml\n";

inline constexpr const char* report_examples =
    "Writes report.html (one file, opens anywhere), figures/, efficiency.csv and summary.json. Run files\n"
    "of one case are put into series by what was set. Invalid and failed runs are listed, not drawn.\n"
    "HALOSCOPE_PYTHON names the Python to use [/usr/bin/python3].\n\n"
    "Examples:\n"
    "  haloscope report results/study\n"
    "  haloscope report cavity-1.h5 cavity-2.h5 cavity-4.h5 --output report\n";

/// CLI11's layout with our own first line and without its notes on types.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(28); }
  std::string make_usage(const CLI::App* app, std::string) const override {
    const std::string command = app->get_name();
    if (command == "run") return "Usage: haloscope run CASE [options] [-- PETSc options]\n";
    if (command == "probe") return "Usage: haloscope probe [options]\n";
    if (command == "under") return "Usage: haloscope under --network PROFILE [options] -- COMMAND...\n";
    if (command == "study") return "Usage: haloscope study STUDY --output DIR [options]\n";
    if (command == "networks") return "Usage: haloscope networks [NAME [--set TABLE.KEY=VALUE]]\n";
    if (command == "report") return "Usage: haloscope report DIR|FILE.h5... [--output DIR]\n";
    if (command == "show") return "Usage: haloscope show FILE.h5\n";
    return "Usage: haloscope COMMAND ...\n";
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }
};

}  // namespace haloscope
