// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file manifest.hpp
/// The state of a study in its folder: study.toml, manifest.json, runs/ID.h5, runs/ID.log (cases/studies/README.md,
/// "The folder").
///
/// manifest.json is replaced as a whole, by a file that is forced to the disk and renamed, at every change: at any
/// moment it is the old or the new one. That costs some milliseconds a change. One process at a time works in a folder,
/// held by a lock that dies with it. No measurement is ever overwritten: the files of an attempt are renamed before the
/// next one begins.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "haloscope/study/study.hpp"

namespace haloscope {

enum class RunState { planned, submitted, running, done, failed, invalid };

struct ManifestRun {
  StudyRun run;
  RunState state = RunState::planned;
  std::string reason;                       ///< why it failed or is invalid
  std::vector<std::string> command, hosts;  ///< as started; where
  std::string started_utc;
  double seconds = 0;  ///< from its start to its end [s]
  std::string job;     ///< of the scheduler
  int attempt = 1;
};

/// What the file of a run says.
struct RunOutcome {
  std::string unreadable;  ///< why the rest is not known; empty: it is
  bool valid = false;
  std::vector<std::string> invalid_reasons;
  double median_step_seconds = 0;  ///< of the slowest rank, after warm-up; 0: no step
};
/// Reads it. Handed in, so that a study needs no library for run files.
using ReadOutcome = std::function<RunOutcome(const std::string& path)>;

class Manifest {
 public:
  /// A new folder. @throws UserError when @p folder is there and not empty, or cannot be made
  static Manifest create(const std::string& folder, const Study& study, std::vector<StudyRun> runs,
                         const std::string& launcher, ReadOutcome read_outcome);
  /// A folder that create() made for the same matrix. Runs in it stand as they did. @throws UserError for a folder of
  /// another study, another launcher while its jobs are out, or a manifest that is none
  static Manifest resume(const std::string& folder, const Study& study, std::vector<StudyRun> runs,
                         const std::string& launcher, ReadOutcome read_outcome);
  Manifest(Manifest&&) noexcept;
  ~Manifest();

  [[nodiscard]] const Study& study() const noexcept;
  [[nodiscard]] const std::string& folder() const noexcept;  ///< absolute
  [[nodiscard]] std::vector<ManifestRun>& runs() noexcept;   ///< in order; save() keeps what is changed
  /// @throws LibraryError when the disk is full; the manifest before it stays
  void save() const;

  /// FOLDER/runs/ID.ENDING
  [[nodiscard]] std::string path(const ManifestRun& run, const std::string& ending) const;
  /// Renames what the last attempt left (.h5, .log, .exit, …) to ID.ENDING.attempt-N; counts the next attempt.
  void put_aside(ManifestRun& run);
  /// Decides what became of a run that ended with @p code (of the program, or of its launcher), from its file and its
  /// log: 0 with a valid file is done, 4 invalid, all else failed. @return the median step of the slowest rank [s], or
  /// 0
  double judge_end(ManifestRun& run, int code) const;

 private:
  struct State;
  explicit Manifest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string name(RunState state);

}  // namespace haloscope
