// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/report/description.hpp"

#include <array>
#include <cstdio>

#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/engine.hpp"
#include "interconnect/report/other_threads.hpp"

namespace haloscope::interconnect {

namespace {

/// Paused or not.
const Settings* settings() { return engine_settings(); }

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

std::string in_scientific(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

}  // namespace

const char* compute_mode(const Settings& settings) noexcept {
  return settings.mode != Mode::virtual_time ? "native" : settings.announced_compute ? "announced" : "cpu";
}

std::string signature() {
  const Settings* const here = settings();
  if (here == nullptr) return " +interconnect mode=record";
  return std::string(" +interconnect mode=") + name(here->mode) + " network=" + here->profile.name +
         " hash=" + here->profile.hash + " seed=" + std::to_string(here->seed) + " compute=" + compute_mode(*here) +
         (here->posix_clocks ? " posix_clocks=1" : "");
}

std::string description() {
  const Settings* const here = settings();
  if (here == nullptr) return {};
  note_other_threads();
  std::string text;
  const auto line = [&text](const std::string& key, const std::string& value) { text += key + " = " + value + "\n"; };
  line("mode", name(here->mode));
  line("network", here->profile.name);
  line("network_hash", here->profile.hash);
  line("seed", std::to_string(here->seed));
  line("ranks_per_node", std::to_string(here->ranks_per_node));
  line("without", names_of(here->without));
  line("compute", compute_mode(*here));
  line("posix_clocks", here->posix_clocks ? "1" : "0");
  line("clock_residual_seconds", in_scientific(clock_residual()));
  for (const auto& [call, count] : honesty().inexact) line("inexact." + call, std::to_string(count));
  for (const auto& [call, count] : honesty().free) line("free." + call, std::to_string(count));
  return text;
}

}  // namespace haloscope::interconnect
