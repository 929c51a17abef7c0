// SPDX-License-Identifier: BSD-3-Clause
#include "command_line.hpp"

#include <CLI/CLI.hpp>

#include "haloscope/base/errors.hpp"

namespace haloscope::bench {

struct CommandLine::State {
  CLI::App app;

  template <class T>
  CLI::Option* add(const std::string& name, T& value, const std::string& help) {
    return app.add_option(name, value, help)->capture_default_str();
  }
  template <class T>
  CLI::Option* add(const std::string& name, T& value, const std::string& help, Range range) {
    CLI::Option* const option = add(name, value, help);
    if (range.least == positive.least && range.most == positive.most) {
      option->check(CLI::PositiveNumber);
    } else if (range.least != any.least || range.most != any.most) {
      option->check(CLI::Range(range.least, range.most));
    }
    return option;
  }
};

CommandLine::CommandLine(const std::string& title) : state_(new State{CLI::App(title)}) {}
CommandLine::~CommandLine() = default;

void CommandLine::option(const std::string& name, int& value, const std::string& help, Range range) {
  state_->add(name, value, help, range);
}
void CommandLine::option(const std::string& name, double& value, const std::string& help, Range range) {
  state_->add(name, value, help, range);
}
void CommandLine::option(const std::string& name, std::int64_t& value, const std::string& help, Range range) {
  state_->add(name, value, help, range);
}
void CommandLine::option(const std::string& name, std::vector<int>& value, const std::string& help) {
  state_->add(name, value, help);
}
void CommandLine::option(const std::string& name, std::vector<std::int64_t>& value, const std::string& help,
                         Range range, int count) {
  CLI::Option* const option = state_->add(name, value, help, range);
  if (count > 0) option->expected(count);
}
void CommandLine::option(const std::string& name, std::vector<std::string>& value, const std::string& help) {
  state_->app.add_option(name, value, help);
}
void CommandLine::option(const std::string& name, std::string& value, const std::string& help,
                         const std::vector<std::string>& words) {
  CLI::Option* const option = state_->app.add_option(name, value, help);
  if (words.empty()) {
    option->capture_default_str();
  } else {
    option->check(CLI::IsMember(words));
  }
}
void CommandLine::flag(const std::string& name, bool& value, const std::string& help) {
  state_->app.add_flag(name, value, help);
}

bool CommandLine::parse(int argc, char** argv, bool speaks, int& exit_code) {
  try {
    state_->app.parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& mistake) {
    if (speaks) state_->app.exit(mistake);
    exit_code = static_cast<int>(mistake.get_exit_code() == 0 ? ExitCode::ok : ExitCode::user_error);
    return false;
  }
}

}  // namespace haloscope::bench
