// SPDX-License-Identifier: BSD-3-Clause
#include "launch/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "haloscope/base/readable.hpp"

namespace haloscope {

namespace {

bool ended(const ManifestRun& run) {
  return run.state == RunState::done || run.state == RunState::failed || run.state == RunState::invalid;
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

StudyProgress::StudyProgress(Manifest& manifest) : manifest_(manifest), line_(true) {}

void StudyProgress::say(const std::string& text) {
  draw("");
  fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

void StudyProgress::draw(const std::string& doing) { line_.draw(doing.substr(0, 100)); }

void StudyProgress::finished(const ManifestRun& run, double median_step) {
  auto& [seconds, count] = taken_[run.run.ranks];
  seconds += run.seconds;
  ++count;
  const auto& runs = manifest_.runs();
  const auto over = std::ranges::count_if(runs, ended);
  say(fmt::format("[{:>{}}/{}] {:<7}  {:<46} {:>10}{}{}", over, std::to_string(runs.size()).size(), runs.size(),
                  name(run.state), title_of(manifest_.study(), run.run), duration_text(run.seconds),
                  median_step > 0 ? "  step " + readable::seconds(median_step) : "",
                  run.reason.empty() ? "" : "  " + run.reason));
}

std::string StudyProgress::running_text(const ManifestRun& run, double seconds) {
  const auto& runs = manifest_.runs();
  return fmt::format("[{}/{}] {}: {}{}", std::ranges::count_if(runs, ended), runs.size(),
                     title_of(manifest_.study(), run.run), duration_text(seconds), left_text(run, seconds));
}

std::string StudyProgress::left_text(const ManifestRun& current, double seconds) const {
  double all = 0;
  int count = 0;
  for (const auto& [ranks, taken] : taken_) {
    all += taken.first;
    count += taken.second;
  }
  if (count == 0) return "";
  double left = 0;
  for (const ManifestRun& run : manifest_.runs()) {
    if (run.state != RunState::planned && &run != &current) continue;
    const auto same = taken_.find(run.run.ranks);
    const double one = same != taken_.end() ? same->second.first / same->second.second : all / count;
    left += &run == &current ? std::max(0.0, one - seconds) : one;
  }
  return fmt::format(", about {} left", duration_text(left));
}

}  // namespace haloscope
