// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file problem.hpp
/// What the program can repeat: a struct for each problem, data first and code last.
///
/// A further problem is one file that makes such a struct, and its name in the list of solver/problems/problems.cpp. No
/// code outside that file asks which problem a case is of. This wing knows none of them by name: main() hands it the
/// list before the first case is read. So a study, which reads names, keys and grow(), stands on this wing alone and is
/// built without PETSc, HDF5 and the solvers, although the struct also holds make(). The price is one list that is set
/// at run time.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/case/evidence.hpp"
#include "haloscope/case/keys.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

class Workload;    // both of problems/workload.hpp
struct Workplace;  ///< what a workload runs on: its ranks and its clock

/// What an expectation may name.
struct Quantity {
  std::string name;
  bool at_times = false;       ///< recorded every step, so that it can be compared at times
  bool random = false;         ///< an estimate, which has a standard error
  bool not_with_mock = false;  ///< not judged where halo.method = "mock"
  std::string series{};        ///< the data set under /solver that holds its steps; empty: the one of its name
  std::vector<double> (*of_series)(const std::vector<double>& time, const std::vector<double>& series) = nullptr;
};

/// … and those of which there is one for each item of an array of tables: "profile:NAME".
struct NamedQuantity {
  std::string prefix;       ///< with the colon
  std::string array;        ///< whose items have a key `name` …
  std::string placeholder;  ///< … which texts call so
  bool at_places = false;   ///< has to be compared at places along a line, else it is one number
  bool random = false;
};

/// How a case becomes that of more ranks in a weak study.
struct Growth {
  std::vector<std::string> settings{};  ///< table.key=value
  bool other_result = false;            ///< expectations no longer hold
};

struct Problem {
  std::string_view name{};                         ///< as about.problem says it
  void (*add_keys)(Schema<Case>& keys) = nullptr;  ///< the tables that it owns
  std::vector<std::string_view> shared{};          ///< tables of others, or single keys of them, that it reads too
  std::vector<Phase> phases{};                     ///< in which its steps can spend time; all that its record keeps
  std::vector<Quantity> quantities{};
  std::vector<NamedQuantity> named_quantities{};
  std::vector<std::string_view> expects_for{};  ///< keys, or tables with a dot, that expectations are bound to
  bool needs_ghosts = false;                    ///< halo.method = "mock" makes its result meaningless
  bool calibrates_all_phases = false;           ///< a calibration by it must have seen each of its phases
  std::string_view calibrated_sizes{};          ///< of a calibration: what shrink() does twice

  /// What concerns more than one key. @throws UserError
  void (*check)(const Case& settings, const Origin& origin) = nullptr;
  /// Null: each rank does what the case says, on any number of ranks. @throws UserError
  Growth (*grow)(const Case& settings, int ranks) = nullptr;
  /// Makes a step smaller, and says how many times: so many more steps take as long. Null: it has all its sizes
  /// already.
  std::int64_t (*shrink)(Case& settings) = nullptr;
  /// Adds what speaks against a result, beyond numbers that are none and expectations.
  void (*judge)(const Case& settings, const Evidence& evidence, std::vector<std::string>& reasons) = nullptr;
  /// Collective. @throws UserError for settings that cannot run on so many ranks, LibraryError
  std::unique_ptr<Workload> (*make)(const Case& settings, const Workplace& on) = nullptr;
};

/// All that there are, in the order of texts; the first is that of a case that names none.
[[nodiscard]] const std::vector<const Problem*>& problems() noexcept;
/// Says which there are. They must outlive the last case; once, before the first one.
void set_problems(std::vector<const Problem*> all);

/// @pre there is one of that name
[[nodiscard]] const Problem* find_problem(std::string_view name);

/// Whether cases of @p problem have the key @p path: one of its own, one that it shares, or one that no problem claims.
[[nodiscard]] bool reads(const Problem& problem, std::string_view path);

}  // namespace haloscope
