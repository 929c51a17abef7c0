// SPDX-License-Identifier: BSD-3-Clause
// What concerns more than one key of a case. Each refusal names the key to change.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/problem.hpp"

namespace haloscope {

namespace {

void check_tables(const Case& c, const Origin& origin) {
  const Problem& problem = *c.problem;
  for (const std::string& path : origin.given) {
    if (!reads(problem, path)) {
      origin.refuse(path, "", fmt::format("has no meaning where about.problem = \"{}\"; remove it", problem.name));
    }
  }
  case_schema().require_keys(origin, [&problem](const std::string& path) { return reads(problem, path); });
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

std::string known_quantities(const Problem& problem) {
  std::string list;
  for (const Quantity& quantity : problem.quantities) list += (list.empty() ? "" : ", ") + quantity.name;
  std::string named;
  for (const NamedQuantity& quantity : problem.named_quantities) {
    named += (named.empty() ? "" : ", ") + quantity.prefix + quantity.placeholder;
    if (&quantity == &problem.named_quantities.back() || (&quantity + 1)->array != quantity.array)
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
  const Problem& problem = *c.problem;
  const std::string& wanted = c.expectations[item].quantity;
  for (const NamedQuantity& quantity : problem.named_quantities) {
    if (!wanted.starts_with(quantity.prefix)) continue;
    const std::size_t items = case_schema().size(c, quantity.array);
    const std::string name = fmt::format("\"{}\"", wanted.substr(quantity.prefix.size()));
    std::size_t n = 0;
    while (n < items && case_schema().value(c, quantity.array + ".name", {n, 0}) != name) ++n;
    if (n == items)
      refuse(origin, c, "expect.quantity",
             fmt::format("must be the name of a [[{}]] of this case, or one of {}", quantity.array,
                         known_quantities(problem)),
             item);
    return {false, quantity.random, quantity.at_places ? &c.profiles[n] : nullptr};
  }
  const auto quantity = std::ranges::find(problem.quantities, wanted, &Quantity::name);
  if (quantity == problem.quantities.end())
    refuse(origin, c, "expect.quantity", "must be one of " + known_quantities(problem), item);
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
  case_schema().refuse(origin, settings, path, allowed, {item, 0});
}

void check_case(const Case& settings, const Origin& origin) {
  check_tables(settings, origin);
  if (reads(*settings.problem, "grid.cells")) check_grid(settings, origin);
  if (settings.problem->check != nullptr) settings.problem->check(settings, origin);
  for (std::size_t item = 0; item < settings.expectations.size(); ++item) check_expectation(settings, origin, item);
}

}  // namespace haloscope
