// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

#include "haloscope/base/errors.hpp"
#include "haloscope/border/protocol.hpp"

namespace haloscope::interconnect {

namespace {

/// A variable's text; empty where it is not there.
std::string text_of(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// What rank 0 finds: its environment may not have reached the other hosts, nor the file.
struct Words {
  std::string network = text_of(variable::network);
  std::string network_set = text_of(variable::network_set);
  std::string clock = text_of(variable::clock);
  std::string ranks_per_node = text_of(variable::ranks_per_node);
  std::string seed = text_of(variable::seed);
  std::string without = text_of(variable::without);
  std::string compute = text_of(variable::compute);
  std::string posix_clocks = text_of(variable::posix_clocks);
  std::string record = text_of(variable::record);
  std::string record_force = std::getenv(variable::record_force) != nullptr ? "1" : "";  // whatever it says
  std::string channel = text_of(variable::channel);
  std::string profile;  ///< the text of the file that `network` names

  [[nodiscard]] std::array<std::string*, 12> all() noexcept {
    return {&network, &network_set,  &clock,  &ranks_per_node, &seed,    &without,
            &compute, &posix_clocks, &record, &record_force,   &channel, &profile};
  }
};

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void broadcast(Words& words, MPI_Comm world) {
  for (std::string* const word : words.all()) {
    auto length = static_cast<unsigned long long>(word->size());
    PMPI_Bcast(&length, 1, MPI_UNSIGNED_LONG_LONG, 0, world);
    word->resize(length);
    PMPI_Bcast(word->data(), static_cast<int>(length), MPI_CHAR, 0, world);
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
T number(const std::string& text, const char* name, T least, T otherwise) {
  if (text.empty()) return otherwise;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least)
    throw UserError(fmt::format("{}: {}: a whole number from {}", name, text, least));
  return value;
}

/// In the order of `ingredients`.
constexpr std::array switches = {&Without::latency, &Without::bandwidth, &Without::jitter, &Without::noise};
static_assert(switches.size() == ingredients.size());

Without switched_off(const std::string& text) {
  Without off;
  for (const std::string& name : split(text, ',')) {
    const auto found = std::ranges::find(ingredients, name);
    if (found == ingredients.end())
      throw UserError(fmt::format("{}: {}: of {}", variable::without, name, fmt::join(ingredients, ", ")));
    off.*switches[static_cast<std::size_t>(found - ingredients.begin())] = true;
  }
  return off;
}

Settings understand(const Words& words) {
  Settings settings;
  settings.record = words.record;
  settings.record_force = !words.record_force.empty();
  if (words.network.empty()) return settings;
  if (!words.clock.empty() && words.clock != "virtual" && words.clock != "real")
    throw UserError(fmt::format("{}: {}: virtual or real", variable::clock, words.clock));
  if (words.profile.empty()) throw UserError(words.network + ": cannot be read, or is empty");
  settings.mode = words.clock == "real" ? Mode::real_time : Mode::virtual_time;
  settings.profile = parse_profile(words.profile, words.network, split(words.network_set, '\n'));
  settings.without = switched_off(words.without);
  settings.seed = number<std::uint64_t>(words.seed, variable::seed, 0, 1);
  settings.ranks_per_node = number(words.ranks_per_node, variable::ranks_per_node, 1, 1);
  if (!words.compute.empty() && words.compute != "cpu" && words.compute != "announced")
    throw UserError(fmt::format("{}: {}: cpu or announced", variable::compute, words.compute));
  settings.announced_compute = words.compute == "announced";
  settings.posix_clocks = words.posix_clocks == "1";
  settings.stamps_by_mpi = words.channel == "mpi";
  return settings;
}

}  // namespace

bool network_is_named() noexcept {
  const char* const file = std::getenv(variable::network);
  return file != nullptr && *file != '\0';
}

bool asks_for_virtual_time() noexcept {
  const char* const clock = std::getenv(variable::clock);
  return network_is_named() && (clock == nullptr || std::string_view(clock) != "real");
}

std::string names_of(const Without& off) {
  std::string names;
  for (std::size_t i = 0; i < ingredients.size(); ++i)
    if (off.*switches[i]) names.append(names.empty() ? "" : ",").append(ingredients[i]);
  return names;
}

Settings read_settings(MPI_Comm world) {
  int rank = 0;
  PMPI_Comm_rank(world, &rank);
  Words words;
  // Most programs run without a network: one message tells.
  int nothing = rank == 0 && words.network.empty() && words.record.empty() ? 1 : 0;
  PMPI_Bcast(&nothing, 1, MPI_INT, 0, world);
  if (nothing != 0) return {};
  if (rank == 0) words.profile = contents_of(words.network);
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
