// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file summary_text.hpp
/// Inside the summary room: how numbers are written, and the parts of the summary that have a file of their own.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "haloscope/record/record.hpp"

namespace haloscope::text {

using Out = std::back_insert_iterator<std::string>;

[[nodiscard]] inline std::string text_of(const RunFile& file, const std::string& key) {
  const auto found = file.text.find(key);
  return found == file.text.end() ? "unknown" : found->second;
}

[[nodiscard]] inline std::int64_t number_of(const RunFile& file, const std::string& key) {
  const auto found = file.number.find(key);
  return found == file.number.end() ? 0 : found->second;
}

/// Steps left out at the start: the warm-up, unless nothing would remain.
[[nodiscard]] inline std::size_t skipped(const RunFile& file) {
  const auto warmup = static_cast<std::size_t>(std::max<std::int64_t>(0, number_of(file, "warmup_steps")));
  return warmup < file.step_seconds.size() ? warmup : 0;
}

/// The modelled network, what computing took, and what of the model was not exact; nothing of a native run.
void write_network(Out out, const RunFile& file);
/// Where the time of a run on a virtual clock went; nothing of other runs.
void write_efficiency(Out out, const RunFile& file);

}  // namespace haloscope::text
