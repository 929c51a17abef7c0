// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file node.hpp
/// Inside the machine wing: one node as /proc, /sys and CPUID show it, and its nuisances for a measurement.
///
/// Functions here are pure: they take a folder (@p root is "" on a real machine, a made-up tree in tests) or plain
/// values. Only hypervisor() and mpi_transport() ask this process. None needs hwloc. A missing or odd file makes its
/// fact "unknown". A run reads some hundreds of small files, once. In a container the facts are those that the
/// container shows.
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

/// The components of this process after MPI_Init, by the first way that tells; else "unknown".
[[nodiscard]] std::string mpi_transport();

/// Things that spoil a measurement, in the order in which they are told.
enum class Nuisance { more_ranks_than_cores, shared_core, unbound, quota, governor };
inline constexpr int n_nuisances = 5;

/// The facts from which one node's warnings follow. Cores are numbered 0 … n-1, hardware threads of a core are one.
struct NodeLoad {
  std::string host;
  std::vector<int> allowed_cores;             ///< that any rank of this node may use, ascending
  std::vector<std::vector<int>> bound_cores;  ///< of each rank, ascending
  int unbound_ranks = 0;
  std::optional<double> quota_cores;
  std::string governor = unknown;
};

/// One line for each nuisance, empty where the node does not have it.
[[nodiscard]] std::vector<std::string> judge(const NodeLoad& node);

/// The warning for a share of stolen CPU time, empty up to 0.1 % and for NaN.
[[nodiscard]] std::string steal_warning(double share, const std::string& host);

}  // namespace haloscope
