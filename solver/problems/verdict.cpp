// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/problems/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "haloscope/case/problem.hpp"

namespace haloscope {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double phase_gap_allowed = 0.01;
constexpr std::string_view profile_prefix = "profile:";

/// A quantity over time.
struct Series {
  std::vector<double> time, value;
};

/// The steps' values of a quantity that an expectation may name; empty when it has none.
Series series_of(const Problem& problem, const Evidence& evidence, const std::string& name) {
  const auto known = std::ranges::find(problem.quantities, name, &Quantity::name);
  const Quantity quantity = known == problem.quantities.end() ? Quantity{} : *known;
  const std::vector<double>* const time = evidence.steps_of("time");
  const std::vector<double>* const values = evidence.steps_of(quantity.series.empty() ? name : quantity.series);
  if (time == nullptr || values == nullptr) return {};
  return {*time, quantity.of_series == nullptr ? *values : quantity.of_series(*time, *values)};
}

/// What the run measured for @p name at @p at; NaN when it has no such thing or never got there.
double measured_at(const Problem& problem, const Evidence& evidence, const std::string& name, double at) {
  if (name.starts_with(profile_prefix)) {
    for (const LineProfile& profile : evidence.profiles)
      if (name.substr(profile_prefix.size()) == profile.name) return interpolate(profile.coordinate, profile.value, at);
    return nan;
  }
  const Series series = series_of(problem, evidence, name);
  return interpolate(series.time, series.value, at);
}

double measured_at_end(const Problem& problem, const Evidence& evidence, const std::string& name) {
  const auto found = evidence.scalars.find(name);
  if (found != evidence.scalars.end() && std::isfinite(found->second)) return found->second;
  const Series series = series_of(problem, evidence, name);
  return series.value.empty() ? nan : series.value.back();
}

bool too_uncertain(const Expectation& expected, double standard_error) {
  return std::isfinite(expected.relative_error) &&
         !(standard_error <= expected.relative_error * std::abs(expected.values.front()));
}

/// One row for each expectation; of several points the worst, where NaN is worst of all.
Check check_expectation(const Problem& problem, const Expectation& expected, const Evidence& evidence) {
  Check check{expected.quantity, nan, nan, expected.tolerance, expected.source, false, nan};
  if (expected.at.empty()) {
    check.expected = expected.values.front();
    check.measured = measured_at_end(problem, evidence, expected.quantity);
    const auto error = evidence.standard_errors.find(expected.quantity);
    if (error != evidence.standard_errors.end()) check.standard_error = error->second;
    if (expected.sigmas > 0) check.tolerance = expected.sigmas * check.standard_error;
  } else {
    double worst = -1;
    for (std::size_t i = 0; i < expected.at.size() && !std::isnan(worst); ++i) {
      const double measured = measured_at(problem, evidence, expected.quantity, expected.at[i]);
      const double error = std::abs(measured - expected.values[i]);
      if (error <= worst) continue;
      worst = error;
      check.expected = expected.values[i];
      check.measured = measured;
      check.name = expected.at.size() == 1
                       ? fmt::format("{} at {:g}", expected.quantity, expected.at[i])
                       : fmt::format("{} at {:g}, worst of {}", expected.quantity, expected.at[i], expected.at.size());
    }
  }
  check.pass = std::abs(check.measured - check.expected) <= check.tolerance;  // false for NaN
  if (expected.sigmas > 0) check.pass = check.pass && !too_uncertain(expected, check.standard_error);
  return check;
}

std::string failure(const Check& check, const Expectation& expected) {
  if (std::isnan(check.measured)) return fmt::format("{}: not reached or not measured", check.name);
  if (expected.sigmas > 0) {
    if (!std::isfinite(check.standard_error))
      return fmt::format("{}: {:.6g} has no standard error: too few steps that count", check.name, check.measured);
    if (std::abs(check.measured - check.expected) <= check.tolerance)
      return fmt::format("{}: its standard error {:.2g} is above {:.2g}, {:g} of the expected value", check.name,
                         check.standard_error, expected.relative_error * std::abs(check.expected),
                         expected.relative_error);
    return fmt::format("{}: {:.6g}, expected {:.6g} within {:.2g}, {:g} standard errors", check.name, check.measured,
                       check.expected, check.tolerance, expected.sigmas);
  }
  return fmt::format("{}: {:.6g}, expected {:.6g} within {:.2g}", check.name, check.measured, check.expected,
                     check.tolerance);
}

void look_for_nan(const Evidence& evidence, std::vector<std::string>& reasons) {
  for (const auto& [name, values] : evidence.solver) {
    const auto bad = std::find_if(values.begin(), values.end(), [](double value) { return !std::isfinite(value); });
    if (bad != values.end())
      reasons.push_back(fmt::format("{} is not a number at step {}", name, bad - values.begin() + 1));
  }
}

}  // namespace

double interpolate(const std::vector<double>& x, const std::vector<double>& value, double at) {
  if (x.empty()) return nan;
  const double slack = 1e-9 * std::max(std::abs(x.front()), std::abs(x.back()));  // a time reached but for rounding
  if (!(at >= x.front() - slack && at <= x.back() + slack)) return nan;
  const auto above = std::lower_bound(x.begin(), x.end(), at);
  if (above == x.begin()) return value.front();
  if (above == x.end()) return value.back();
  const auto high = static_cast<std::size_t>(above - x.begin());
  const double share = (at - x[high - 1]) / (x[high] - x[high - 1]);
  return value[high - 1] + share * (value[high] - value[high - 1]);
}

Verdict judge(const Case& settings, const Evidence& evidence) {
  const Problem& problem = *settings.problem;
  const bool mock = settings.halo_method == HaloMethod::mock;
  Verdict verdict;
  if (!evidence.stopped.empty()) verdict.reasons.push_back(evidence.stopped);
  if (mock && problem.needs_ghosts) verdict.reasons.emplace_back("halo method mock: fields were not exchanged");
  look_for_nan(evidence, verdict.reasons);
  if (problem.judge != nullptr) problem.judge(settings, evidence, verdict.reasons);
  if (!(evidence.phase_gap <= phase_gap_allowed))
    verdict.reasons.push_back(fmt::format("phases miss the step by {:.2g} %", 100 * evidence.phase_gap));
  for (const Expectation& expected : settings.expectations) {
    const auto quantity = std::ranges::find(problem.quantities, expected.quantity, &Quantity::name);
    if (mock && quantity != problem.quantities.end() && quantity->not_with_mock) continue;
    verdict.checks.push_back(check_expectation(problem, expected, evidence));
    if (!verdict.checks.back().pass) verdict.reasons.push_back(failure(verdict.checks.back(), expected));
  }
  return verdict;
}

}  // namespace haloscope
