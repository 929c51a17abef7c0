// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file record.hpp
/// The run file: every step of every rank, written through parallel HDF5 between steps (schema haloscope-run, version
/// 1; the layout is in cases/RUN_FILE.md).
///
/// All data sets get their full size and their NaN (-1 for counts) before the first step and the file is renamed into
/// place only then; later writes touch no metadata but one fixed-size attribute, and finish() switches to the finished
/// structure by a single small write. So a run killed at any moment leaves a file that opens and holds every flushed
/// step. The price: the number of steps must be bounded beforehand, and the space for all of them is taken at the
/// start. A flush deals the steps out to at most 64 ranks, each of which writes its steps of all ranks in long pieces;
/// nothing gathers the run on one. Safe against the end of processes, not of power: nothing is forced to the disk. HDF5
/// stays behind this door.
#include <mpi.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "haloscope/case/evidence.hpp"
#include "haloscope/machine/machine.hpp"
#include "haloscope/timing/efficiency.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

/// The root attributes known before the first step; the same on all ranks.
struct RecordHeader {
  std::string case_name, case_text, effective_case, command_line;
  std::string network = "native", clock = "native";  ///< a virtual clock adds compute and ideal times to the rows
  std::int64_t seed = 1, warmup_steps = 0;
  std::int64_t steps = 0;                      ///< planned: the first extent of every data set
  std::vector<std::string> solver_quantities;  ///< names under /solver, one value a step
  std::vector<Phase> phases{solver_phases.begin(), solver_phases.end()};  ///< all in which a step can spend time
  /// Further root attributes: petsc_version and those that a problem or a network adds. They replace attributes that
  /// the record itself would write under the same name.
  std::map<std::string, std::string> extra{};
  std::map<std::string, std::int64_t> extra_numbers{};
};

/// What is known only at the end.
struct RecordEnd {
  bool valid = false;
  std::vector<std::string> invalid_reasons;
  std::vector<std::string> warnings;  ///< all of them: the machine's and the run's
  std::vector<Check> checks;
  std::vector<LineProfile> profiles;  ///< under /profiles/NAME/{coordinate,value}
  /// Root attributes that replace those of the header.
  std::map<std::string, std::string> extra{};
  std::map<std::string, std::int64_t> extra_numbers{};
};

class Record {
 public:
  /// Creates the file. Collective over @p comm. @throws UserError when @p path exists and not @p force, or cannot be
  /// written; LibraryError when HDF5 fails or the disk is full; both on all ranks alike, and with an older file
  /// untouched.
  Record(MPI_Comm comm, const std::string& path, bool force, const RecordHeader& header, const MachineReport& machine);
  Record(Record&&) noexcept;
  /// Closes; the file stays invalid unless finish() was called. Collective, but not while an exception unwinds: then
  /// the other ranks may be elsewhere, and what is open is left to MPI_Finalize or MPI_Abort.
  ~Record();

  /// Takes one step of this rank, start times already aligned. Flushes when due: nothing kept back is older than 2 s or
  /// 100 steps, whichever is later. @p solver is rank 0's, in the order of solver_quantities. Collective,
  /// and outside every phase; most calls copy about 900 bytes, at least one in 50 is an Allreduce of 8 bytes. @throws
  /// LibraryError on all ranks when the disk is full: flushed steps are kept.
  void append(const StepTimes& times, double aligned_start, const std::vector<double>& solver);
  /// Writes what append() has kept back. Collective.
  void flush();
  /// Steps that no crash can take any more.
  [[nodiscard]] std::int64_t flushed() const noexcept;
  /// Flushes, writes checks, profiles and the verdict (rank 0's @p end counts), and closes. Collective. A reader sees
  /// all of that or none.
  void finish(const RecordEnd& end);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What only a virtual clock knows.
struct VirtualTimes {
  PerPhase<double> compute_seconds{}, ideal_seconds{};  ///< summed as RunFile::phase_seconds [s]
  std::vector<Efficiency> steps;                        ///< of each completed step
  Efficiency whole;                                     ///< of those after warm-up together
};

/// A run file as a reader sees it, without MPI; big data sets are read in slabs. A step is complete when the file says
/// so and every rank's time is there. Works on a file that is still being written.
struct RunFile {
  std::map<std::string, std::string> text;     ///< string attributes of the root
  std::map<std::string, std::int64_t> number;  ///< integer attributes of the root: valid, ranks, steps_completed, …
  std::map<std::string, std::string> machine;  ///< attributes of /machine
  std::vector<std::string> phases;             ///< of this file: some of those that there are
  std::vector<std::string> warnings, invalid_reasons;
  std::vector<double> step_seconds;  ///< of each completed step: the slowest rank [s]
  /// By place in `phases`: summed over completed steps after warm-up and over ranks [s]; 0 beyond the last of them.
  PerPhase<double> phase_seconds{};
  PerPhase<double> point_to_point_seconds{}, collective_seconds{};  ///< likewise
  PerPhase<double> messages{}, bytes{}, collectives{};              ///< likewise, counts; NaN where nothing counted
  std::map<std::string, std::vector<double>> solver;                ///< (step)
  std::vector<double> compute_seconds;  ///< (rank): outside MPI, summed over completed steps after warm-up [s]
  std::optional<VirtualTimes> virtual_times;
  std::vector<LineProfile> profiles;
  std::vector<Check> checks;
};

/// Not @p whole: only the root's attributes, phases and step_seconds, which is quick however many ranks there are.
/// @throws UserError when @p path is missing, truncated, not a run file, of another schema version, or has a phase that
/// is not known.
[[nodiscard]] RunFile read_run_file(const std::string& path, bool whole = true);

/// What a person reads, from the file alone, so that `show` prints exactly what `run` printed: a screen of lines. The
/// last two are VALID or INVALID (reasons above) and where the file is. Step times are those of the slowest rank,
/// warm-up left out, as medians and percentiles (Hoefler & Belli, SC15, rules 5 to 8).
[[nodiscard]] std::string summary(const RunFile& file, const std::string& path);

}  // namespace haloscope
