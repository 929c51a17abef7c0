// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file command_line.hpp
/// What was typed, as the options of the command that was meant. Works without MPI.
#include <stdexcept>
#include <string>
#include <vector>

#include "command/report.hpp"
#include "haloscope/border/under.hpp"
#include "haloscope/launch/command.hpp"
#include "haloscope/probe/probe.hpp"
#include "haloscope/run/run.hpp"

namespace haloscope {

struct CommandLine {
  std::string command;  ///< run, probe, study, report, show, under, networks or keys: whose options count
  RunOptions run;
  NetworkOptions network;  ///< of run
  ProbeOptions probe;
  StudyOptions study;
  ReportOptions report;
  UnderOptions under;
  std::string shown;                            ///< by show: the file
  std::string networks_name;                    ///< empty: all of them
  std::vector<std::string> networks_overrides;  ///< table.key=value
  std::string keys_of;                          ///< a kind of file
};

/// Help, or the version, was asked for: what() is the text.
class HelpAsked : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// @p words: those before `--`, without the program's name. @throws HelpAsked, or UserError naming the mistake
[[nodiscard]] CommandLine parse_command_line(const std::vector<std::string>& words);

}  // namespace haloscope
