// SPDX-License-Identifier: BSD-3-Clause
#include "launch/slurm_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "haloscope/base/errors.hpp"
#include "launch/child.hpp"

namespace haloscope::slurm {

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(line.substr(0, 300));
  return lines;
}

std::string last_line(const std::string& text) {
  const std::vector<std::string> lines = lines_of(text);
  return lines.empty() ? "" : lines.back();
}

/// What went wrong: the last line that speaks of an error, else the first.
std::string complaint_in(const Answer& answer) {
  const std::vector<std::string> lines = lines_of(answer.err.empty() ? answer.out : answer.err);
  const auto error = std::find_if(lines.rbegin(), lines.rend(),
                                  [](const std::string& line) { return line.find("error:") != std::string::npos; });
  if (error != lines.rend()) return *error;
  return lines.empty() ? fmt::format("exit code {}", answer.code) : lines.front();
}

std::vector<std::string> split(const std::string& line, char separator, std::size_t most) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (parts.size() + 1 < most) {
    const std::size_t end = line.find(separator, begin);
    if (end == std::string::npos) break;
    parts.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(line.substr(begin));
  return parts;
}

}  // namespace

void require_commands() {
  for (const char* const command : {"sbatch", "squeue"})
    if (find_command(command).empty())
      throw UserError(
          fmt::format("{}: command not found: --launcher slurm needs a machine with Slurm's commands", command));
}

std::string submit(const std::string& script, std::string& refusal) {
  const Answer answer = ask_command({"sbatch", "--parsable", script});
  const std::string said = last_line(answer.out);  // 17, or 17;cluster
  const std::string job = said.substr(0, said.find_first_not_of("0123456789"));
  if (answer.code == 0 && !job.empty()) return job;
  refusal = complaint_in(answer);
  return "";
}

std::optional<std::map<std::string, QueuedJob>> queue(std::string& complaint) {
  const Answer answer =
      ask_command({"squeue", "--noheader", fmt::format("--user={}", geteuid()), "--format=%i|%T|%r|%o"});
  if (answer.code != 0) {
    complaint = complaint_in(answer);
    return {};
  }
  std::map<std::string, QueuedJob> jobs;
  std::istringstream lines(answer.out);
  for (std::string line; std::getline(lines, line);)
    if (const std::vector<std::string> parts = split(line, '|', 4); parts.size() == 4)
      jobs[parts[3]] = {parts[0], parts[1], parts[2]};
  return jobs;
}

std::string end_state(const std::string& job) {
  if (job.empty()) return "";
  const Answer shown = ask_command({"scontrol", "--oneliner", "show", "job", job});
  const std::string key = "JobState=";
  if (const std::size_t at = shown.out.find(key); shown.code == 0 && at != std::string::npos) {
    const std::size_t begin = at + key.size();
    return shown.out.substr(begin, shown.out.find_first_of(" \n", begin) - begin);
  }
  const Answer counted =
      ask_command({"sacct", "--noheader", "--parsable2", "--allocations", "--jobs", job, "--format=State"});
  const std::string state = counted.code == 0 ? last_line(counted.out) : "";
  return state.substr(0, state.find(' '));  // CANCELLED by 0
}

std::map<std::string, std::string> read_note(const std::string& path) {
  std::map<std::string, std::string> note;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (const std::size_t equals = line.find('='); equals != std::string::npos)
      note[line.substr(0, equals)] = line.substr(equals + 1);
  return note;
}

}  // namespace haloscope::slurm
