// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

#include "haloscope/base/errors.hpp"

namespace haloscope::interconnect {

namespace {

constexpr std::array variables = {"HALOSCOPE_NETWORK", "HALOSCOPE_NETWORK_SET",    "HALOSCOPE_CLOCK",
                                  "HALOSCOPE_SEED",    "HALOSCOPE_RANKS_PER_NODE", "HALOSCOPE_WITHOUT",
                                  "HALOSCOPE_COMPUTE", "HALOSCOPE_POSIX_CLOCKS",   "HALOSCOPE_RECORD"};
enum Variable : std::size_t {
  network,
  network_set,
  clock,
  seed,
  ranks_per_node,
  without,
  compute,
  posix_clocks,
  record,
  profile_text
};
using Words = std::vector<std::string>;

/// What rank 0 finds: its environment may not have reached the other hosts, nor the file.
Words words_here() {
  Words words;
  for (const char* const variable : variables) {
    const char* const value = std::getenv(variable);
    words.emplace_back(value != nullptr ? value : "");
  }
  std::ifstream file(words[network]);
  words.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  return words;
}

void broadcast(Words& words, MPI_Comm world) {
  words.resize(variables.size() + 1);
  for (std::string& word : words) {
    auto length = static_cast<unsigned long long>(word.size());
    PMPI_Bcast(&length, 1, MPI_UNSIGNED_LONG_LONG, 0, world);
    word.resize(length);
    PMPI_Bcast(word.data(), static_cast<int>(length), MPI_CHAR, 0, world);
  }
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

template <class T>
T number(const std::string& text, const char* variable, T least, T otherwise) {
  if (text.empty()) return otherwise;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least)
    throw UserError(std::string(variable) + ": " + text + ": a whole number from " + std::to_string(least));
  return value;
}

Without switched_off(const std::string& text) {
  Without off;
  for (const std::string& name : split(text, ',')) {
    bool* const ingredient = name == "latency"     ? &off.latency
                             : name == "bandwidth" ? &off.bandwidth
                             : name == "jitter"    ? &off.jitter
                             : name == "noise"     ? &off.noise
                                                   : nullptr;
    if (ingredient == nullptr) throw UserError("HALOSCOPE_WITHOUT: " + name + ": of latency, bandwidth, jitter, noise");
    *ingredient = true;
  }
  return off;
}

Settings understand(const Words& words) {
  Settings settings;
  settings.record = words[record];
  if (words[network].empty()) return settings;
  if (!words[clock].empty() && words[clock] != "virtual" && words[clock] != "real")
    throw UserError("HALOSCOPE_CLOCK: " + words[clock] + ": virtual or real");
  if (words[profile_text].empty()) throw UserError(words[network] + ": cannot be read, or is empty");
  settings.mode = words[clock] == "real" ? Mode::real_time : Mode::virtual_time;
  settings.profile = parse_profile(words[profile_text], words[network], split(words[network_set], '\n'));
  settings.without = switched_off(words[without]);
  settings.seed = number<std::uint64_t>(words[seed], variables[seed], 0, 1);
  settings.ranks_per_node = number(words[ranks_per_node], variables[ranks_per_node], 1, 1);
  if (!words[compute].empty() && words[compute] != "cpu" && words[compute] != "announced")
    throw UserError("HALOSCOPE_COMPUTE: " + words[compute] + ": cpu or announced");
  settings.announced_compute = words[compute] == "announced";
  settings.posix_clocks = words[posix_clocks] == "1";
  return settings;
}

}  // namespace

Settings read_settings(MPI_Comm world) {
  int rank = 0;
  PMPI_Comm_rank(world, &rank);
  Words words;
  if (rank == 0) words = words_here();
  // Most programs run without a network: one message tells.
  int nothing = rank == 0 && words[network].empty() && words[record].empty() ? 1 : 0;
  PMPI_Bcast(&nothing, 1, MPI_INT, 0, world);
  if (nothing != 0) return {};
  broadcast(words, world);
  try {
    return understand(words);
  } catch (const UserError& error) {
    if (rank == 0) std::fprintf(stderr, "haloscope interconnect: %s\n", error.what());
    std::fflush(nullptr);
    PMPI_Finalize();
    std::_Exit(2);
  }
}

}  // namespace haloscope::interconnect
