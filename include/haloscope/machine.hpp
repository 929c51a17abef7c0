// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file machine.hpp
/// Where the run ran: each rank's place (hwloc), the machine's facts, and what about them spoils a measurement.
///
/// Facts come from hwloc, CPUID, /proc and /sys; what cannot be read is said as "unknown", never guessed. Node facts
/// are read by the lowest rank of each node; a fact that differs between nodes is listed with every value and its count
/// of nodes.
#include <mpi.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace haloscope {

/// Where this rank runs.
struct RankPlace {
  std::string host;
  std::vector<int> logical_cores;  ///< operating system numbers of the cores bound to; all when unbound
  bool bound = false;              ///< to less than the whole machine
  int numa_node = -1;              ///< -1: several or unknown
  int package = -1;                ///< likewise
};

struct MachineReport {
  RankPlace place;  ///< of this rank; the rest is the same on all ranks
  std::map<std::string, std::string>
      facts;                 ///< cpu_model, hypervisor, cpu_quota, governor, nic_drivers, rdma_devices, …
  std::string topology_xml;  ///< hwloc XML of rank 0's node
  int nodes = 1;
  int ranks_per_node = 1;             ///< the largest
  std::vector<std::string> warnings;  ///< each one line, each kind once
};

/// Looks. Collective over @p comm.
[[nodiscard]] MachineReport look_at_machine(MPI_Comm comm);

/// CPU time stolen by the hypervisor over an interval, as a share of all CPU time of the node.
class StealMeter {
 public:
  StealMeter();
  /// Since construction; NaN where the kernel does not tell. Not collective.
  [[nodiscard]] double share() const;

 private:
  double steal_, total_;
};

/// The warning for a steal share above 0.1 %, empty otherwise. Collective: the worst rank counts.
[[nodiscard]] std::string steal_warning(MPI_Comm comm, const StealMeter& meter);

}  // namespace haloscope
