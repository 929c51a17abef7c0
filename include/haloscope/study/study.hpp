// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file study.hpp
/// A set of runs as one TOML file: a case or several on many rank counts, on several networks or settings, repeated.
/// cases/studies/KEYS.md has every key.
///
/// The file is read, and every run that it asks for is checked by the readers of cases and profiles, before the first
/// one starts. No MPI: works on a login node. What only a run can find out (a KSP type that PETSc does not have) fails
/// that run. A strong study keeps the case's grid; a weak one takes it as the box of one rank and multiplies it along
/// its axes.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "haloscope/base/axes.hpp"
#include "haloscope/border/options.hpp"

namespace haloscope {

enum class Scaling { strong, weak };

/// What one value of a variable changes; what is empty or 0 stays as [run] has it.
struct StudyValue {
  std::string label;
  std::string case_name;                      ///< by name, or its file
  std::optional<Scaling> scaling{};           ///< of that case
  std::string network;                        ///< a profile: its name or a file; "native": none
  std::string clock;                          ///< virtual, real or native
  std::string without;                        ///< ingredients switched off
  int ranks_per_node = 0;                     ///< modelled ones on a modelled network
  std::optional<double> x{};                  ///< where the value stands on the axis of its variable
  std::vector<std::string> set, set_network;  ///< table.key=value
};

struct StudyVariable {
  std::string name, unit;
  std::string axis;  ///< added_latency_us, jitter, or empty
  std::vector<StudyValue> values;
};

/// A case that the study names.
struct StudyCase {
  std::string name, file, text;  ///< as named there; absolute; its bytes
};

struct Study {
  // [about]
  std::string name, question, about_text;
  // [run]
  std::vector<int> ranks;
  int repeats = 3;
  std::int64_t steps = 0;          ///< 0: the case's
  std::int64_t warmup_steps = -1;  ///< -1: the case's
  double time_limit_s = 600;       ///< a run [s]
  double estimate_core_s = 0;      ///< what a run on one rank is said to take [s]; 0: nothing is said
  std::int64_t seed = 1;           ///< of the order, and of the first repeat
  std::string compute = "model";   ///< of runs in virtual time
  StudyValue base;                 ///< what no variable changes; its scaling is always said
  std::vector<StudyVariable> variables;
  // provenance
  std::string file, text;        ///< as the user named it; its bytes
  std::vector<StudyCase> cases;  ///< each once, in the order of their first runs
};

/// Parses and validates what needs no other files but the cases. @throws UserError `file:key: value: what is allowed`
[[nodiscard]] Study parse_study(const std::string& text, const std::string& file);

/// @p name is a file, or the name of a study that came with the program. @throws UserError
[[nodiscard]] Study read_study(const std::string& name);
[[nodiscard]] std::string find_study(const std::string& name);

/// One run, in full.
struct StudyRun {
  std::string id;                   ///< 0007-rdma-bare-metal-n8-r1: place in the order, labels, ranks, repeat
  std::vector<std::size_t> choice;  ///< (variable): which of its values
  std::size_t of_case = 0;          ///< which of the study's
  Scaling scaling = Scaling::strong;
  int ranks = 1, repeat = 1;
  int ranks_per_node = 0;              ///< modelled ones on a modelled network, else real ones; 0: not said
  std::string clock;                   ///< virtual, real or native
  std::string network_hash;            ///< empty: native
  NetworkOptions network;              ///< its seed is the run's
  std::vector<std::string> overrides;  ///< of the case
  PerAxis<std::int64_t> cells{};       ///< of the grid; zeros where the case has none
};

/// Every run in the order in which they are done: each repeat is a block of its own and shuffled, so that slow changes
/// of the machine meet all settings alike. Reads the profiles. @throws UserError for the first run that cannot be
[[nodiscard]] std::vector<StudyRun> matrix_of(const Study& study);

/// The words behind `haloscope` that do @p run.
[[nodiscard]] std::vector<std::string> run_arguments(const Study& study, const StudyRun& run,
                                                     const std::string& output);

/// "RDMA bare metal, 8 ranks, repeat 1"
[[nodiscard]] std::string title_of(const Study& study, const StudyRun& run);

[[nodiscard]] std::string name(Scaling scaling);

/// Changes with anything that changes what is measured; not with time limits, estimates and texts.
[[nodiscard]] std::string matrix_hash(const Study& study, const std::vector<StudyRun>& runs);

/// Every key, as markdown.
[[nodiscard]] std::string study_reference();

}  // namespace haloscope
