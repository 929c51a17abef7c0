// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/border/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "haloscope/base/errors.hpp"
#include "haloscope/border/protocol.hpp"
#include "haloscope/network/profile.hpp"

namespace haloscope {

namespace {

template <class T>
void require_number(const char* option, const std::string& text, T least) {
  if (text.empty()) return;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least)
    throw UserError(fmt::format("{}: {}: must be a whole number from {}", option, text, least));
}

void require_ingredients(const std::string& without) {
  std::istringstream words(without);
  for (std::string word; std::getline(words, word, ',');)
    if (std::ranges::find(ingredients, word) == ingredients.end())
      throw UserError(
          fmt::format("--without: {}: must be of {}, joined by commas", word, fmt::join(ingredients, ", ")));
}

/// Nothing of a network means anything without one.
void require_network(const NetworkOptions& options) {
  const std::pair<const char*, bool> given[] = {
      {"--set-network", !options.overrides.empty()},
      {"--clock", !options.clock.empty()},
      {"--ranks-per-node", !options.ranks_per_node.empty()},
      {"--seed", !options.seed.empty()},
      {"--without", !options.without.empty()},
      {"--compute", !options.compute.empty()},
      {"--posix-clocks", options.posix_clocks},
  };
  for (const auto& [option, is_given] : given)
    if (is_given) throw UserError(fmt::format("{}: needs --network", option));
}

bool virtual_time(const NetworkOptions& options) { return !options.network.empty() && options.clock != "real"; }

}  // namespace

Environment network_environment(const NetworkOptions& options) {
  if (options.network.empty()) {
    require_network(options);
    return {};
  }
  if (!options.clock.empty() && options.clock != "virtual" && options.clock != "real")
    throw UserError(fmt::format("--clock: {}: must be virtual or real", options.clock));
  require_number("--ranks-per-node", options.ranks_per_node, 1);
  require_number<std::uint64_t>("--seed", options.seed, 0);
  require_ingredients(options.without);
  if (options.posix_clocks && !virtual_time(options))
    throw UserError("--posix-clocks: needs --clock virtual: in real time those clocks tell the time already");
  const bool announced = !options.compute.empty() && options.compute != "cpu";
  if (announced && !virtual_time(options))
    throw UserError(fmt::format("--compute: {}: needs --clock virtual: in real time computing takes what it takes",
                                options.compute));
  for (const std::string& setting : options.overrides)
    if (setting.find('\n') != std::string::npos)
      throw UserError(fmt::format("--set-network: {}: must be one line", setting.substr(0, setting.find('\n'))));

  const std::string file = std::filesystem::absolute(find_profile(options.network)).lexically_normal();
  static_cast<void>(read_profile(file, options.overrides));

  Environment environment{{variable::network, file}, {variable::clock, virtual_time(options) ? "virtual" : "real"}};
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) environment[name] = value;
  };
  set(variable::network_set, fmt::format("{}", fmt::join(options.overrides, "\n")));
  set(variable::ranks_per_node, options.ranks_per_node);
  set(variable::seed, options.seed);
  set(variable::without, options.without);
  set(variable::compute, announced ? "announced" : "");
  set(variable::posix_clocks, options.posix_clocks ? "1" : "");
  return environment;
}

void set_environment(const Environment& environment) {
  if (environment.empty()) return;
  for (const char* const name : variable::of_a_run) unsetenv(name);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
}

Environment launcher_environment(const NetworkOptions& options) {
  if (!virtual_time(options)) return {};
  return {{"OMPI_MCA_mpi_yield_when_idle", "1"},
          {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
          {"OMPI_MCA_hwloc_base_binding_policy", "none"},
          {"PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"},
          {"PRTE_MCA_hwloc_default_binding_policy", "none"}};
}

}  // namespace haloscope
