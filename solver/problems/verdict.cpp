// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/problems/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace haloscope {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double phase_gap_allowed = 0.01;
constexpr std::string_view profile_prefix = "profile:";

const std::vector<double>* find(const Evidence& evidence, const std::string& name) {
  const auto found = evidence.solver.find(name);
  return found == evidence.solver.end() ? nullptr : &found->second;
}

/// A quantity over time.
struct Series {
  std::vector<double> time, value;
};

/// -dE/dt of a mean kinetic energy at the ends of the steps: central differences, one-sided at both ends of the run.
std::vector<double> dissipation_of(const std::vector<double>& time, const std::vector<double>& energy) {
  std::vector<double> rate(time.size(), nan);
  for (std::size_t i = 0; time.size() > 1 && i < time.size(); ++i) {
    const std::size_t before = i == 0 ? 0 : i - 1, after = std::min(i + 1, time.size() - 1);
    rate[i] = (energy[before] - energy[after]) / (time[after] - time[before]);
  }
  return rate;
}

/// The steps' values of a quantity that an expectation may name; empty when it has none.
Series series_of(const Evidence& evidence, const std::string& name) {
  const bool derived = name == "kinetic_energy_dissipation";
  const std::vector<double>* const time = find(evidence, "time");
  const std::vector<double>* const values = find(evidence, derived                    ? "kinetic_energy"
                                                           : name == "divergence_max" ? "divergence"
                                                                                      : name);
  if (time == nullptr || values == nullptr) return {};
  return {*time, derived ? dissipation_of(*time, *values) : *values};
}

/// What the run measured for @p name at @p at; NaN when it has no such thing or never got there.
double measured_at(const Evidence& evidence, const std::string& name, double at) {
  if (name.starts_with(profile_prefix)) {
    for (const LineProfile& profile : evidence.profiles)
      if (name.substr(profile_prefix.size()) == profile.name) return interpolate(profile.coordinate, profile.value, at);
    return nan;
  }
  const Series series = series_of(evidence, name);
  return interpolate(series.time, series.value, at);
}

double measured_at_end(const Evidence& evidence, const std::string& name) {
  const auto found = evidence.scalars.find(name);
  if (found != evidence.scalars.end() && std::isfinite(found->second)) return found->second;
  const Series series = series_of(evidence, name);
  return series.value.empty() ? nan : series.value.back();
}

bool too_uncertain(const Expectation& expected, double standard_error) {
  return std::isfinite(expected.relative_error) &&
         !(standard_error <= expected.relative_error * std::abs(expected.values.front()));
}

/// One row for each expectation; of several points the worst, where NaN is worst of all.
Check check_expectation(const Expectation& expected, const Evidence& evidence) {
  Check check{expected.quantity, nan, nan, expected.tolerance, expected.source, false, nan};
  if (expected.at.empty()) {
    check.expected = expected.values.front();
    check.measured = measured_at_end(evidence, expected.quantity);
    const auto error = evidence.standard_errors.find(expected.quantity);
    if (error != evidence.standard_errors.end()) check.standard_error = error->second;
    if (expected.sigmas > 0) check.tolerance = expected.sigmas * check.standard_error;
  } else {
    double worst = -1;
    for (std::size_t i = 0; i < expected.at.size() && !std::isnan(worst); ++i) {
      const double measured = measured_at(evidence, expected.quantity, expected.at[i]);
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

void look_for_lost(const Evidence& evidence, std::vector<std::string>& reasons) {
  const std::vector<double>* const lost = find(evidence, "lost");
  const double count = lost == nullptr ? 0 : std::accumulate(lost->begin(), lost->end(), 0.0);
  if (count == 0) return;
  reasons.push_back(fmt::format("{:.0f} particle{} lost{}{}", count, count == 1 ? " was" : "s were",
                                evidence.lost_positions.empty() ? "" : ", the first at ", evidence.lost_positions));
}

void look_for_excess(const Evidence& evidence, const std::string& name, double bound,
                     std::vector<std::string>& reasons) {
  const std::vector<double>* const values = find(evidence, name);
  if (values == nullptr) return;
  const auto above = std::count_if(values->begin(), values->end(), [=](double value) { return value > bound; });
  if (above == 0) return;
  reasons.push_back(fmt::format("{} up to {:.2g} is above {:.2g} in {} of {} steps", name, std::ranges::max(*values),
                                bound, above, values->size()));
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
  Verdict verdict;
  if (!evidence.stopped.empty()) verdict.reasons.push_back(evidence.stopped);
  const bool solves = settings.problem == Problem::flow || settings.problem == Problem::poisson;
  if (settings.halo_method == HaloMethod::mock && solves)
    verdict.reasons.emplace_back("halo method mock: fields were not exchanged");
  look_for_nan(evidence, verdict.reasons);
  if (settings.problem == Problem::transport) look_for_lost(evidence, verdict.reasons);
  if (solves && settings.iterations == 0) {
    look_for_excess(evidence, "residual", settings.tolerance, verdict.reasons);
    // max|∇·u| dx ≤ ‖∇·u‖₂ dx ≤ tolerance ‖∇·u*‖₂ dx ≤ tolerance √cells · 6 max|u*|: six faces a cell; the last addend
    // is rounding.
    look_for_excess(evidence, "divergence", 6 * std::sqrt(evidence.cells) * settings.tolerance + 1e-11,
                    verdict.reasons);
  }
  if (!(evidence.phase_gap <= phase_gap_allowed))
    verdict.reasons.push_back(fmt::format("phases miss the step by {:.2g} %", 100 * evidence.phase_gap));
  for (const Expectation& expected : settings.expectations) {
    // The bare exchange with mock measures packing and promises nothing about ghosts.
    if (settings.halo_method == HaloMethod::mock && expected.quantity == "ghost_errors") continue;
    verdict.checks.push_back(check_expectation(expected, evidence));
    if (!verdict.checks.back().pass) verdict.reasons.push_back(failure(verdict.checks.back(), expected));
  }
  return verdict;
}

}  // namespace haloscope
