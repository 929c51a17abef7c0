// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/network/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <sstream>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::size_t columns = 100;
constexpr std::size_t label_width = 18;

/// Three digits: 1.66, 27.7, 2130.
std::string three_digits(double value) {
  if (std::isinf(value)) return "inf";
  if (value >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, value >= 10 ? 1 : 2);
}

std::string byte_count(std::int64_t bytes) {
  if (bytes == INT64_MAX) return "none";
  if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes >= 1 << 10 && bytes % (1 << 10) == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} B", bytes);
}

/// Of the half round trip; the median where no spread is given.
double quantile(const PathProfile& path, double p) {
  return path.jitter.empty() ? path.half_round_trip_us : value_at(path.jitter, p);
}

const char* host_kind(const Profile& profile) {
  if (profile.evidence == "synthetic") return "-";
  return profile.virtualized ? "VM" : "metal";
}

bool assumed_spread(const Profile& profile) { return profile.evidence == "reported" || profile.evidence == "vendor"; }

std::size_t width(const std::string& text) {  // in characters of UTF-8
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Splits at spaces; a word too long for a line also breaks behind a slash.
std::vector<std::string> words_of(const std::string& text, std::size_t room) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    while (width(word) > room) {
      const std::size_t slash = word.rfind('/', room - 1);
      if (slash == std::string::npos) break;
      words.push_back(word.substr(0, slash + 1));
      word.erase(0, slash + 1);
    }
    words.push_back(word);
  }
  return words;
}

/// @p text in lines of at most 100 columns behind a label.
void write_wrapped(Out out, const char* label, const std::string& text) {
  const std::string margin(label_width + 2, ' ');
  std::string line = fmt::format("  {:<{}}", label, label_width);
  bool first = true;
  for (const std::string& word : words_of(text, columns - margin.size())) {
    if (!first && width(line) + 1 + width(word) > columns) {
      fmt::format_to(out, "{}\n", line);
      line = margin;
      first = true;
    }
    line += (first ? "" : " ") + word;
    first = false;
  }
  fmt::format_to(out, "{}\n", line);
}

void write_sides(Out out, const Profile& profile) {
  const PathProfile &between = profile.between_nodes, &within = profile.within_node;
  const auto row = [&](const char* label, const auto& value) {
    fmt::format_to(out, "  {:<22}{:>16}{:>16}\n", label, value(between), value(within));
  };
  const auto us = [](double value) { return fmt::format("{:.4g} µs", value); };
  fmt::format_to(out, "\n  {:<22}{:>16}{:>16}\n", "", "between nodes", "within a node");
  row("half round trip, 1 B", [&](const PathProfile& path) { return us(path.half_round_trip_us); });
  row("latency L", [&](const PathProfile& path) { return us(path.half_round_trip_us - 2 * path.overhead_us); });
  row("overhead o", [&](const PathProfile& path) { return us(path.overhead_us); });
  row("gap g", [&](const PathProfile& path) { return us(path.gap_us); });
  row("bandwidth 1/G", [](const PathProfile& path) { return fmt::format("{:.4g} GB/s", path.bandwidth_GBps); });
  row("eager limit", [](const PathProfile& path) { return byte_count(path.eager_limit_bytes); });
  row("correlation, lag 1", [](const PathProfile& path) { return fmt::format("{:.3g}", path.lag1); });
  row("upper level, share", [](const PathProfile& path) {
    return path.states ? fmt::format("{:.3g}", path.states->fraction_high) : std::string("-");
  });
  row("stays there", [](const PathProfile& path) {
    return path.states ? fmt::format("{:.3g} messages", 1 / (1 - path.states->p_stay_high)) : std::string("-");
  });
  row("correlation on a level", [](const PathProfile& path) {
    return path.states ? fmt::format("{:.3g}", path.states->lag1_within) : std::string("-");
  });
}

/// Bars grow with the logarithm of the excess over the least value of the table.
void write_quantiles(Out out, const Profile& profile, const PathProfile& path, const char* where) {
  constexpr std::array<std::pair<const char*, double>, 7> wanted = {
      {{"min", 0}, {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1}}};
  const std::string samples =
      path.jitter.empty()
          ? "no spread: every message takes the median"
          : fmt::format("{}{} samples", assumed_spread(profile) ? "assumed spread, " : "", path.jitter.samples);
  fmt::format_to(out, "\n  half round trip {}, 1 B ({})\n", where, samples);
  if (path.jitter.empty()) return;
  const double median = quantile(path, 0.5);
  for (const auto& [label, p] : wanted) {
    const double us = quantile(path, p);
    const double times = median > 0 ? us / median : 1;
    const auto length = static_cast<std::size_t>(std::clamp(std::round(12 + 16 * std::log10(times)), 1.0, 60.0));
    fmt::format_to(out, "  {:<8}{:>9} µs {:>7}x  {}\n", label, three_digits(us), three_digits(times),
                   std::string(length, '#'));
  }
}

void write_curve(Out out, const PathProfile& path) {
  if (path.curve_bytes.empty()) return;
  constexpr std::array<std::int64_t, 7> wanted = {1024, 8192, 65536, 262144, 1048576, 4194304, 16777216};
  std::string text;
  for (const std::int64_t bytes : wanted) {
    const auto at = std::ranges::find(path.curve_bytes, bytes);
    if (at == path.curve_bytes.end()) continue;
    const double us = path.curve_us[static_cast<std::size_t>(at - path.curve_bytes.begin())];
    text += fmt::format("{}{} {} µs", text.empty() ? "" : ", ", byte_count(bytes), three_digits(us));
  }
  write_wrapped(out, "curve",
                fmt::format("{} sizes from {} to {}{}{}", path.curve_bytes.size(), byte_count(path.curve_bytes.front()),
                            byte_count(path.curve_bytes.back()), text.empty() ? "" : ": ", text));
}

void write_detours(Out out, const Profile& profile) {
  const DetourProfile& detours = profile.detours;
  if (detours.duration.empty()) return write_wrapped(out, "CPU detours", "none");
  const double taken = mean_of(detours.duration), every = mean_of(detours.inter_arrival);
  write_wrapped(out, "CPU detours",
                fmt::format("{}{}: {:.4g} a second, {} µs each on average (p99 {}, max {}): {:.2g} % of a core",
                            assumed_spread(profile) ? "assumed to be those of " : "", detours.host, 1e6 / every,
                            three_digits(taken), three_digits(value_at(detours.duration, 0.99)),
                            three_digits(value_at(detours.duration, 1)), 100 * taken / every));
}

void write_collectives(Out out, const Profile& profile) {
  std::string text;
  for (const auto& [collective, choices] : profile.collectives) {
    text += fmt::format("{}{}", text.empty() ? "" : "; ", collective);
    for (const AlgorithmChoice& choice : choices) {
      const std::string limit = choice.up_to_bytes == INT64_MAX ? "beyond" : "up to " + byte_count(choice.up_to_bytes);
      text += fmt::format(" {} {},", limit, choice.algorithm);
    }
    text.pop_back();
  }
  write_wrapped(out, "collectives", text.empty() ? "the default algorithms" : text);
  if (profile.offload_us) {
    write_wrapped(out, "offload",
                  fmt::format("{:.4g} µs inside the network, up to {}", *profile.offload_us,
                              byte_count(profile.offload_limit_bytes)));
  }
}

}  // namespace

std::string networks_table(const std::vector<std::string>& paths) {
  if (paths.empty()) throw UserError("no profiles came with this program: cases/networks is not where it looks");
  std::vector<Profile> profiles;
  for (const std::string& path : paths) profiles.push_back(read_profile(path));
  std::ranges::stable_sort(profiles, {}, [](const Profile& p) { return p.between_nodes.half_round_trip_us; });
  std::string text;
  const Out out(text);
  constexpr const char* format = "{:<34} {:<17} {:<5} {:>6} {:>7} {:>7} {:>6}  {}\n";
  fmt::format_to(out, format, "network", "fabric", "", "p50", "p99", "p99.9", "GB/s", "evidence");
  for (const Profile& profile : profiles) {
    const PathProfile& path = profile.between_nodes;
    const auto spread = [&](double p) {
      return fmt::format("{}{}", assumed_spread(profile) ? "~" : "", three_digits(quantile(path, p)));
    };
    fmt::format_to(out, format, profile.name, profile.fabric, host_kind(profile), three_digits(quantile(path, 0.5)),
                   spread(0.99), spread(0.999), three_digits(path.bandwidth_GBps), profile.evidence);
  }
  fmt::format_to(out,
                 "\nHalf round trips of 1 byte between nodes in µs; ~: the spread is assumed.\n"
                 "haloscope networks NAME shows one whole, its source and caveat.\n");
  return text;
}

std::string network_details(const Profile& profile) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "{}\n\n", profile.name);
  if (!profile.title.empty()) write_wrapped(out, "title", profile.title);
  write_wrapped(out, "fabric",
                profile.evidence == "synthetic"
                    ? profile.fabric
                    : fmt::format("{}, {}", profile.fabric, profile.virtualized ? "virtualized" : "bare metal"));
  if (!profile.placement.empty()) write_wrapped(out, "placement", profile.placement);
  write_wrapped(out, "evidence",
                profile.year > 0 ? fmt::format("{}, {}", profile.evidence, profile.year) : profile.evidence);
  write_wrapped(out, "hash", profile.hash);
  write_sides(out, profile);
  write_quantiles(out, profile, profile.between_nodes, "between nodes");
  // Where a profile says nothing of it, the path within a node is the other one.
  if (const Quantiles& within = profile.within_node.jitter;
      !within.empty() && within.us != profile.between_nodes.jitter.us)
    write_quantiles(out, profile, profile.within_node, "within a node");
  fmt::format_to(out, "\n");
  write_curve(out, profile.between_nodes);
  write_detours(out, profile);
  write_collectives(out, profile);
  write_wrapped(out, "source", profile.source);
  if (!profile.caveat.empty()) write_wrapped(out, "caveat", profile.caveat);
  return text;
}

}  // namespace haloscope
