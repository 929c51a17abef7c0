// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/report/description.hpp"

#include <fmt/format.h>

#include "interconnect/account/counters.hpp"
#include "interconnect/engine/engine.hpp"
#include "interconnect/report/other_threads.hpp"

namespace haloscope::interconnect {

namespace {

const char* name(Mode mode) {
  switch (mode) {
    case Mode::virtual_time:
      return "virtual";
    case Mode::real_time:
      return "real";
    case Mode::record:
      break;
  }
  return "record";
}

}  // namespace

const char* compute_mode(const Settings& settings) noexcept {
  return settings.mode != Mode::virtual_time ? "native" : settings.announced_compute ? "announced" : "cpu";
}

std::string signature() {
  if (!modelled()) return " +interconnect mode=record";
  const Settings& here = modelled_engine()->settings();
  return fmt::format(" +interconnect mode={} network={} hash={} seed={} compute={}{}", name(here.mode),
                     here.profile.name, here.profile.hash, here.seed, compute_mode(here),
                     here.posix_clocks ? " posix_clocks=1" : "");
}

std::string description() {
  if (!modelled()) return {};
  const Settings& here = modelled_engine()->settings();
  note_other_threads();
  std::string text;
  const auto line = [&text](const std::string& key, const std::string& value) { text += key + " = " + value + "\n"; };
  line("mode", name(here.mode));
  line("network", here.profile.name);
  line("network_hash", here.profile.hash);
  line("seed", std::to_string(here.seed));
  line("ranks_per_node", std::to_string(here.ranks_per_node));
  line("without", names_of(here.without));
  line("compute", compute_mode(here));
  line("posix_clocks", here.posix_clocks ? "1" : "0");
  line("clock_residual_seconds", fmt::format("{:.3g}", modelled_engine()->clock_residual()));
  for (const auto& [call, count] : state.honesty.inexact) line("inexact." + call, std::to_string(count));
  for (const auto& [call, count] : state.honesty.free) line("free." + call, std::to_string(count));
  return text;
}

}  // namespace haloscope::interconnect
