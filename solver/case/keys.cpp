// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/case/problem.hpp"
#include "haloscope/network/profile.hpp"

namespace haloscope {

namespace {

void add_shared_keys(Schema<Case>& keys, const std::vector<const Problem*>& all) {
  std::vector<std::pair<std::string, const Problem*>> choices;
  for (const Problem* const problem : all) choices.emplace_back(problem->name, problem);
  constexpr GlobalIndex most_cells = std::numeric_limits<LocalIndex>::max();
  keys.table("about", "What the case is. Read by people, and kept in every run file.");
  keys.add("name", identifier(), &Case::name).needed().means("names the output file");
  keys.add("problem", one_of(std::move(choices)), &Case::problem)
      .means(
          "what is run: the whole flow solver, only the pressure solve, only the halo exchange; Monte Carlo transport "
          "of neutral particles, the pricing of options by Monte Carlo, or the messages of data-parallel training");
  keys.add("text", any_text(), &Case::problem_text).means("one sentence for people");
  keys.add("reference", any_text(), &Case::reference).means("the paper, table or closed form behind the expectations");
  keys.add("run", any_text(), &Case::run_line).means("the command that runs the case");

  keys.table("grid", "A uniform Cartesian grid. Arrays over axes are always `[x, y, z]`.");
  keys.add("cells", three(integer<GlobalIndex>(1, most_cells)), &Case::cells)
      .needed()
      .means(
          "1 makes an axis vanish: `[64, 64, 1]` is two-dimensional. At most 1e15 in all. For flow, poisson and "
          "transport");
  keys.add("length_m", three(positive()), &Case::length_m)
      .in("m")
      .means("side lengths of the box; spacing is uniform. For flow and poisson");
  keys.add("periodic", three(boolean()), &Case::periodic)
      .means(
          "for flow, poisson and exchange. false: walls on both sides of the axis. An axis of one cell must be "
          "periodic in a flow");
  keys.add("process_grid", three(integer<int>(0)), &Case::process_grid)
      .means("ranks along each axis; 0: chosen for the least surface. Not for option and allreduce");

  keys.table("halo", "How ghost cells are filled, in cases of problem `flow`, `poisson` and `exchange`.");
  keys.add("method",
           one_of<HaloMethod>({{"point-to-point", HaloMethod::point_to_point},
                               {"persistent", HaloMethod::persistent},
                               {"neighbor-collective", HaloMethod::neighbor_collective},
                               {"mock", HaloMethod::mock}}),
           &Case::halo_method)
      .means(
          "how messages are sent; all give the same bits. `mock` packs and unpacks but sends nothing, to isolate "
          "packing: the physical result is meaningless");
  keys.add("overlap", boolean(), &Case::overlap).means("compute the interior while messages fly");
}

void add_run_keys(Schema<Case>& keys) {
  keys.table("run", "How long, and from which seed.");
  keys.add("steps", integer<std::int64_t>(1), &Case::steps)
      .means(
          "the run ends after these, or at `end_time_s`, whichever comes first; the run file makes room for all of "
          "them, about 480 bytes a step and rank");
  keys.add("end_time_s", positive_or_infinite(), &Case::end_time_s)
      .in("s")
      .means(
          "simulated time; the last step is cut to meet it. Not for the Monte Carlo problems and allreduce, which "
          "simulate none");
  keys.add("warmup_steps", integer<std::int64_t>(0), &Case::warmup_steps)
      .means("first steps, marked in the run file and left out of medians; never dropped");
  keys.add("seed", integer<std::int64_t>(0), &Case::seed)
      .means("of all that is drawn at random; recorded with the run");

  keys.array("profile",
             "A `[[profile]]` is a line of final values kept in the run file. There may be any number of them. Only in "
             "a case of problem `flow`.",
             &Case::profiles);
  keys.add("name", identifier(), each(&Case::profiles, &ProfileRequest::name))
      .needed()
      .means("of the data set under `/profiles/`");
  keys.add("quantity", one_word_of({"u", "v", "w", "pressure"}), each(&Case::profiles, &ProfileRequest::quantity))
      .needed()
      .means("velocity component or pressure");
  keys.add("axis", one_of<int>({{"x", 0}, {"y", 1}, {"z", 2}}), each(&Case::profiles, &ProfileRequest::axis))
      .needed()
      .means("the line runs along this axis …");
  keys.add("at_m", three(any_number()), each(&Case::profiles, &ProfileRequest::at_m))
      .in("m")
      .needed()
      .means("… through this point of the box; its entry along `axis` is ignored");

  keys.array("expect",
             "An `[[expect]]` is a value that the run must reproduce. There may be any number of them. The run ends "
             "INVALID (exit code 4) when one is missed.",
             &Case::expectations);
  keys.add("quantity", some_text(), each(&Case::expectations, &Expectation::quantity))
      .needed()
      .means("see *What can be expected*");
  keys.add("at", list_of(any_number()), each(&Case::expectations, &Expectation::at))
      .in("s or m")
      .means(
          "times [s] for a quantity recorded every step, places [m] along a profile; compared by linear interpolation. "
          "Left out: the end of the run");
  keys.add("value", list_of(any_number()), each(&Case::expectations, &Expectation::values))
      .in("its own")
      .needed()
      .means("as many as `at` has, or one");
  keys.add("tolerance", or_left_out(not_negative()), each(&Case::expectations, &Expectation::tolerance))
      .in("as value")
      .defaults_to("left out")
      .means("largest allowed distance between measured and value; 0: exactly. Required where `sigmas` is left out");
  keys.add("sigmas", not_negative(), each(&Case::expectations, &Expectation::sigmas))
      .means(
          "above 0, in place of `tolerance`, for what is drawn at random: so many standard errors of what was measured "
          "…");
  keys.add("relative_error", positive_or_infinite(), each(&Case::expectations, &Expectation::relative_error))
      .means("… which may be at most this part of the value");
  keys.add("source", some_text(), each(&Case::expectations, &Expectation::source))
      .needed()
      .means("paper and table, or why it is exact");
}

/// The problems that the program has, and what follows from them.
struct Known {
  std::vector<const Problem*> problems;
  Schema<Case> schema;
  std::map<std::string, const Problem*, std::less<>> owners;  ///< of tables
};
Known& known() {
  static Known all;
  return all;
}

bool claims(const Problem& problem, std::string_view path) {
  const std::string table = table_of(path);
  const auto names_it = [&](std::string_view shared) { return shared == path || shared == table; };
  const auto owner = known().owners.find(table);
  return (owner != known().owners.end() && owner->second == &problem) || std::ranges::any_of(problem.shared, names_it);
}

}  // namespace

void set_problems(std::vector<const Problem*> all) {
  Known next;
  next.schema.on_unknown_override([](const std::string& path) {
    if (is_profile_key(path))
      throw UserError(fmt::format("--set:{}: a key of the network, not of the case: --set-network", path));
  });
  add_shared_keys(next.schema, all);
  for (const Problem* const problem : all) {
    const std::size_t before = next.schema.keys().size();
    if (problem->add_keys != nullptr) problem->add_keys(next.schema);
    for (std::size_t key = before; key < next.schema.keys().size(); ++key)
      next.owners.emplace(table_of(next.schema.keys()[key].path), problem);
  }
  add_run_keys(next.schema);
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

const Schema<Case>& case_schema() { return known().schema; }

std::string table_of(std::string_view path) { return std::string(path.substr(0, path.find('.'))); }

}  // namespace haloscope
