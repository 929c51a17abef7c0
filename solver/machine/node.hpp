// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file node.hpp
/// The inside of the machine room: one node as /proc, /sys and CPUID show it, and what of it spoils a measurement.
///
/// Everything here is a pure function of a folder (@p root is "" on a real machine, a made-up tree in tests) or of
/// plain values, but for hypervisor() and mpi_transport(), which ask this process; no hwloc. A file that is missing or
/// odd makes its fact "unknown". Some hundreds of small files are read at most, once a run. A container may hide or
/// fake what it likes; then the facts are those of the container.
#include <optional>
#include <string>
#include <vector>

#include "haloscope/machine/machine.hpp"

namespace haloscope {

inline constexpr const char* unknown = "unknown";

/// cpu_model, memory_gib, system, cpu_quota, governor, smt, nic_drivers, rdma_devices, kernel, transparent_huge_pages;
/// all of them always.
[[nodiscard]] Facts read_node_facts(const std::string& root);

/// The least CPU quota [cores] among the control groups of this process and those around it, of version 1 or 2; empty
/// without one. Ranks that sit in groups of their own each have their own answer.
[[nodiscard]] std::optional<double> cpu_quota(const std::string& root);

/// The hypervisor by CPUID leaf 0x40000000, "none" where CPUID says that there is none (it may lie), "unknown" on
/// processors that have no CPUID.
[[nodiscard]] std::string hypervisor();
/// Its product name for the twelve letters that CPUID gives, the letters themselves where it is not a known one.
[[nodiscard]] std::string hypervisor_name(const std::string& letters);

/// From /proc/stat; steal is NaN where the kernel does not tell.
[[nodiscard]] CpuTimes read_cpu_times(const std::string& root);

/// The communication components of Open MPI that the text of /proc/self/maps shows, as "pml ob1; btl self, tcp
/// (loaded)"; empty where it shows none.
[[nodiscard]] std::string transport_in_maps(const std::string& maps);
/// The same from names of MPI_T control variables, "pml_ob1_verbose" and so on; every name is of an open component.
[[nodiscard]] std::string transport_in_variables(const std::vector<std::string>& names);

/// What of the above is found in this process after MPI_Init; "unknown" where neither tells.
[[nodiscard]] std::string mpi_transport();

/// What spoils a measurement, in the order in which it is told.
enum class Nuisance { more_ranks_than_cores, shared_core, unbound, quota, governor };
inline constexpr int n_nuisances = 5;

/// What the warnings of one node are judged by. Cores are numbered 0 … n-1, hardware threads of a core are one.
struct NodeLoad {
  std::string host;
  std::vector<int> allowed_cores;             ///< that any rank of this node may use, ascending
  std::vector<std::vector<int>> bound_cores;  ///< of each rank, ascending
  int unbound_ranks = 0;
  std::optional<double> quota_cores;
  std::string governor = unknown;
};

/// One line for each nuisance, empty where the node has it not.
[[nodiscard]] std::vector<std::string> judge(const NodeLoad& node);

/// The warning for a share of stolen CPU time, empty up to 0.1 % and for NaN.
[[nodiscard]] std::string steal_warning(double share, const std::string& host);

}  // namespace haloscope
