// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file under.hpp
/// Runs a command with the interconnect library under every MPI program that it starts.
///
/// Sets the environment and becomes the command, which is not edited: its exit code is the command's. The library is
/// loaded by LD_PRELOAD, so it is in mpirun and in every shell too, where it does nothing. It cannot be loaded into a
/// program that is linked statically, or that runs with another user's rights; a program that never starts MPI runs as
/// if alone, and nothing is reported at its end. Open MPI passes the environment on to other hosts by
/// OMPI_MCA_mca_base_env_list, srun by itself, MPICH's mpiexec too; all hosts must see the library at the same path.
#include <string>
#include <vector>

#include "haloscope/border/options.hpp"

namespace haloscope {

struct UnderOptions {
  NetworkOptions network;
  std::string record;  ///< a run file, for programs that write none; empty: none
  bool force = false;  ///< overwrite an existing run file
  std::vector<std::string> command;
};

/// What `under` adds to the environment. Checks everything, the command's words too; @p say gets each line that the
/// user should read before the start. @throws UserError
[[nodiscard]] Environment under_environment(const UnderOptions& options, std::vector<std::string>& say);

/// Becomes the command. @throws UserError when that cannot be, or anything is wrong with the options
[[noreturn]] void under(const UnderOptions& options);

}  // namespace haloscope
