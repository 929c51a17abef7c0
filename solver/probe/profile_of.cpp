// SPDX-License-Identifier: BSD-3-Clause
// The measurement as a profile. The table, its correlation and all costs are those of the typical pair of each kind: a
// profile describes one path, and a mixture of pairs would show jitter that no message has.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "probe/distribution.hpp"
#include "probe/report.hpp"

namespace haloscope {

namespace {

constexpr double most_lag1 = 0.99;
constexpr std::size_t slope_points = 3;  ///< 1, 2 and 4 MiB

/// The medians of all sizes as a profile has them, shifted so that one byte takes @p half_round_trip_us: the model uses
/// only how they grow.
std::vector<double> curve_of(const PathCosts& costs, double half_round_trip_us) {
  std::vector<double> us = never_falling(costs.half_round_trips);
  const double first = us.empty() ? 0 : us.front();
  for (double& value : us) value = rounded(half_round_trip_us + 1e6 * (value - first));
  return us;
}

/// 1 / G by the last points of the curve. [GB/s]
double bandwidth_of(const PathCosts& costs, const std::vector<double>& us) {
  const std::size_t last = us.size() - 1, before = last - (slope_points - 1);
  const double bytes = static_cast<double>(costs.bytes[last] - costs.bytes[before]);
  return us[last] > us[before] ? rounded(1e-3 * bytes / (us[last] - us[before]))
                               : std::numeric_limits<double>::infinity();
}

/// The very shortest may be a slip of the clock.
double least_of(const Quantiles& half_round_trips) {
  return half_round_trips.us.size() > 2 ? half_round_trips.us[1] : half_round_trips.us.front();
}

PathProfile path_of(const PathReport& report) {
  PathProfile path;
  const PairLatency& latency = report.latency.front();
  const PathCosts& costs = report.costs;
  path.jitter = quantile_table(latency.warm());
  path.half_round_trip_us = rounded(value_at(path.jitter, 0.5));
  path.overhead_us = rounded(overhead_us(costs, path.jitter));
  path.gap_us = rounded(gap_us(costs, path.jitter));
  path.eager_limit_bytes = costs.eager_limit_bytes;
  path.lag1 = rounded(std::clamp(lag1_of_normal_scores(latency.warm()), -most_lag1, most_lag1), 4);
  path.curve_bytes = costs.bytes;
  path.curve_us = curve_of(costs, path.half_round_trip_us);
  path.bandwidth_GBps = bandwidth_of(costs, path.curve_us);
  return path;
}

/// Hosts, each once, at most a few.
std::string hosts_of(const ProbeReport& report) {
  std::set<std::string> hosts;
  for (const RankReport& rank : report.ranks) hosts.insert(rank.host);
  std::string text;
  std::size_t named = 0;
  for (const std::string& host : hosts) {
    if (++named > 8) break;
    text += (text.empty() ? "" : ", ") + host;
  }
  return hosts.size() > 8 ? fmt::format("{} and {} more", text, hosts.size() - 8) : text;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Empty where hardly any detour was seen, or where they take all there is.
DetourProfile detours_of(const ProbeReport& report) {
  DetourProfile detours;
  const std::vector<double>&lengths = report.detour_seconds, &intervals = report.detour_intervals;
  if (lengths.size() < 10 || intervals.size() < 10 || mean_of(lengths) > 0.5 * mean_of(intervals)) return detours;
  detours.host = hosts_of(report);
  detours.duration = quantile_table(lengths);
  detours.inter_arrival = quantile_table(intervals);
  return detours;
}

std::string text_of(const ProbeReport& report, const std::string& key) {
  const auto found = report.text.find(key);
  return found == report.text.end() ? "unknown" : found->second;
}

std::string caveat_of(const ProbeReport& report, const DetourProfile& detours) {
  std::vector<std::string> sentences;
  if (!report.between_nodes.measured())
    sentences.push_back(
        "All ranks were on one node: the path between nodes is the one within it, as if every rank had a node of its "
        "own in the same memory.");
  else if (!report.within_node.measured())
    sentences.push_back("No node had two ranks: the path within a node is the one between nodes.");
  if (text_of(report, "clock") != "native")
    sentences.push_back(
        fmt::format("Probed on the modelled network {}, not on a machine's own.", text_of(report, "network")));
  if (detours.duration.empty())
    sentences.push_back("No detours: fewer than ten were seen, or they took more than half of the time.");
  sentences.push_back("Two states were not looked for: neighbouring messages are alike by lag 1 alone.");
  for (const std::string& line : report.cut) sentences.push_back("Cut short: " + line + ".");
  for (const std::string& line : report.warnings) sentences.push_back("Warning: " + line + ".");
  std::string text;
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : " ") + sentence;
  return text;
}

}  // namespace

double overhead_us(const PathCosts& costs, const Quantiles& half_round_trips) {
  const double mean = 1e6 * 0.5 * (costs.send_seconds + costs.receive_seconds);
  return std::min(mean, 0.5 * least_of(half_round_trips));  // even the shortest ones contain two of them
}

double gap_us(const PathCosts& costs, const Quantiles& half_round_trips) {
  return std::min(1e6 * costs.gap_seconds, 2 * least_of(half_round_trips));
}

Profile profile_of(const ProbeReport& report, const std::string& name) {
  Profile profile;
  const std::string mpi = text_of(report, "mpi_library"), hypervisor = text_of(report, "hypervisor");
  profile.name = name;
  profile.title = fmt::format("Probed on {}", hosts_of(report));
  profile.fabric = text_of(report, "mpi_transport");
  int nodes = 0;
  for (const RankReport& rank : report.ranks) nodes = std::max(nodes, rank.node + 1);
  profile.placement = fmt::format("{} ranks on {} node{}", report.ranks.size(), nodes, nodes == 1 ? "" : "s");
  profile.virtualized = hypervisor != "none" && hypervisor != "unknown";
  profile.evidence = "probed";
  profile.year = std::atoi(text_of(report, "created_utc").c_str());
  profile.source = fmt::format("haloscope {} ({}) on {}, {}, {}, by: {}", text_of(report, "haloscope_version"),
                               text_of(report, "git_commit"), hosts_of(report), text_of(report, "created_utc"),
                               mpi.substr(0, mpi.find_first_of(",\n")), text_of(report, "command_line"));
  profile.detours = detours_of(report);
  profile.caveat = caveat_of(report, profile.detours);
  const bool between = report.between_nodes.measured(), within = report.within_node.measured();
  profile.between_nodes = path_of(between ? report.between_nodes : report.within_node);
  profile.within_node = path_of(within ? report.within_node : report.between_nodes);
  return profile;
}

}  // namespace haloscope
