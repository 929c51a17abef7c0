// SPDX-License-Identifier: BSD-3-Clause
// What concerns more than one key of a case. Each refusal names the key to change.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/keys.hpp"

namespace haloscope {

namespace {

std::string_view name(Problem problem) {
  switch (problem) {
    case Problem::flow:
      return "flow";
    case Problem::poisson:
      return "poisson";
    case Problem::exchange:
      return "exchange";
    case Problem::transport:
      return "transport";
    case Problem::option:
      return "option";
    case Problem::allreduce:
      return "allreduce";
  }
  return "";
}

constexpr auto flow = Problem::flow;
constexpr auto poisson = Problem::poisson;
constexpr auto exchange = Problem::exchange;
constexpr auto transport = Problem::transport;

/// Who reads a table, or one key of it; all problems what is not listed.
struct Readers {
  std::string_view path;
  std::vector<Problem> problems;
};
const std::vector<Readers>& readers() {
  static const std::vector<Readers> table = {
      {"grid.cells", {flow, poisson, transport}},
      {"grid.length_m", {flow, poisson}},
      {"grid.periodic", {flow, poisson, exchange}},
      {"grid.process_grid", {flow, poisson, exchange, transport}},
      {"halo", {flow, poisson, exchange}},
      {"flow", {flow}},
      {"walls", {flow}},
      {"poisson", {flow, poisson}},
      {"exchange", {exchange}},
      {"transport", {transport}},
      {"boundaries", {transport}},
      {"material", {transport}},
      {"fill", {transport}},
      {"source", {transport}},
      {"tally", {transport}},
      {"option", {Problem::option}},
      {"allreduce", {Problem::allreduce}},
      {"run.end_time_s", {flow, poisson, exchange}},
      {"profile", {flow}},
  };
  return table;
}

bool reads(Problem problem, const std::string& path) {
  const auto listed = [](const std::string& name) { return std::ranges::find(readers(), name, &Readers::path); };
  auto found = listed(path);
  if (found == readers().end()) found = listed(table_of(path));
  return found == readers().end() || std::ranges::find(found->problems, problem) != found->problems.end();
}

void check_tables(const Case& c, const Origin& origin) {
  for (const std::string& path : origin.given) {
    if (!reads(c.problem, path)) {
      origin.refuse(path, "", fmt::format("has no meaning where about.problem = \"{}\"; remove it", name(c.problem)));
    }
  }
  for (const Key& key : keys()) {
    const bool needed =
        key.required_for.find(name(c.problem)) != std::string::npos && array_of_tables(table_of(key.path)) == nullptr;
    if (needed && !origin.given.contains(key.path)) origin.refuse(key.path, "missing", "must be " + key.allowed);
  }
}

void check_grid(const Case& c, const Origin& origin) {
  constexpr double most = 1e15;  // 8 petabytes a field; far below what a GlobalIndex can count
  double total = 1;
  for (const GlobalIndex n : c.cells) total *= static_cast<double>(n);
  if (total > most) refuse(origin, c, "grid.cells", "must be at most 1e15 cells in all");
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (c.process_grid[axis] > c.cells[axis]) {
      refuse(origin, c, "grid.process_grid",
             fmt::format("must not outnumber the {} cells along {}", c.cells[axis], axis_names[axis]));
    }
  }
}

void check_flow(const Case& c, const Origin& origin) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (c.cells[axis] == 1 && !c.periodic[axis]) {
      refuse(origin, c, "grid.periodic",
             fmt::format("must be true along {}, which is one cell thick", axis_names[axis]));
    }
  }
  for (std::size_t side = 0; side < n_sides; ++side) {
    const std::string path = fmt::format("walls.{}_velocity_m_per_s", side_names[side]);
    const std::size_t axis = side / 2;
    if (!origin.given.contains(path)) continue;
    if (c.periodic[axis]) {
      refuse(origin, c, path, fmt::format("has no wall to move: grid.periodic is true along {}", axis_names[axis]));
    }
    if (c.wall_velocity_m_per_s[side][axis] != 0) {
      refuse(origin, c, path, fmt::format("must be 0 along {}: nothing flows through a wall", axis_names[axis]));
    }
  }
  const int periodic_axes = c.initial == InitialState::rest ? 0 : c.initial == InitialState::taylor_green ? 2 : 3;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(periodic_axes); ++axis) {
    if (!c.periodic[axis]) {
      refuse(origin, c, "flow.initial", fmt::format("needs grid.periodic = true along {}", axis_names[axis]));
    }
    if (c.cells[axis] < 4)
      refuse(origin, c, "flow.initial", fmt::format("needs 4 cells or more along {}", axis_names[axis]));
  }
}

void check_profiles(const Case& c, const Origin& origin) {
  for (std::size_t item = 0; item < c.profiles.size(); ++item) {
    const ProfileRequest& profile = c.profiles[item];
    for (std::size_t other = 0; other < item; ++other) {
      if (c.profiles[other].name == profile.name) refuse(origin, c, "profile.name", "is there twice", item);
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (static_cast<int>(axis) == profile.axis) continue;
      if (profile.at_m[axis] < 0 || profile.at_m[axis] > c.length_m[axis]) {
        refuse(origin, c, "profile.at_m",
               fmt::format("must lie in the box: from 0 to {} along {}", c.length_m[axis], axis_names[axis]), item);
      }
    }
  }
}

void check_option(const Case& c, const Origin& origin) {
  const int assets = c.option.assets;
  if (assets == 1) {
    if (origin.given.contains("option.correlation"))
      refuse(origin, c, "option.correlation", "has no meaning with one asset; remove it");
    return;
  }
  // Eigenvalues of the correlation matrix: 1 + (n - 1) rho, and 1 - rho n - 1 times.
  const double least = -1.0 / (assets - 1);
  if (!(c.option.correlation > least && c.option.correlation < 1))
    refuse(origin, c, "option.correlation",
           fmt::format("must lie between {:.4g} and 1, both excluded: else {} assets cannot be so correlated", least,
                       assets));
}

void check_allreduce(const Case& c, const Origin& origin) {
  const AllreduceCase& a = c.allreduce;
  if (a.buckets > a.parameters)
    refuse(origin, c, "allreduce.buckets", fmt::format("must be at most the {} parameters", a.parameters));
  constexpr std::int64_t most = std::numeric_limits<int>::max();  // of one reduction
  if ((a.parameters - 1) / a.buckets + 1 > most)
    refuse(origin, c, "allreduce.buckets", fmt::format("must be more: a bucket holds at most {} parameters", most));
}

std::string known_quantities(const Case& c) {
  std::string list;
  for (const Quantity& quantity : quantities()) {
    if (quantity.problem == c.problem) list += (list.empty() ? "" : ", ") + quantity.name;
  }
  std::string named;
  for (const NamedQuantity& quantity : named_quantities()) {
    if (quantity.problem != c.problem) continue;
    named += (named.empty() ? "" : ", ") + quantity.prefix + quantity.placeholder;
    if (&quantity == &named_quantities().back() || (&quantity + 1)->array != quantity.array)
      named += fmt::format(" of a [[{}]]", quantity.array);
  }
  return list + (named.empty() ? "" : " or ") + named;
}

/// What an expectation names: where it can be compared, and whether it has a standard error.
struct Named {
  bool at_times = false, random = false;
  const ProfileRequest* line = nullptr;  ///< compared at places along it
};

/// @throws UserError
Named find_quantity(const Case& c, const Origin& origin, std::size_t item) {
  const std::string& wanted = c.expectations[item].quantity;
  for (const NamedQuantity& quantity : named_quantities()) {
    if (!wanted.starts_with(quantity.prefix) || quantity.problem != c.problem) continue;
    const auto key = std::ranges::find(keys(), quantity.array + ".name", &Key::path);
    const std::size_t items = array_of_tables(quantity.array)->size(c);
    std::size_t n = 0;
    while (n < items && key->write(c, n).get<std::string>() != wanted.substr(quantity.prefix.size())) ++n;
    if (n == items)
      refuse(
          origin, c, "expect.quantity",
          fmt::format("must be the name of a [[{}]] of this case, or one of {}", quantity.array, known_quantities(c)),
          item);
    return {false, quantity.random, quantity.at_places ? &c.profiles[n] : nullptr};
  }
  const auto quantity = std::find_if(quantities().begin(), quantities().end(),
                                     [&](const Quantity& q) { return q.problem == c.problem && q.name == wanted; });
  if (quantity == quantities().end())
    refuse(origin, c, "expect.quantity", "must be one of " + known_quantities(c), item);
  return {quantity->at_times, quantity->random, nullptr};
}

void check_allowance(const Case& c, const Origin& origin, bool random, std::size_t item) {
  const Expectation& e = c.expectations[item];
  if (e.sigmas == 0) {
    if (std::isfinite(e.relative_error))
      refuse(origin, c, "expect.relative_error", "has no meaning without expect.sigmas; remove it", item);
    if (std::isnan(e.tolerance))
      origin.refuse("expect.tolerance", "missing",
                    random ? "must be a number of at least 0, or left out where expect.sigmas is given"
                           : "must be a number of at least 0");
    return;
  }
  if (!random)
    refuse(origin, c, "expect.sigmas",
           fmt::format("must be left out: {} is not drawn at random; give expect.tolerance", e.quantity), item);
  if (!std::isnan(e.tolerance))
    refuse(origin, c, "expect.tolerance", "must be left out where expect.sigmas is given", item);
  if (std::isfinite(e.relative_error) && e.values.front() == 0)
    refuse(origin, c, "expect.relative_error", "has no meaning where expect.value is 0; remove it", item);
}

void check_expectation(const Case& c, const Origin& origin, std::size_t item) {
  const Expectation& expectation = c.expectations[item];
  const Named named = find_quantity(c, origin, item);
  const double first = 0;  // of `at`
  double last = c.end_time_s;
  if (named.line != nullptr) {
    if (expectation.at.empty()) refuse(origin, c, "expect.at", "must say where on the profile [m]", item);
    last = c.length_m[static_cast<std::size_t>(named.line->axis)];
  } else if (!named.at_times && !expectation.at.empty()) {
    refuse(origin, c, "expect.at", fmt::format("must be left out: {} is known at the end only", expectation.quantity),
           item);
  }
  for (const double at : expectation.at) {
    if (at < first || at > last) {
      refuse(origin, c, "expect.at", fmt::format("must lie between {} and {}", first, last), item);
    }
  }
  const std::size_t wanted = std::max<std::size_t>(expectation.at.size(), 1);
  if (expectation.values.size() != wanted) {
    refuse(origin, c, "expect.value",
           wanted == 1 ? "must be one number where expect.at is left out or is one number"
                       : fmt::format("must be {} numbers, as expect.at is", wanted),
           item);
  }
  check_allowance(c, origin, named.random, item);
}

}  // namespace

void refuse(const Origin& origin, const Case& settings, const std::string& path, const std::string& allowed,
            std::size_t item) {
  const std::vector<Key>& table = keys();
  const auto key = std::find_if(table.begin(), table.end(), [&path](const Key& k) { return k.path == path; });
  origin.refuse(path, key == table.end() ? "" : key->write(settings, item).dump(), allowed);
}

void check_case(const Case& settings, const Origin& origin) {
  check_tables(settings, origin);
  if (reads(settings.problem, "grid.cells")) check_grid(settings, origin);
  if (settings.problem == Problem::flow) check_flow(settings, origin);
  if (settings.problem == Problem::transport) check_transport(settings, origin);
  if (settings.problem == Problem::option) check_option(settings, origin);
  if (settings.problem == Problem::allreduce) check_allreduce(settings, origin);
  check_profiles(settings, origin);
  for (std::size_t item = 0; item < settings.expectations.size(); ++item) check_expectation(settings, origin, item);
}

}  // namespace haloscope
