// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/probe/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <numeric>
#include <system_error>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/build_info.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/base/output.hpp"
#include "haloscope/base/utc.hpp"
#include "haloscope/border/asked_network.hpp"
#include "haloscope/machine/machine.hpp"
#include "probe/parts.hpp"

namespace haloscope {

namespace {

namespace fs = std::filesystem;

struct Part {
  std::string name;
  double weight;
  std::function<void(Stage&)> work;
};

std::string mpi_library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING + 1> text{};
  int length = 0;
  check_mpi(MPI_Get_library_version(text.data(), &length));
  return std::string(text.data());
}

/// What was measured, by what and where.
std::map<std::string, std::string> texts_of(const MachineReport& machine, const Network& network,
                                            const ProbeOptions& options) {
  std::map<std::string, std::string> text = machine.facts;
  text["network"] = network.name;
  text["clock"] = network.clock;
  if (network.modelled()) {
    text["network_hash"] = network.hash;
    text["network_seed"] = std::to_string(network.seed);
    text["without"] = network.without;
    text["compute"] = network.compute;
    text["inexact"] = call_counts(network.inexact);
  }
  text["command_line"] = options.command_line;
  text["created_utc"] = now_utc();
  text["haloscope_version"] = build_info::version;
  text["git_commit"] = build_info::git_commit;
  text["compiler"] = build_info::compiler;
  text["compiler_flags"] = build_info::compiler_flags;
  text["mpi_library"] = mpi_library();
  return text;
}

/// All ranks' reports on rank 0.
void gather_ranks(const Stage& stage, const RankReport& mine, std::vector<RankReport>& ranks) {
  const DetourSummary& d = mine.detours;
  std::vector<double> numbers = {d.minimum_loop,   d.threshold,
                                 d.observed,       d.count,
                                 d.cpu_fraction,   d.rate,
                                 d.median,         d.p99,
                                 d.longest,        d.interval_median,
                                 d.interval_p99,   mine.triad_together,
                                 mine.triad_alone, mine.bound ? 1.0 : 0.0};
  numbers.insert(numbers.end(), d.rate_longer.begin(), d.rate_longer.end());
  const std::vector<std::vector<double>> all = stage.gather(numbers);
  const std::vector<std::string> hosts = stage.gather(mine.host), cores = stage.gather(mine.cores);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    RankReport& of_rank = ranks.at(rank);
    const double* n = all[rank].data();
    DetourSummary& into = of_rank.detours;
    for (double* const field : {&into.minimum_loop, &into.threshold, &into.observed, &into.count, &into.cpu_fraction,
                                &into.rate, &into.median, &into.p99, &into.longest, &into.interval_median,
                                &into.interval_p99, &of_rank.triad_together, &of_rank.triad_alone})
      *field = *n++;
    of_rank.bound = *n++ != 0;
    std::copy_n(n, into.rate_longer.size(), into.rate_longer.begin());
    of_rank.host = hosts[rank];
    of_rank.cores = cores[rank];
  }
}

/// What there was no time for.
void say_what_was_cut(const PathReport& path, const std::string& name, std::vector<std::string>& cut) {
  if (!path.measured()) return;
  const auto surveyed = static_cast<std::int64_t>(path.survey.size());
  if (surveyed < path.pairs)
    cut.push_back(fmt::format("{}: {} of {} chosen pairs looked at", name, surveyed, path.pairs));
  if (path.latency.size() < path.survey.size())
    cut.push_back(fmt::format("{}: {} of {} pairs measured at length", name, path.latency.size(), surveyed));
  std::size_t fewest = path.latency.front().half_round_trips.size();
  for (const PairLatency& pair : path.latency) fewest = std::min(fewest, pair.half_round_trips.size());
  if (fewest < 100'000) cut.push_back(fmt::format("{}: a pair has {} samples, not 100000", name, fewest));
}

/// The parts there are something to measure for, in their order: latency first, before any message in one direction
/// only.
std::vector<Part> parts_of(MPI_Comm world, const std::vector<int>& node_of, const ProbeOptions& options,
                           RankReport& mine, ProbeReport& report) {
  std::vector<Part> parts;
  const auto add = [&parts](const std::string& name, double weight, std::function<void(Stage&)> work) {
    parts.push_back({name, weight, std::move(work)});
  };
  const std::vector<Pair> between = pairs_between_nodes(node_of), within = pairs_within_nodes(node_of);
  for (const auto& [pairs, path, name, weight] : {std::tuple{&between, &report.between_nodes, "between nodes", 1.5},
                                                  std::tuple{&within, &report.within_node, "within a node", 1.0}}) {
    if (pairs->empty()) continue;
    add(fmt::format("half round trip {}", name), 2 * weight,
        [pairs = *pairs, path = path](Stage& stage) { measure_latency(stage, pairs, *path); });
  }
  for (const auto& [pairs, path, name] : {std::tuple{&between, &report.between_nodes, "between nodes"},
                                          std::tuple{&within, &report.within_node, "within a node"}}) {
    if (pairs->empty()) continue;
    add(fmt::format("message sizes {}", name), 1,
        [path = path](Stage& stage) { path->costs = measure_costs(stage, path->survey[path->typical].ranks); });
  }
  if (node_of.size() > 1) {
    const auto together = [&report, world](auto measured) {
      return [&report, world, measured](Stage& stage) {
        const ClockModel clock = align_clock(world);
        stage.meet();
        for (CollectiveReport& one : measured(stage, clock)) report.collectives.push_back(std::move(one));
      };
    };
    add("collectives", 1.5, together(measure_collectives));
    add("halo", 0.7, together(measure_halo));
  }
  add("detours", 1.5, [&mine, &report](Stage& stage) { measure_detours(stage, mine, report); });
  const auto rank = static_cast<std::size_t>(rank_in(world));
  const bool first =
      std::find(node_of.begin(), node_of.end(), node_of[rank]) - node_of.begin() == static_cast<std::ptrdiff_t>(rank);
  add("memory", 0.5,
      [&mine, &options, first](Stage& stage) { measure_triad(stage, options.triad_mebibytes, first, mine); });
  return parts;
}

/// Rank 0 looks, all throw the same.
void check_options(MPI_Comm world, const ProbeOptions& options) {
  const BehindTheScenes behind;
  std::string wrong;
  if (rank_in(world) == 0) {
    if (!options.profile.empty() && ranks_in(world) < 2)
      wrong = fmt::format("{}: a profile needs a network: start at least 2 ranks", options.profile);
    else if (!options.output.empty() && options.output == options.profile)
      wrong = fmt::format("{}: --output and --write-profile must name two files", options.output);
    for (const auto& [path, option] :
         {std::pair{options.output, "--output"}, std::pair{options.profile, "--write-profile"}})
      if (wrong.empty() && !path.empty()) wrong = output_objection(path, option, options.force);
  }
  agree<UserError>(world, wrong);
}

void write_text(const std::string& path, const std::string& text) {
  const std::string partial = path + ".part";
  std::FILE* const file = std::fopen(partial.c_str(), "w");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (!written || std::rename(partial.c_str(), path.c_str()) != 0)
    throw LibraryError(fmt::format("{}: cannot be written: {}", path, std::generic_category().message(errno)));
}

/// The name of a profile: its file's, in the letters that names may have.
std::string name_of(const std::string& path) {
  std::string name = path.empty() ? "probed" : fs::path(path).stem().string().substr(0, 80);
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') c = '_';
  return name;
}

/// The profile's text, read back: what cannot be read must not be written.
std::string profile_text(const ProbeReport& report, const std::string& path) {
  if (!report.within_node.measured() && !report.between_nodes.measured()) return {};
  const std::string text = format_profile(profile_of(report, name_of(path)));
  try {
    return parse_profile(text, path).text;
  } catch (const UserError& error) {
    throw LibraryError(fmt::format("what was measured makes no profile: {}", error.what()));
  }
}

}  // namespace

ProbeReport measure(MPI_Comm world, const ProbeOptions& options) {
  ProbeReport report;
  RankReport mine;
  MachineReport machine;
  Network network;
  {
    const BehindTheScenes behind;
    machine = look_at_machine(world);
    network = ask_network(world);
  }
  const std::vector<int> node_of = nodes_of(world, network);
  mine.host = machine.place.host;
  mine.cores = core_list(machine.place.logical_cores);
  mine.bound = machine.place.bound;
  const std::vector<Part> parts = parts_of(world, node_of, options, mine, report);
  const double weights =
      std::accumulate(parts.begin(), parts.end(), 0.0, [](double sum, const Part& part) { return sum + part.weight; });

  const StealMeter steal;
  Stage stage(world, network, options.seconds, weights);
  report.clock_step = stage.clock_step();
  report.clock_cost = stage.clock_cost();
  for (const Part& part : parts) {
    stage.begin(part.name, part.weight);
    part.work(stage);
  }
  stage.meet();

  report.text = texts_of(machine, ask_network(world), options);
  report.seconds_asked = options.seconds;
  report.seconds_taken = stage.spent();
  report.triad_mebibytes = options.triad_mebibytes;
  report.ranks.resize(node_of.size());
  for (std::size_t rank = 0; rank < node_of.size(); ++rank) report.ranks[rank].node = node_of[rank];
  gather_ranks(stage, mine, report.ranks);
  say_what_was_cut(report.between_nodes, "between nodes", report.cut);
  say_what_was_cut(report.within_node, "within a node", report.cut);
  report.warnings = machine.warnings;
  if (const std::string stolen = steal_warning(world, steal); !stolen.empty()) report.warnings.push_back(stolen);
  return report;
}

ExitCode probe(MPI_Comm world, const ProbeOptions& options) {
  check_options(world, options);
  const ProbeReport report = measure(world, options);
  if (rank_in(world) != 0) return ExitCode::ok;
  const std::string table = table_of(report), profile = profile_text(report, options.profile);
  if (!options.output.empty()) write_probe_file(options.output, report, table, profile);
  if (!options.profile.empty()) write_text(options.profile, profile);
  fmt::print("{}", table);
  for (const std::string& path : {options.output, options.profile})
    if (!path.empty()) fmt::print("  {}\n", path);
  std::fflush(stdout);
  return ExitCode::ok;
}

}  // namespace haloscope
