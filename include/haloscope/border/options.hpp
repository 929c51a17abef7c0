// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file options.hpp
/// A network as a user asks for it on the command line, and the environment that tells the interconnect library.
///
/// Everything is checked here, before anything starts: what is accepted, the library accepts too. Works without MPI.
#include <map>
#include <string>
#include <vector>

namespace haloscope {

/// As typed; empty: not given.
struct NetworkOptions {
  std::string network;                 ///< a profile: its name, or a file
  std::vector<std::string> overrides;  ///< table.key=value of the profile
  std::string clock, ranks_per_node, seed, without;
  std::string compute;        ///< cpu, announced, or what read_compute_model() takes: then it is announced too
  bool posix_clocks = false;  ///< the clocks and sleeps of POSIX follow the logical clock too
};

using Environment = std::map<std::string, std::string>;

/// The variables of border/protocol.hpp; empty without a network. Reads the profile.
/// @throws UserError naming the option, or the profile's key
[[nodiscard]] Environment network_environment(const NetworkOptions& options);

/// Sets them for this process, and takes away what another command may have left; does nothing for none.
void set_environment(const Environment& environment);

/// Those that let more ranks than cores take turns, each asleep while it waits, for the launchers of Open MPI 4 and 5;
/// empty unless the clock is virtual.
[[nodiscard]] Environment launcher_environment(const NetworkOptions& options);

}  // namespace haloscope
