// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/border/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "haloscope/base/clock_alignment.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/border/asked_network.hpp"
#include "haloscope/machine/machine.hpp"
#include "haloscope/record/record.hpp"
#include "run/network_record.hpp"

namespace haloscope {

namespace {

/// The words of this process, joined by blanks.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  while (!words.empty() && words.back() == '\0') words.pop_back();
  std::ranges::replace(words, '\0', ' ');
  return words;
}

std::string program_name() {
  const std::string words = command_line();
  return std::filesystem::path(words.substr(0, words.find(' '))).filename().string();
}

StepTimes step_of(const ProgramRun& run, const Network& network) {
  constexpr auto all = static_cast<std::size_t>(Phase::other);
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  StepTimes times;
  times.start = run.start_seconds;
  times.seconds = times.phase_seconds[all] = run.seconds;
  times.point_to_point_seconds[all] = run.point_to_point_seconds;
  times.collective_seconds[all] = run.collective_seconds;
  times.compute_seconds[all] = network.virtual_time() ? run.compute_seconds : unknown;
  times.ideal_seconds[all] = network.virtual_time() ? run.ideal_seconds : unknown;
  times.messages[all] = run.messages;
  times.bytes[all] = run.bytes;
  times.collectives[all] = run.collectives;
  return times;
}

void record(MPI_Comm world, const ProgramRun& run) {
  const Communicator comm = make_communicator(world);
  const Network network = ask_network(comm.get());
  MachineReport machine = look_at_machine(comm.get());
  keep_what_spoils(network, machine.warnings);
  const ClockModel aligned = network.virtual_time() ? ClockModel{} : align_clock(comm.get());
  double origin = aligned(run.start_seconds);
  int force = run.force;
  check_mpi(MPI_Bcast(&origin, 1, MPI_DOUBLE, 0, comm.get()));
  check_mpi(MPI_Bcast(&force, 1, MPI_INT, 0, comm.get()));

  RecordHeader header;
  header.case_name = program_name();
  header.command_line = command_line();
  header.steps = 1;
  header.extra["clock_uncertainty_seconds"] = fmt::format("{:.3g}", aligned.uncertainty);
  header.extra_numbers["ranks"] = ranks_in(comm.get());
  describe_network(network, header);
  Record file(comm.get(), run.path, force != 0, header, machine);
  file.append(step_of(run, network), aligned(run.start_seconds) - origin, {});
  RecordEnd end;
  end.valid = true;
  end.warnings = machine.warnings;
  describe_network_at_end(network, end);
  file.finish(end);
}

}  // namespace

}  // namespace haloscope

extern "C" __attribute__((visibility("default"))) int haloscope_record_program(MPI_Comm world,
                                                                               const haloscope::ProgramRun* run) {
  using namespace haloscope;
  int rank = 0;
  MPI_Comm_rank(world, &rank);
  try {
    record(world, *run);
    if (rank == 0) fmt::print(stderr, "haloscope: recorded in {}\n", run->path);
    return 0;
  } catch (const UserError& error) {  // the same on all ranks
    if (rank == 0) fmt::print(stderr, "haloscope: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "haloscope: rank {}: {}\n", rank, error.what());
  }
  return 1;
}
