// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/study/manifest.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/utc.hpp"
#include "study/manifest_json.hpp"

namespace haloscope {

namespace fs = std::filesystem;

namespace {

constexpr std::array endings = {"h5", "h5.part", "log", "exit", "started", "sh"};

/// Writes @p text. After a crash at any moment there is the old file or the new one.
void replace_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const auto fail = [&](const char* what) {
    const std::string why = std::strerror(errno);
    std::remove(temporary.c_str());
    throw LibraryError(
        fmt::format("{}: cannot be {}: {}; what is measured is kept: make room, then --resume", path, what, why));
  };
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail("written");
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t bytes = write(file, text.data() + written, text.size() - written);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) {
      close(file);
      fail("written");
    }
    written += static_cast<std::size_t>(bytes);
  }
  const bool kept = fsync(file) == 0 || errno == EINVAL;  // some file systems cannot
  if (close(file) != 0 || !kept) fail("written");
  if (std::rename(temporary.c_str(), path.c_str()) != 0) fail("replaced");
}

/// The lock of a folder: a descriptor that the kernel closes with the process. @throws UserError
int lock(const std::string& folder) {
  const std::string path = folder + "/.lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) throw UserError(fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
  if (flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return file;  // some file systems have no locks
  close(file);
  throw UserError(folder + ": another haloscope study works in it");
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Absolute, and without a slash at its end.
std::string full_path(const std::string& folder) {
  std::string path = fs::absolute(folder).lexically_normal();
  if (path.ends_with('/') && path.size() > 1) path.pop_back();
  return path;
}

/// The end of a log: what the program or the launcher said last.
std::string reason_in(const std::string& log) {
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
  constexpr std::streamoff most = 1 << 16;
  file.seekg(std::max<std::streamoff>(0, size - most));
  std::string last, own;
  for (std::string line; std::getline(file, line);) {
    if (own.empty() && line.starts_with("haloscope: ")) own = line.substr(11);
    const bool rule = line.find_first_not_of("-=* \t\r") == std::string::npos;
    if (!rule && !line.starts_with("$ ")) last = line;
  }
  return (own.empty() ? last : own).substr(0, 300);
}

}  // namespace

struct Manifest::State {
  Study study;
  std::string folder, launcher, hash, created_utc;
  std::vector<ManifestRun> runs;
  ReadOutcome read_outcome;
  int lock = -1;
};

Manifest::Manifest(std::unique_ptr<State> state) : state_(std::move(state)) {}
Manifest::Manifest(Manifest&&) noexcept = default;
Manifest::~Manifest() {
  if (state_ && state_->lock >= 0) close(state_->lock);
}

const Study& Manifest::study() const noexcept { return state_->study; }
const std::string& Manifest::folder() const noexcept { return state_->folder; }
std::vector<ManifestRun>& Manifest::runs() noexcept { return state_->runs; }

std::string Manifest::path(const ManifestRun& run, const std::string& ending) const {
  return fmt::format("{}/runs/{}.{}", state_->folder, run.run.id, ending);
}

Manifest Manifest::create(const std::string& folder, const Study& study, std::vector<StudyRun> runs,
                          const std::string& launcher, ReadOutcome read_outcome) {
  auto state = std::make_unique<State>();
  state->read_outcome = std::move(read_outcome);
  std::error_code failed;
  state->folder = full_path(folder);
  if (fs::exists(state->folder, failed) &&
      !(fs::is_directory(state->folder, failed) && fs::is_empty(state->folder, failed)))
    throw UserError(folder + (fs::exists(state->folder + "/manifest.json", failed)
                                  ? ": holds a study; --resume goes on with it"
                                  : ": exists and is not empty; give a new folder"));
  fs::create_directories(state->folder + "/runs", failed);
  if (failed) throw UserError(fmt::format("{}: cannot be made: {}", folder, failed.message()));
  state->lock = lock(state->folder);
  state->hash = matrix_hash(study, runs);
  state->study = study;
  state->launcher = launcher;
  state->created_utc = now_utc();
  for (StudyRun& run : runs) state->runs.emplace_back().run = std::move(run);
  Manifest manifest(std::move(state));
  replace_file(manifest.folder() + "/study.toml", study.text);
  manifest.save();
  return manifest;
}

Manifest Manifest::resume(const std::string& folder, const Study& study, std::vector<StudyRun> runs,
                          const std::string& launcher, ReadOutcome read_outcome) {
  auto state = std::make_unique<State>();
  state->read_outcome = std::move(read_outcome);
  std::error_code ignored;
  state->folder = full_path(folder);
  const std::string path = state->folder + "/manifest.json";
  if (!fs::exists(path, ignored)) throw UserError(folder + ": holds no study to resume: manifest.json is not there");
  state->lock = lock(state->folder);
  state->study = study;
  state->launcher = launcher;
  state->hash = matrix_hash(study, runs);
  for (StudyRun& run : runs) state->runs.emplace_back().run = std::move(run);

  const ManifestText was = read_manifest_json(read_whole(path), path);
  if (was.hash != state->hash)
    throw UserError(fmt::format("{}: holds another study ({}, or an earlier {}): the runs asked for are not the same",
                                folder, was.study, study.name));
  apply_manifest(was, state->runs);
  const auto out = [](const ManifestRun& run) { return run.state == RunState::submitted || !run.job.empty(); };
  const bool at_work = std::ranges::any_of(state->runs, [&](const ManifestRun& run) {
    return out(run) && (run.state == RunState::submitted || run.state == RunState::running);
  });
  if (was.launcher != launcher && at_work)
    throw UserError(fmt::format("{}: has jobs out by --launcher {}: resume with that", folder, was.launcher));
  state->created_utc = was.created_utc;
  return Manifest(std::move(state));
}

void Manifest::save() const {
  const ManifestText head{state_->study.name, state_->hash, state_->launcher, state_->created_utc, {}};
  replace_file(state_->folder + "/manifest.json", write_manifest_json(state_->study, head, state_->runs));
}

void Manifest::put_aside(ManifestRun& run) {
  std::error_code failed;
  bool any = false;
  for (const char* const ending : endings) {
    const std::string old = path(run, ending);
    if (!fs::exists(old, failed)) continue;
    std::string aside = fmt::format("{}.attempt-{}", old, run.attempt);
    while (fs::exists(aside, failed)) aside += "+";  // a job that the scheduler started again has put some aside itself
    fs::rename(old, aside, failed);
    if (failed) throw LibraryError(fmt::format("{}: cannot be renamed: {}", old, failed.message()));
    any = true;
  }
  if (any) ++run.attempt;
  run.reason.clear();
  run.hosts.clear();
  run.job.clear();
  run.seconds = 0;
  run.started_utc.clear();
}

double Manifest::judge_end(ManifestRun& run, int code) const {
  const RunOutcome outcome = state_->read_outcome(path(run, "h5"));
  const bool readable = outcome.unreadable.empty();
  run.reason.clear();
  if (code == 0 && outcome.valid) {
    run.state = RunState::done;
  } else if (readable && (code == 0 || code == static_cast<int>(ExitCode::result_invalid))) {
    run.state = RunState::invalid;
    run.reason = fmt::format("{}", fmt::join(outcome.invalid_reasons, "; "));
  } else {
    run.state = RunState::failed;
    const std::string said = reason_in(path(run, "log"));
    run.reason = code == 0 ? outcome.unreadable : fmt::format("exit code {}{}{}", code, said.empty() ? "" : ": ", said);
  }
  return outcome.median_step_seconds;
}

std::string name(RunState state) {
  constexpr std::array names = {"planned", "submitted", "running", "done", "failed", "invalid"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace haloscope
