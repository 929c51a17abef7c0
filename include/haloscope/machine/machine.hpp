// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file machine.hpp
/// Where the run ran: each rank's place (hwloc), the machine's facts, and warnings about those that spoil a
/// measurement.
///
/// Facts come from hwloc, CPUID, /proc and /sys; a fact that cannot be read is "unknown", never guessed. Node facts
/// are read by the lowest rank of each node; a fact that differs between nodes is listed with its values and the count
/// of nodes of each, up to eight values. Nodes compare by reductions; none gathers the facts of all others.
#include <mpi.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

namespace haloscope {

using Facts = std::map<std::string, std::string>;  ///< by name

/// Where this rank runs.
struct RankPlace {
  std::string host;
  std::vector<int> logical_cores;  ///< operating system numbers of the hardware threads it may use
  bool bound = false;              ///< to less than the node allows, or to one core
  int numa_node = -1;              ///< -1: several or unknown
  int package = -1;                ///< likewise
};

/// Cores as Slurm and taskset write them: 0-3,8.
[[nodiscard]] std::string core_list(const std::vector<int>& cores);

struct MachineReport {
  RankPlace place;  ///< of this rank; the rest is the same on all ranks
  /// Those of read_node_facts, and hypervisor, packages, numa_nodes, cores, allowed_cores, hardware_threads,
  /// mpi_transport.
  Facts facts;
  std::string topology_xml;  ///< hwloc XML of rank 0's node
  int nodes = 1;
  int ranks_per_node = 1;             ///< the largest
  std::vector<std::string> warnings;  ///< each one line, each kind once
};

/// Looks. Collective over @p comm.
[[nodiscard]] MachineReport look_at_machine(MPI_Comm comm);

/// CPU time of the node since it started, in the kernel's ticks (10 ms as a rule).
struct CpuTimes {
  double steal = std::numeric_limits<double>::quiet_NaN(), total = 0;
};

/// CPU time stolen by the hypervisor over an interval, as a share of all CPU time of the node.
class StealMeter {
 public:
  /// Starts. @p root: of the files of the system; another than "" in tests.
  explicit StealMeter(std::string root = "");
  /// Since construction; NaN where the kernel does not tell. Not collective.
  [[nodiscard]] double share() const;

 private:
  std::string root_;
  CpuTimes start_;
};

/// The warning for a steal share above 0.1 %, empty otherwise. Collective: the worst rank counts.
[[nodiscard]] std::string steal_warning(MPI_Comm comm, const StealMeter& meter);

}  // namespace haloscope
