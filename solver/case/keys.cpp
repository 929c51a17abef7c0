// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case/keys.hpp"

#include <algorithm>
#include <limits>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/problem.hpp"
#include "haloscope/case/rows.hpp"

namespace haloscope {

namespace {

void add_shared_rows(std::vector<Key>& rows, const std::vector<const Problem*>& all) {
  rows.push_back(row("about.name", "", identifier(), &Case::name, required));
  std::vector<std::pair<std::string, const Problem*>> choices;
  for (const Problem* const problem : all) choices.emplace_back(problem->name, problem);
  rows.push_back(row("about.problem", "", one_of(std::move(choices)), &Case::problem));
  rows.push_back(row("about.text", "", any_text(), &Case::problem_text));
  rows.push_back(row("about.reference", "", any_text(), &Case::reference));
  rows.push_back(row("about.run", "", any_text(), &Case::run_line));

  constexpr GlobalIndex most_cells = std::numeric_limits<LocalIndex>::max();
  rows.push_back(row("grid.cells", "", three(integer<GlobalIndex>(1, most_cells)), &Case::cells, required));
  rows.push_back(row("grid.length_m", "m", three(positive()), &Case::length_m));
  rows.push_back(row("grid.periodic", "", three(boolean()), &Case::periodic));
  rows.push_back(row("grid.process_grid", "", three(integer<int>(0)), &Case::process_grid));

  rows.push_back(row("halo.method", "",
                     one_of<HaloMethod>({{"point-to-point", HaloMethod::point_to_point},
                                         {"persistent", HaloMethod::persistent},
                                         {"neighbor-collective", HaloMethod::neighbor_collective},
                                         {"mock", HaloMethod::mock}}),
                     &Case::halo_method));
  rows.push_back(row("halo.overlap", "", boolean(), &Case::overlap));
}

void add_run_rows(std::vector<Key>& rows) {
  rows.push_back(row("run.steps", "", integer<std::int64_t>(1), &Case::steps));
  rows.push_back(row("run.end_time_s", "s", positive_or_infinite(), &Case::end_time_s));
  rows.push_back(row("run.warmup_steps", "", integer<std::int64_t>(0), &Case::warmup_steps));
  rows.push_back(row("run.seed", "", integer<std::int64_t>(0), &Case::seed));

  rows.push_back(row("profile.name", "", identifier(), &Case::profiles, &ProfileRequest::name, required));
  rows.push_back(row("profile.quantity", "", one_word_of({"u", "v", "w", "pressure"}), &Case::profiles,
                     &ProfileRequest::quantity, required));
  rows.push_back(row("profile.axis", "", one_of<int>({{"x", 0}, {"y", 1}, {"z", 2}}), &Case::profiles,
                     &ProfileRequest::axis, required));
  rows.push_back(row("profile.at_m", "m", three(any_number()), &Case::profiles, &ProfileRequest::at_m, required));

  rows.push_back(row("expect.quantity", "", some_text(), &Case::expectations, &Expectation::quantity, required));
  rows.push_back(row("expect.at", "s or m", list_of(any_number()), &Case::expectations, &Expectation::at));
  rows.push_back(
      row("expect.value", "its own", list_of(any_number()), &Case::expectations, &Expectation::values, required));
  rows.push_back(
      row("expect.tolerance", "as value", or_left_out(not_negative()), &Case::expectations, &Expectation::tolerance));
  rows.push_back(row("expect.sigmas", "", not_negative(), &Case::expectations, &Expectation::sigmas));
  rows.push_back(
      row("expect.relative_error", "", positive_or_infinite(), &Case::expectations, &Expectation::relative_error));
  rows.push_back(row("expect.source", "", some_text(), &Case::expectations, &Expectation::source, required));
}

/// Of the tables that are no problem's own.
std::vector<ArrayOfTables> shared_arrays() {
  const auto of_case = [](const char* name, auto list) {
    return ArrayOfTables{name, [list](const Case& c) { return (c.*list).size(); },
                         [list](Case& c) { (c.*list).emplace_back(); }};
  };
  return {of_case("profile", &Case::profiles), of_case("expect", &Case::expectations)};
}

/// The problems that the program has, and what follows from them.
struct Known {
  std::vector<const Problem*> problems;
  std::vector<Key> keys;
  std::vector<ArrayOfTables> arrays = shared_arrays();
  std::vector<std::string> paths;
};
Known& known() {
  static Known all;
  return all;
}

bool claims(const Problem& problem, std::string_view path) {
  const std::string table = table_of(path);
  const auto in_table = [&](const Key& key) { return table_of(key.path) == table; };
  const auto names_it = [&](std::string_view shared) { return shared == path || shared == table; };
  return std::ranges::any_of(problem.keys, in_table) || std::ranges::any_of(problem.shared, names_it);
}

}  // namespace

void set_problems(std::vector<const Problem*> all) {
  Known next;
  add_shared_rows(next.keys, all);
  for (const Problem* const problem : all) {
    next.keys.insert(next.keys.end(), problem->keys.begin(), problem->keys.end());
    next.arrays.insert(next.arrays.end(), problem->arrays.begin(), problem->arrays.end());
  }
  add_run_rows(next.keys);
  for (const Key& key : next.keys) next.paths.push_back(key.path);
  next.problems = std::move(all);
  known() = std::move(next);
}

const std::vector<const Problem*>& problems() noexcept { return known().problems; }

const Problem* default_problem() noexcept { return problems().empty() ? nullptr : problems().front(); }

const Problem* find_problem(std::string_view name) {
  const auto found = std::ranges::find(problems(), name, &Problem::name);
  require(found != problems().end(), "a problem is asked for by its name");
  return *found;
}

bool reads(const Problem& problem, std::string_view path) {
  const auto claims_it = [path](const Problem* other) { return claims(*other, path); };
  return claims(problem, path) || std::ranges::none_of(problems(), claims_it);
}

const std::vector<Key>& keys() { return known().keys; }

std::string table_of(std::string_view path) { return std::string(path.substr(0, path.find('.'))); }

const std::vector<ArrayOfTables>& arrays_of_tables() { return known().arrays; }

const ArrayOfTables* array_of_tables(std::string_view table) {
  const auto found = std::ranges::find(arrays_of_tables(), table, &ArrayOfTables::name);
  return found == arrays_of_tables().end() ? nullptr : &*found;
}

const std::vector<std::string>& key_paths() { return known().paths; }

}  // namespace haloscope
