// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/border/asked_network.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/border/protocol.hpp"
#include "haloscope/network/profile.hpp"

namespace haloscope {

namespace {

/// Of this rank. Some forty calls could be named, each in a line shorter than 64 bytes.
std::string description() {
  std::array<char, 8192> text{};
  MPI_Pcontrol(pcontrol::describe, static_cast<int>(text.size()), text.data());
  return text.data();
}

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (const std::size_t at = line.find(" = "); at != std::string::npos)
      lines.emplace_back(line.substr(0, at), line.substr(at + 3));
  return lines;
}

void add_counts(const Lines& lines, Network& network) {
  const auto add = [](const std::string& key, const std::string& value, std::string_view prefix,
                      std::map<std::string, std::int64_t>& counts) {
    if (key.starts_with(prefix)) counts[key.substr(prefix.size())] += std::strtoll(value.c_str(), nullptr, 10);
  };
  for (const auto& [key, value] : lines) {
    add(key, value, "inexact.", network.inexact);
    add(key, value, "free.", network.free);
  }
}

/// The canonical text, from the file that the library read; empty when that is another by now.
std::string profile_text(const Network& network) {
  const char* const file = std::getenv(variable::network);
  const char* const changed = std::getenv(variable::network_set);
  std::vector<std::string> overrides;
  std::istringstream stream(changed != nullptr ? changed : "");
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) overrides.push_back(line);
  try {
    const Profile profile = read_profile(file != nullptr ? file : "", overrides);
    return profile.hash == network.hash ? profile.text : std::string();
  } catch (const UserError&) {
    return {};
  }
}

}  // namespace

Network ask_network(MPI_Comm comm) {
  const std::string mine = description();
  Network network;
  for (const auto& [key, value] : lines_of(mine)) {
    if (key == "mode") network.clock = value;
    if (key == "network") network.name = value;
    if (key == "network_hash") network.hash = value;
    if (key == "without") network.without = value;
    if (key == "compute") network.compute = value;
    if (key == "posix_clocks") network.posix_clocks = value == "1";
    if (key == "clock_residual_seconds") network.clock_residual_seconds = value;
    if (key == "seed") network.seed = static_cast<std::int64_t>(std::strtoull(value.c_str(), nullptr, 10));
    if (key == "ranks_per_node") network.ranks_per_node = std::strtoll(value.c_str(), nullptr, 10);
  }
  if (!network.modelled()) return network;
  const std::vector<std::string> all = gather(comm, mine);
  if (rank_in(comm) == 0) {
    for (const std::string& text : all) add_counts(lines_of(text), network);
    network.profile = profile_text(network);
  }
  return network;
}

std::string call_counts(const std::map<std::string, std::int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  return text;
}

}  // namespace haloscope
