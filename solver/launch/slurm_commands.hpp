// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file slurm_commands.hpp
/// Inside the launcher: questions to Slurm's commands, and the notes that a job leaves. Without accounting:
/// sacct is asked last, and may know nothing.
#include <map>
#include <optional>
#include <string>

namespace haloscope::slurm {

/// @throws UserError where sbatch or squeue is not on PATH
void require_commands();

/// @return the job, or in @p refusal what sbatch said
[[nodiscard]] std::string submit(const std::string& script, std::string& refusal);

struct QueuedJob {
  std::string id, state, reason;
};
/// This user's jobs that wait or run, by script. Empty when squeue could not tell, as when the controller is down.
[[nodiscard]] std::optional<std::map<std::string, QueuedJob>> queue(std::string& complaint);

/// TIMEOUT, NODE_FAIL, …; empty: nobody knows any more.
[[nodiscard]] std::string end_state(const std::string& job);

/// The key=value lines of RUN.started or RUN.exit; empty where there is no such file.
[[nodiscard]] std::map<std::string, std::string> read_note(const std::string& path);

}  // namespace haloscope::slurm
