// SPDX-License-Identifier: BSD-3-Clause
#include "run/network_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace haloscope {

namespace {

/// Whether a warning about the machine holds where ranks take turns on purpose: a virtual clock counts their own time.
bool spoils(const Network& network, const std::string& warning) {
  const auto about = [&warning](std::string_view what) { return warning.starts_with(what); };
  return !network.virtual_time() ||
         !(about("more ranks than cores") || about("two ranks on one core") || about("unbound ranks"));
}

}  // namespace

void describe_network(const Network& network, RecordHeader& header) {
  if (!network.modelled()) return;
  const std::int64_t ranks = header.extra_numbers["ranks"];
  header.network = network.name;
  header.clock = network.clock;
  header.extra.insert({{"network_hash", network.hash},
                       {"network_profile", network.profile},
                       {"without", network.without},
                       {"compute", network.compute},
                       {"inexact_calls", ""},
                       {"free_calls", ""},
                       {"clock_residual_seconds", network.clock_residual_seconds}});
  header.extra_numbers.insert({{"network_seed", network.seed},
                               {"ranks_per_node", std::min(ranks, network.ranks_per_node)},
                               {"nodes", (ranks + network.ranks_per_node - 1) / network.ranks_per_node},
                               {"posix_clocks", network.posix_clocks ? 1 : 0},
                               {"exact", 0}});
}

void describe_network_at_end(const Network& network, RecordEnd& end) {
  if (!network.modelled()) return;
  for (const auto& [name, milliseconds] : network.free)
    if (name.starts_with("computing of other threads"))
      end.warnings.push_back(
          fmt::format("computing of other threads than those in MPI did not count: {} ms of CPU time over "
                      "all ranks; one thread a rank is modelled",
                      milliseconds));
  end.extra = {{"inexact_calls", call_counts(network.inexact)}, {"free_calls", call_counts(network.free)}};
  end.extra_numbers = {{"exact", network.inexact.empty() ? 1 : 0}};
}

void keep_what_spoils(const Network& network, std::vector<std::string>& warnings) {
  std::erase_if(warnings, [&network](const std::string& warning) { return !spoils(network, warning); });
}

}  // namespace haloscope
