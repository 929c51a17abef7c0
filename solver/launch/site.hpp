// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file site.hpp
/// What a cluster wants of its jobs: one small TOML file a site, jobs/sites/NAME.toml, which documents its keys.
#include <string>
#include <vector>

namespace haloscope {

struct Site {
  std::string partition, account, qos, constraint, reservation;  ///< empty: no line
  std::vector<std::string> sbatch;                               ///< further options of #SBATCH lines
  bool exclusive = true, requeue = true;
  bool one_at_a_time = true;                      ///< the study's jobs never run beside each other
  int ranks_per_node = 0;                         ///< where the study does not say; 0: left to Slurm
  int signal_seconds = 60;                        ///< warning before the walltime [s]
  double poll_seconds = 10;                       ///< between looks at the jobs [s]
  std::vector<std::string> modules, environment;  ///< module names; NAME=VALUE
  std::vector<std::string> before;                ///< lines of the script before the run
  std::string program;                            ///< on the nodes; empty: this program's own path
  std::string launch;                             ///< what starts the ranks; @RANKS@ and @RANKS_PER_NODE@ are put in
  std::string file;
};

/// @p name is a file, or the name of a site that came with the program. @throws UserError
[[nodiscard]] Site read_site(const std::string& name);
[[nodiscard]] Site parse_site(const std::string& text, const std::string& file);

}  // namespace haloscope
