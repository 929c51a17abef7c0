// SPDX-License-Identifier: BSD-3-Clause
// The table at the end of a probe.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>

#include "haloscope/base/readable.hpp"
#include "haloscope/base/statistics.hpp"
#include "probe/distribution.hpp"
#include "probe/report.hpp"

namespace haloscope {

using readable::seconds;

namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::array<double, 4> shown_quantiles = {0.5, 0.9, 0.99, 0.999};
struct ShownSize {
  std::int64_t bytes;
  const char* name;
};
constexpr std::array<ShownSize, 5> shown_sizes = {
    {{1 << 10, "1 KiB"}, {1 << 13, "8 KiB"}, {1 << 16, "64 KiB"}, {1 << 20, "1 MiB"}, {1 << 22, "4 MiB"}}};

std::string text_of(const ProbeReport& report, const std::string& key) {
  const auto found = report.text.find(key);
  return found == report.text.end() ? "unknown" : found->second;
}

int nodes_in(const ProbeReport& report) {
  int nodes = 0;
  for (const RankReport& rank : report.ranks) nodes = std::max(nodes, rank.node + 1);
  return nodes;
}

void write_head(Out out, const ProbeReport& report) {
  const auto ranks = report.ranks.size();
  const int nodes = nodes_in(report);
  fmt::format_to(out, "\nprobe: {} rank{} on {} node{}, network {}, clock {}\n", ranks, ranks == 1 ? "" : "s", nodes,
                 nodes == 1 ? "" : "s", text_of(report, "network"), text_of(report, "clock"));
  fmt::format_to(out, "  {:<16}{}, hypervisor {}\n", "machine", text_of(report, "cpu_model"),
                 text_of(report, "hypervisor"));
  fmt::format_to(out, "  {:<16}{}\n", "transport", text_of(report, "mpi_transport"));
  if (report.text.contains("network_hash"))
    fmt::format_to(out, "  {:<16}{} ({}), seed {}, {}, computing: {}\n", "network", text_of(report, "network"),
                   text_of(report, "network_hash"), text_of(report, "network_seed"),
                   text_of(report, "without").empty() ? "whole" : "without " + text_of(report, "without"),
                   text_of(report, "compute"));
  fmt::format_to(out, "  {:<16}haloscope {} ({}), {}\n", "program", text_of(report, "haloscope_version"),
                 text_of(report, "git_commit"), text_of(report, "created_utc"));
  fmt::format_to(out, "  {:<16}reading it takes {}, it moves by {}\n", "MPI_Wtime", seconds(report.clock_cost),
                 report.clock_step > 0 ? seconds(report.clock_step) : "messages alone");
  fmt::format_to(out, "  {:<16}{:.1f} of {:.4g} s\n", "time", report.seconds_taken, report.seconds_asked);
}

// --- latency ---------------------------------------------------------------------------------------------------------

void write_quantiles(Out out, const std::string& label, std::vector<double> values) {
  std::ranges::sort(values);
  fmt::format_to(out, "  {:<34}", label);
  for (const double p : shown_quantiles) fmt::format_to(out, "{:>11}", seconds(quantile(values, p)));
  fmt::format_to(out, "{:>11}", seconds(values.back()));
}

void write_quantile_heads(Out out, const char* label, const char* last, const char* lag) {
  fmt::format_to(out, "\n  {:<34}{:>11}{:>11}{:>11}{:>11}{:>11}{:>10}{}\n", label, "p50", "p90", "p99", "p99.9", "max",
                 last, lag);
}

void write_latency(Out out, const ProbeReport& report) {
  if (!report.within_node.measured() && !report.between_nodes.measured()) return;
  write_quantile_heads(out, "half round trip of 1 byte", "samples", "   lag 1");
  for (const auto& [path, name] :
       {std::pair{&report.within_node, "within a node"}, std::pair{&report.between_nodes, "between nodes"}}) {
    for (std::size_t i = 0; i < path->latency.size(); ++i) {
      const PairLatency& pair = path->latency[i];
      const bool slowest = i > 0 && pair.ranks == path->survey[path->slowest].ranks;
      if (i > 0 && !slowest) continue;
      const std::vector<double> warm = pair.warm();
      write_quantiles(
          out, fmt::format("{}, {} and {}{}", name, pair.ranks.first, pair.ranks.second, slowest ? " (slowest)" : ""),
          warm);
      fmt::format_to(out, "{:>10}{:>8.3f}\n", warm.size(), lag1_of_normal_scores(warm));
    }
  }
}

std::string rank_and_host(const ProbeReport& report, int rank) {
  return fmt::format("{} ({})", rank, report.ranks.at(static_cast<std::size_t>(rank)).host);
}

void write_slowest(Out out, const ProbeReport& report) {
  for (const auto& [path, name] :
       {std::pair{&report.within_node, "within a node"}, std::pair{&report.between_nodes, "between nodes"}}) {
    if (!path->measured()) continue;
    const SurveyedPair &slowest = path->survey[path->slowest], &typical = path->survey[path->typical];
    fmt::format_to(out, "  slowest pair {}: ranks {} and {}, p50 {}, p99 {}", name,
                   rank_and_host(report, slowest.ranks.first), rank_and_host(report, slowest.ranks.second),
                   seconds(slowest.p50), seconds(slowest.p99));
    fmt::format_to(out, "; typical {}, {}; looked at {} of {} chosen pair{}\n", seconds(typical.p50),
                   seconds(typical.p99), path->survey.size(), path->pairs, path->pairs == 1 ? "" : "s");
  }
}

void write_costs(Out out, const ProbeReport& report) {
  std::string heads;
  for (const ShownSize& size : shown_sizes) heads += fmt::format("{:>9}", size.name);
  bool headed = false;
  for (const auto& [path, name] :
       {std::pair{&report.within_node, "within a node"}, std::pair{&report.between_nodes, "between nodes"}}) {
    if (!path->measured()) continue;
    if (!headed)
      fmt::format_to(out, "\n  {:<16}{:>11}{:>11}{:>11}{:>13}   GB/s at{}\n", "message", "send o", "receive o", "gap g",
                     "eager up to", heads);
    headed = true;
    const PathCosts& costs = path->costs;
    fmt::format_to(
        out, "  {:<16}{:>11}{:>11}{:>11}{:>12}", name, seconds(costs.send_seconds), seconds(costs.receive_seconds),
        seconds(costs.gap_seconds),
        costs.eager_limit_bytes == PathCosts::no_limit ? "no limit" : fmt::format("{} B", costs.eager_limit_bytes), "");
    for (const auto& [bytes, label] : shown_sizes) {
      const auto place = static_cast<std::size_t>(std::ranges::find(costs.bytes, bytes) - costs.bytes.begin());
      fmt::format_to(out, "{:>9.3g}", 1e-9 * static_cast<double>(bytes) / costs.half_round_trips.at(place));
    }
    fmt::format_to(out, "\n");
  }
}

void write_collectives(Out out, const ProbeReport& report) {
  if (report.collectives.empty()) return;
  write_quantile_heads(out, "all ranks, to the end of the last", "times", "   begin within");
  for (const CollectiveReport& one : report.collectives) {
    const std::vector<double> warm(one.seconds.begin() + static_cast<std::ptrdiff_t>(one.warmup), one.seconds.end());
    write_quantiles(out, one.name, warm);
    fmt::format_to(out, "{:>10}{:>15}\n", warm.size(), seconds(one.skew));
  }
}

// --- hosts -----------------------------------------------------------------------------------------------------------

/// Events a second.
std::string rate(double value) { return value < 99.95 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value); }

void write_detour_row(Out out, const std::string& label, const DetourSummary& d) {
  fmt::format_to(out, "  {:<34}{:>9.3f} %{:>11}", label, 100 * d.cpu_fraction, rate(d.rate));
  for (const double longer : d.rate_longer) fmt::format_to(out, "{:>9}", rate(longer));
  fmt::format_to(out, "{:>11}{:>11}{:>11}\n", seconds(d.median), seconds(d.p99), seconds(d.longest));
}

void write_detours(Out out, const ProbeReport& report) {
  if (report.ranks.empty() || !(report.ranks.front().detours.observed > 0)) return;
  fmt::format_to(out, "\n  {:<34}{:>11}{:>11}", "detours of cores", "CPU time", "a second");
  for (const double us : detour_lengths_us) fmt::format_to(out, "{:>9}", fmt::format(">{:.0f} µs", us));
  fmt::format_to(out, "{:>11}{:>11}{:>11}\n", "median", "p99", "longest");
  std::vector<std::size_t> order(report.ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&report](std::size_t i) { return report.ranks[i].detours.cpu_fraction; });
  const std::size_t typical = order[(order.size() - 1) / 2], noisiest = order.back();
  if (typical != noisiest)
    write_detour_row(out, fmt::format("typical, rank {}", typical), report.ranks[typical].detours);
  write_detour_row(out, fmt::format("noisiest, rank {}", noisiest), report.ranks[noisiest].detours);
  const RankReport& worst = report.ranks[noisiest];
  fmt::format_to(out, "  noisiest core: {} {} of {} (rank {}), {:.3f} % of its time; a detour is longer than {}\n",
                 worst.bound ? "core" : "unbound, any of cores", worst.cores, worst.host, noisiest,
                 100 * worst.detours.cpu_fraction, seconds(worst.detours.threshold));
}

/// Of the slowest node.
void write_triad(Out out, const ProbeReport& report) {
  const auto nodes = static_cast<std::size_t>(nodes_in(report));
  std::vector<double> together(nodes, 0.0), alone(nodes, std::nan(""));
  for (const RankReport& rank : report.ranks) {
    const auto node = static_cast<std::size_t>(rank.node);
    together[node] += rank.triad_together;
    if (!std::isnan(rank.triad_alone)) alone[node] = rank.triad_alone;
  }
  const auto slowest = static_cast<std::size_t>(std::ranges::min_element(together) - together.begin());
  if (std::isnan(together[slowest])) {
    fmt::format_to(out, "\n  memory: not measured, computing takes no time on this clock\n");
    return;
  }
  const auto here = static_cast<std::size_t>(
      std::ranges::count(report.ranks, static_cast<int>(slowest), [](const RankReport& rank) { return rank.node; }));
  fmt::format_to(out, "\n  memory: STREAM triad {:.1f} GB/s on one rank", 1e-9 * alone[slowest]);
  if (here > 1) fmt::format_to(out, ", {:.1f} on all {} of a node", 1e-9 * together[slowest], here);
  fmt::format_to(out, "{}; three arrays of {} MiB a rank\n", nodes > 1 ? " (slowest node)" : "",
                 report.triad_mebibytes);
}

}  // namespace

std::string table_of(const ProbeReport& report) {
  std::string text;
  const Out out(text);
  write_head(out, report);
  write_latency(out, report);
  write_slowest(out, report);
  write_costs(out, report);
  write_collectives(out, report);
  write_detours(out, report);
  write_triad(out, report);
  fmt::format_to(out, "\n");
  for (const std::string& line : report.cut) fmt::format_to(out, "  cut short: {}\n", line);
  for (const std::string& warning : report.warnings) fmt::format_to(out, "  warning: {}\n", warning);
  return text;
}

}  // namespace haloscope
