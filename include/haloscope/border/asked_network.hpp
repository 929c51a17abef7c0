// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file asked_network.hpp
/// The network that the ranks run on, as the interconnect library describes it: the physics never sees it, the run file
/// must.
///
/// Asked through MPI_Pcontrol (solver/interconnect/README.md), so a run started under `haloscope under` says the same
/// as one started with --network. Where no library listens, or it only records, the network is native.
#include <mpi.h>

#include <cstdint>
#include <map>
#include <string>

namespace haloscope {

struct Network {
  std::string clock = "native";  ///< native, real or virtual
  std::string name = "native";   ///< of the profile
  std::string hash, profile;     ///< of the profile: its canonical text on rank 0, and the hash of that text
  std::string without;           ///< ingredients switched off, joined by commas
  std::string compute;           ///< what computing takes: native, cpu (time of the thread) or announced
  std::string clock_residual_seconds;
  std::int64_t seed = 1, ranks_per_node = 1;
  bool posix_clocks = false;  ///< follow the logical clock
  /// By name of the MPI call, summed over ranks since MPI_Init: calls that followed the order of real arrival, calls
  /// that took no modelled time. On rank 0.
  std::map<std::string, std::int64_t> inexact, free;

  [[nodiscard]] bool modelled() const noexcept { return clock != "native"; }
  [[nodiscard]] bool virtual_time() const noexcept { return clock == "virtual"; }
};

/// Asks. Collective over @p comm; gathers some hundred bytes of each rank on rank 0.
[[nodiscard]] Network ask_network(MPI_Comm comm);

/// "MPI_Iprobe 3, MPI_Waitany 12"; empty for none.
[[nodiscard]] std::string call_counts(const std::map<std::string, std::int64_t>& counts);

}  // namespace haloscope
