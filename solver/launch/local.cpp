// SPDX-License-Identifier: BSD-3-Clause
// Runs of a study one after the other by mpirun on this machine.
#include <fmt/format.h>
#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/shipped.hpp"
#include "haloscope/base/utc.hpp"
#include "launch/launcher.hpp"

namespace haloscope {

namespace {

constexpr double full_disk_bytes = 4e6;  ///< less than this free after a failure: the disk is why

std::string host_name() {
  std::array<char, 256> text{};
  gethostname(text.data(), text.size() - 1);
  return text.data();
}

double free_bytes(const std::string& folder) {
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return full_disk_bytes;
  return static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
}

void begin_log(const std::string& path, const std::vector<std::string>& command) {
  std::ofstream log(path, std::ios::app);
  log << "$ " << shell_line(command) << '\n';
  if (!log.flush()) throw LibraryError(path + ": cannot be written: is the disk full? Make room, then --resume");
}

/// A run that was at work when an earlier study here was killed may have come to its end all the same.
bool ended_unseen(const Manifest& manifest, ManifestRun& run) {
  std::error_code ignored;
  if (run.state != RunState::running || !std::filesystem::exists(manifest.path(run, "h5"), ignored)) return false;
  ManifestRun seen = run;
  manifest.judge_end(seen, 0);
  if (seen.state != RunState::done) return false;
  run.state = RunState::done;
  return true;
}

/// A run that is said to be done must still have its file.
bool still_done(const Manifest& manifest, const ManifestRun& run) {
  ManifestRun seen = run;
  manifest.judge_end(seen, 0);
  return seen.state == RunState::done;
}

ChildEnd run_once(Manifest& manifest, ManifestRun& run, int cores, StudyProgress& progress, SignalWatch& signals) {
  manifest.put_aside(run);
  run.command = local_command(manifest.study(), run.run, manifest.path(run, "h5"), cores);
  run.state = RunState::running;
  run.started_utc = now_utc();
  run.hosts = {host_name()};
  manifest.save();
  begin_log(manifest.path(run, "log"), run.command);
  const ChildEnd end = run_child(run.command, manifest.path(run, "log"), manifest.study().time_limit_s, signals,
                                 [&](double seconds) { progress.draw(progress.running_text(run, seconds)); });
  run.seconds = end.seconds;
  const double median = manifest.judge_end(run, end.code);
  if (end.timed_out) run.reason = fmt::format("time limit of {:g} s", manifest.study().time_limit_s);
  if (!end.interrupted.empty()) run.reason = "stopped by " + end.interrupted;
  if ((end.timed_out || !end.interrupted.empty()) && run.state != RunState::done) run.state = RunState::failed;
  if (run.state == RunState::done) run.reason.clear();
  manifest.save();
  progress.finished(run, median);
  return end;
}

}  // namespace

int cores_here() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    std::string siblings;
    if (!std::getline(file, siblings)) siblings = std::to_string(cpu);
    cores.insert(siblings);
  }
  return std::max<int>(1, static_cast<int>(cores.size()));
}

std::string local_objection(const StudyRun& run, int cores) {
  if (run.clock == "virtual" || run.ranks <= cores) return "";
  return fmt::format("needs {} cores, this machine has {}: ranks can only share cores in virtual time", run.ranks,
                     cores);
}

std::vector<std::string> local_command(const Study& study, const StudyRun& run, const std::string& output, int cores) {
  std::vector<std::string> words{"env"};
  const auto set = [&words](const std::string& name, const char* value) { words.push_back(name + "=" + value); };
  if (geteuid() == 0)
    for (const char* const name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "PRTE_ALLOW_RUN_AS_ROOT",
                                   "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM"})
      set(name, "1");
  for (const char* const threads : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"})  // they would compete with the ranks
    if (std::getenv(threads) == nullptr) set(threads, "1");
  const bool shared = run.ranks > cores;
  if (shared)
    for (const auto& [name, value] : launcher_environment(run.network)) set(name, value.c_str());
  words.insert(words.end(), {"mpirun", "-n", std::to_string(run.ranks)});
  words.insert(words.end(), {"--bind-to", shared ? "none" : "core", this_program()});
  for (std::string& word : run_arguments(study, run, output)) words.push_back(std::move(word));
  return words;
}

std::string run_locally(Manifest& manifest, StudyProgress& progress, SignalWatch& signals) {
  const int cores = cores_here();
  std::vector<ManifestRun>& runs = manifest.runs();
  if (std::ranges::any_of(runs, [&](const auto& run) { return run.run.ranks > cores && run.run.clock == "virtual"; }))
    progress.say(
        fmt::format("haloscope: ranks share the {} core{} of this machine where there are more of them: runs in "
                    "virtual time",
                    cores, cores == 1 ? "" : "s"));
  for (ManifestRun& run : runs) {
    if (run.state == RunState::done ? still_done(manifest, run) : ended_unseen(manifest, run)) continue;
    if (const std::string why = local_objection(run.run, cores); !why.empty()) {
      run.state = RunState::failed;
      run.reason = why;
      manifest.save();
      progress.finished(run, 0);
      continue;
    }
    if (const std::string signal = signals.wait(0); !signal.empty()) return signal;
    const ChildEnd end = run_once(manifest, run, cores, progress, signals);
    if (!end.interrupted.empty()) return end.interrupted;
    if (run.state == RunState::failed && free_bytes(manifest.folder()) < full_disk_bytes)
      throw LibraryError(
          fmt::format("{}: the disk is full; what is measured is kept: make room, then --resume", manifest.folder()));
  }
  manifest.save();
  return "";
}

}  // namespace haloscope
