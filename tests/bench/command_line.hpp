// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file command_line.hpp
/// A benchmark's options. CLI11 reads them, behind this door: its header costs 20 s of compiling in each file that has
/// it.
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace haloscope::bench {

/// What a number may be; both ends included.
struct Range {
  double least = std::numeric_limits<double>::lowest(), most = std::numeric_limits<double>::max();
};

class CommandLine {
 public:
  static constexpr Range any{}, positive{std::numeric_limits<double>::denorm_min()}, not_negative{0};

  explicit CommandLine(const std::string& title);
  ~CommandLine();

  /// @p value holds the default, which the help shows, and takes what is given.
  void option(const std::string& name, int& value, const std::string& help, Range range = any);
  void option(const std::string& name, double& value, const std::string& help, Range range = any);
  void option(const std::string& name, std::int64_t& value, const std::string& help, Range range = any);
  /// As many as are given; with @p count exactly so many.
  void option(const std::string& name, std::vector<int>& value, const std::string& help);
  void option(const std::string& name, std::vector<std::int64_t>& value, const std::string& help, Range range = any,
              int count = 0);
  void option(const std::string& name, std::vector<std::string>& value, const std::string& help);
  /// One of @p words, where there are any.
  void option(const std::string& name, std::string& value, const std::string& help,
              const std::vector<std::string>& words = {});
  void flag(const std::string& name, bool& value, const std::string& help);

  /// False when the program must end with @p exit_code: help was asked for, or something is wrong, which is said where
  /// @p speaks.
  [[nodiscard]] bool parse(int argc, char** argv, bool speaks, int& exit_code);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace haloscope::bench
