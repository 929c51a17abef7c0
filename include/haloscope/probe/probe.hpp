// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file probe.hpp
/// Measures the network, the hosts' noise and the memory that the ranks really have, and makes a profile of them.
///
/// MPI's public interface and MPI_Wtime only: on a modelled network it measures the model. One pair of ranks speaks at
/// a time while all others sleep, so paths are measured idle; contention shows in the halo pattern and the collectives.
/// Messages about the measurement itself run while the interconnect library is paused (MPI_Pcontrol). The
/// method is that of netgauge and of Hoefler & Belli, SC15: single events are kept, warm-up is marked, medians and
/// tails are told. It cannot tell the two legs of a round trip apart, and it takes no less time than its smallest
/// sample: some seconds at least.
#include <mpi.h>

#include <string>

#include "haloscope/base/errors.hpp"

namespace haloscope {

struct ProbeOptions {
  std::string output, profile;  ///< files to write; empty: none
  double seconds = 30;          ///< to be spent, roughly
  bool force = false;           ///< overwrite them
  std::string command_line;
  int triad_mebibytes = 64;  ///< of each of three arrays a rank
};

/// Whether @p path is a probe file, and the table in it. @throws UserError when it is one but cannot be read
[[nodiscard]] bool is_probe_file(const std::string& path);
[[nodiscard]] std::string read_probe_table(const std::string& path);

/// The whole command: checks that its files can be written, measures, writes them, prints the table. Collective over
/// @p world. @throws UserError, LibraryError
[[nodiscard]] ExitCode probe(MPI_Comm world, const ProbeOptions& options);

}  // namespace haloscope
