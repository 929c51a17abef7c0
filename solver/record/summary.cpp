// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "haloscope/base/readable.hpp"
#include "haloscope/base/statistics.hpp"
#include "record/summary_text.hpp"

namespace haloscope {

using readable::byte_count, readable::count, readable::seconds;

namespace {

using namespace text;

std::vector<double> after_warmup(const RunFile& file, const std::vector<double>& values) {
  return {values.begin() + static_cast<std::ptrdiff_t>(std::min(skipped(file), values.size())), values.end()};
}

void write_head(Out out, const RunFile& file) {
  const std::int64_t ranks = number_of(file, "ranks"), per_node = number_of(file, "ranks_per_node");
  fmt::format_to(out, "\n{}: {} rank{}, {} a node, network {}, clock {}\n", text_of(file, "case_name"), ranks,
                 ranks == 1 ? "" : "s", per_node, text_of(file, "network"), text_of(file, "clock"));
  const auto fact = [&](const char* name) {
    const auto found = file.machine.find(name);
    return found == file.machine.end() ? std::string{"unknown"} : found->second;
  };
  fmt::format_to(out, "  {:<16}{}, hypervisor {}\n", "machine", fact("cpu_model"), fact("hypervisor"));
  fmt::format_to(out, "  {:<16}{}\n", "transport", fact("mpi_transport"));
  // A program of somebody else has none of them.
  for (const auto& [label, key] : {std::pair{"cells", "cells"}, {"process grid", "process_grid"}, {"method", "method"}})
    if (file.text.contains(key)) fmt::format_to(out, "  {:<16}{}\n", label, text_of(file, key));
  fmt::format_to(out, "  {:<16}haloscope {} ({}), {}\n", "program", text_of(file, "haloscope_version"),
                 text_of(file, "git_commit"), text_of(file, "created_utc"));
  write_network(out, file);
  const std::size_t steps = file.step_seconds.size(), warm = skipped(file);
  fmt::format_to(out, "  {:<16}{}{}\n", "steps", steps,
                 warm > 0 ? fmt::format(", the first {} as warm-up left out of all below", warm) : std::string{});
}

void write_step_times(Out out, const RunFile& file) {
  std::vector<double> sorted = after_warmup(file, file.step_seconds);
  if (sorted.empty()) return;
  std::ranges::sort(sorted);
  const MedianInterval step = median_interval(sorted);
  fmt::format_to(out, "  {:<16}median {}{}  p95 {}  p99 {}  max {}\n", "step time", seconds(step.median),
                 std::isnan(step.low) ? std::string{" (too few steps for an interval)"}
                                      : fmt::format(" [{}, {}]", seconds(step.low), seconds(step.high)),
                 seconds(percentile(sorted, 0.95)), seconds(percentile(sorted, 0.99)), seconds(sorted.back()));
  const double work = std::strtod(text_of(file, "work_per_step").c_str(), nullptr);
  if (work > 0 && step.median > 0)
    fmt::format_to(out, "  {:<16}{} {} a second (median step)\n", "figure of merit", count(work / step.median),
                   text_of(file, "work_unit"));
}

void write_phases(Out out, const RunFile& file) {
  const double steps = static_cast<double>(file.step_seconds.size() - skipped(file));
  const double shares = steps * static_cast<double>(number_of(file, "ranks"));
  const double total = std::accumulate(file.phase_seconds.begin(), file.phase_seconds.end(), 0.0);
  if (!(shares > 0 && total > 0)) return;
  fmt::format_to(out, "\n  {:<12}{:>8}{:>12}{:>14}{:>12}{:>11}{:>12}{:>12}\n", "phase", "share", "time", "of it p2p",
                 "coll.", "messages", "bytes", "reductions");
  const auto row = [&](std::string_view label, double time, double p2p, double collective, double messages,
                       double bytes, double collectives) {
    fmt::format_to(out, "  {:<12}{:>6.1f} %{:>12}{:>14}{:>12}{:>11}{:>12}{:>12}\n", label, 100 * time / total,
                   seconds(time / shares), seconds(p2p / shares), seconds(collective / shares),
                   count(messages / shares), byte_count(bytes / shares), count(collectives / shares));
  };
  const auto sum = [](const PerPhase<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); };
  for (std::size_t p = 0; p < file.phase_seconds.size() && p < file.phases.size(); ++p)
    if (file.phase_seconds[p] > 0)
      row(file.phases[p], file.phase_seconds[p], file.point_to_point_seconds[p], file.collective_seconds[p],
          file.messages[p], file.bytes[p], file.collectives[p]);
  row("step", total, sum(file.point_to_point_seconds), sum(file.collective_seconds), sum(file.messages),
      sum(file.bytes), sum(file.collectives));
  fmt::format_to(out, "  {:<12}means over ranks and steps", "");
  // Load balance as in the POP model: mean over ranks of the time outside MPI, over the largest.
  const auto& compute = file.compute_seconds;
  const double largest = compute.empty() || file.virtual_times ? 0 : std::ranges::max(compute);
  if (compute.size() > 1 && largest > 0)
    fmt::format_to(
        out, "; load balance {:.1f} %",
        100 * std::accumulate(compute.begin(), compute.end(), 0.0) / static_cast<double>(compute.size()) / largest);
  fmt::format_to(out, "\n");
}

void write_solver(Out out, const RunFile& file) {
  const auto values_of = [&](const char* name) {
    const auto found = file.solver.find(name);
    std::vector<double> values = found == file.solver.end() ? std::vector<double>{} : after_warmup(file, found->second);
    std::ranges::sort(values);
    return values;
  };
  const std::vector<double> iterations = values_of("iterations"), residual = values_of("residual"),
                            divergence = values_of("divergence");
  if (iterations.empty()) return;
  fmt::format_to(out, "\n  {:<16}{:g} iterations a step (median), at most {:g}", "solver", percentile(iterations, 0.5),
                 iterations.back());
  if (!residual.empty()) fmt::format_to(out, "; residual at most {:.2g}", residual.back());
  if (!divergence.empty()) fmt::format_to(out, "; divergence at most {:.2g}", divergence.back());
  fmt::format_to(out, "\n");
}

/// Particles followed, of the steps that have them.
void write_transport(Out out, const RunFile& file) {
  const std::vector<double> times = after_warmup(file, file.step_seconds);
  const double elapsed = std::accumulate(times.begin(), times.end(), 0.0);
  const auto values_of = [&](const char* name) {
    const auto found = file.solver.find(name);
    return found == file.solver.end() ? std::vector<double>{} : after_warmup(file, found->second);
  };
  const auto sum = [](const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); };
  const std::vector<double> histories = values_of("histories");
  if (histories.empty() || !(elapsed > 0)) return;
  fmt::format_to(out, "\n  {:<16}{} histories a step", "solver",
                 count(sum(histories) / static_cast<double>(histories.size())));
  for (const char* const what : {"segments", "collisions"})
    if (const auto values = values_of(what); !values.empty())
      fmt::format_to(out, "; {} {} a second", count(sum(values) / elapsed), what);
  if (std::vector<double> rounds = values_of("rounds"); !rounds.empty()) {
    std::ranges::sort(rounds);
    fmt::format_to(out, "; {:g} rounds a step (median), at most {:g}", percentile(rounds, 0.5), rounds.back());
  }
  const auto lost = file.solver.find("lost");
  if (lost != file.solver.end()) fmt::format_to(out, "; {:g} lost", sum(lost->second));
  fmt::format_to(out, "\n");
}

/// The sweep of problem exchange: the n-th point of its profile is the n-th size.
void write_exchange(Out out, const RunFile& file) {
  constexpr std::string_view prefix = "exchange_seconds_";
  std::vector<std::pair<long, std::vector<double>>> sizes;
  for (const auto& [name, values] : file.solver)
    if (name.starts_with(prefix)) sizes.emplace_back(std::strtol(name.c_str() + prefix.size(), nullptr, 10), values);
  if (sizes.empty()) return;
  std::ranges::sort(sizes);
  std::vector<double> bytes;
  for (const LineProfile& profile : file.profiles)
    if (profile.name == "exchange_seconds") bytes = profile.coordinate;
  std::ranges::sort(bytes);
  bytes.resize(sizes.size(), -1);

  fmt::format_to(out, "\n  {:>9}{:>16}{:>14}{:>26}{:>12}{:>12}\n", "box", "message", "exchange", "95 % interval", "p99",
                 "max");
  for (std::size_t n = 0; n < sizes.size(); ++n) {
    std::vector<double> sorted = after_warmup(file, sizes[n].second);
    if (sorted.empty()) continue;
    std::ranges::sort(sorted);
    const MedianInterval time = median_interval(sorted);
    fmt::format_to(out, "  {:>9}{:>16}{:>14}{:>26}{:>12}{:>12}\n", fmt::format("{}³", sizes[n].first),
                   byte_count(bytes[n]), seconds(time.median),
                   std::isnan(time.low) ? std::string{"too few steps"}
                                        : fmt::format("[{}, {}]", seconds(time.low), seconds(time.high)),
                   seconds(percentile(sorted, 0.99)), seconds(sorted.back()));
  }
}

void write_checks(Out out, const RunFile& file) {
  if (file.checks.empty()) return;
  std::size_t width = 12;
  for (const Check& check : file.checks) width = std::max(width, check.name.size());
  const auto drawn = [](const Check& check) { return std::isfinite(check.standard_error); };
  const bool errors = std::ranges::any_of(file.checks, drawn);  // then how far off the value may be, and how far it is
  fmt::format_to(out, "\n  {:<{}}  {:>12}{:>12}{}{:>11}\n", "check", width, "expected", "measured",
                 errors ? fmt::format("{:>11}{:>10}", "± error", "off by") : "", "tolerance");
  for (const Check& check : file.checks) {
    std::string error;
    if (errors) error = std::string(21, ' ');
    if (drawn(check))
      error = fmt::format("{:>11}{:>10}", fmt::format("{:.2g}", check.standard_error),
                          check.standard_error > 0
                              ? fmt::format("{:.2f} σ", (check.measured - check.expected) / check.standard_error)
                              : "");
    fmt::format_to(out, "  {:<{}}  {:>12.5g}{:>12.5g}{}{:>11.2g}  {}  {}\n", check.name, width, check.expected,
                   check.measured, error, check.tolerance, check.pass ? "pass" : "FAIL", check.source);
  }
}

}  // namespace

std::string summary(const RunFile& file, const std::string& path) {
  std::string text;
  const Out out(text);
  write_head(out, file);
  write_step_times(out, file);
  write_phases(out, file);
  write_efficiency(out, file);
  write_solver(out, file);
  write_transport(out, file);
  write_exchange(out, file);
  write_checks(out, file);
  fmt::format_to(out, "\n");
  for (const std::string& warning : file.warnings) fmt::format_to(out, "  warning: {}\n", warning);
  for (const std::string& reason : file.invalid_reasons) fmt::format_to(out, "  because: {}\n", reason);
  fmt::format_to(out, "  {}\n  {}\n", number_of(file, "valid") != 0 ? "VALID" : "INVALID", path);
  return text;
}

}  // namespace haloscope
