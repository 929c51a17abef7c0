// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file live_line.hpp
/// One line of a terminal that is written over and over while a command works, and cleared at its end.
///
/// On standard error's terminal: the process' own, or the launcher's on this node (Linux only). Without one, as behind
/// a launcher on another node or into a file, nothing is written.
#include <string>

namespace haloscope {

class LiveLine {
 public:
  static constexpr double seconds_between = 0.2;  ///< how often it is worth drawing

  /// @p speaks: this is rank 0.
  explicit LiveLine(bool speaks);
  ~LiveLine();  ///< clears the line
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;
  [[nodiscard]] bool seen() const noexcept { return terminal_ >= 0; }  ///< false: draw() does nothing
  void draw(const std::string& text);

 private:
  int terminal_;  ///< file descriptor, or -1
  bool drawn_ = false;
};

}  // namespace haloscope
