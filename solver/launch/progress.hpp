// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file progress.hpp
/// What a study says on standard error while it works: a line a finished run, and on a terminal a live line with the
/// time left, judged by the finished runs on as many ranks.
#include <map>
#include <string>

#include "haloscope/base/live_line.hpp"
#include "haloscope/study/manifest.hpp"

namespace haloscope {

/// "14 s", "3 min 05 s", "2 h 10 min"
[[nodiscard]] std::string duration_text(double seconds);

class StudyProgress {
 public:
  explicit StudyProgress(Manifest& manifest);
  /// A line of its own.
  void say(const std::string& text);
  /// @p median_step: of the slowest rank, 0 for unknown [s]
  void finished(const ManifestRun& run, double median_step);
  void draw(const std::string& doing);
  [[nodiscard]] std::string running_text(const ManifestRun& run, double seconds);

 private:
  [[nodiscard]] std::string left_text(const ManifestRun& current, double seconds) const;
  Manifest& manifest_;
  LiveLine line_;
  std::map<int, std::pair<double, int>> taken_;  ///< (ranks): seconds of finished runs, and how many
};

}  // namespace haloscope
