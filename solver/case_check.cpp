// SPDX-License-Identifier: BSD-3-Clause
// What concerns more than one key of a case. Each refusal names the key to change.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "case_keys.hpp"
#include "haloscope/errors.hpp"

namespace haloscope {

namespace {

constexpr std::array<const char*, n_sides> side_names = {"west", "east", "south", "north", "below", "above"};
constexpr std::array<const char*, 3> axis_names = {"x", "y", "z"};

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

bool reads(Problem problem, std::string_view path) {
  const std::string table = table_of(path);
  if (table == "flow" || table == "walls" || table == "profile") return problem == Problem::flow;
  if (table == "exchange") return problem == Problem::exchange;
  if (table == "poisson" || path == "grid.cells" || path == "grid.length_m") return problem != Problem::exchange;
  return true;
}

/// Repeats the value in force, as the user would write it.
void refuse(const Origin& origin, const Case& c, const std::string& path, const std::string& allowed,
            std::size_t item = 0) {
  const std::vector<Key>& table = keys();
  const auto key = std::find_if(table.begin(), table.end(), [&path](const Key& k) { return k.path == path; });
  origin.refuse(path, key == table.end() ? "" : key->write(c, item).dump(), allowed);
}

void check_tables(const Case& c, const Origin& origin) {
  for (const std::string& path : origin.given) {
    if (!reads(c.problem, path)) {
      origin.refuse(path, "", fmt::format("has no meaning where about.problem = \"{}\"; remove it", name(c.problem)));
    }
  }
  for (const Key& key : keys()) {
    const bool needed =
        key.required_for.find(name(c.problem)) != std::string::npos && !is_array_of_tables(table_of(key.path));
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

std::string known_quantities(const Case& c) {
  std::string list;
  for (const Quantity& quantity : quantities()) {
    if (quantity.problem == c.problem) list += (list.empty() ? "" : ", ") + quantity.name;
  }
  if (c.problem == Problem::flow) list += " or profile:NAME of a [[profile]]";
  return list;
}

void check_expectation(const Case& c, const Origin& origin, std::size_t item) {
  const Expectation& expectation = c.expectations[item];
  double first = 0, last = 0;  // of `at`
  constexpr std::string_view prefix = "profile:";
  if (expectation.quantity.starts_with(prefix)) {
    const std::string wanted = expectation.quantity.substr(prefix.size());
    const auto profile =
        std::find_if(c.profiles.begin(), c.profiles.end(), [&](const auto& p) { return p.name == wanted; });
    if (profile == c.profiles.end()) {
      refuse(origin, c, "expect.quantity",
             fmt::format("must be the name of a [[profile]] of this case, or one of {}", known_quantities(c)), item);
    }
    if (expectation.at.empty()) refuse(origin, c, "expect.at", "must say where on the profile [m]", item);
    last = c.length_m[static_cast<std::size_t>(profile->axis)];
  } else {
    const auto quantity = std::find_if(quantities().begin(), quantities().end(), [&](const Quantity& q) {
      return q.problem == c.problem && q.name == expectation.quantity;
    });
    if (quantity == quantities().end()) {
      refuse(origin, c, "expect.quantity", "must be one of " + known_quantities(c), item);
    }
    if (!quantity->at_times && !expectation.at.empty()) {
      refuse(origin, c, "expect.at", fmt::format("must be left out: {} is known at the end only", expectation.quantity),
             item);
    }
    last = c.end_time_s;
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
}

}  // namespace

void check_case(const Case& settings, const Origin& origin) {
  check_tables(settings, origin);
  if (settings.problem != Problem::exchange) check_grid(settings, origin);
  if (settings.problem == Problem::flow) check_flow(settings, origin);
  check_profiles(settings, origin);
  for (std::size_t item = 0; item < settings.expectations.size(); ++item) check_expectation(settings, origin, item);
}

}  // namespace haloscope
