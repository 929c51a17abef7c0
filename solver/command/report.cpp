// SPDX-License-Identifier: BSD-3-Clause
#include "command/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/shipped.hpp"

namespace haloscope {

namespace {

/// Where the package lies: installed, or in the tree the program was built in.
std::string package() {
  const std::string main = find_shipped("postprocess/__main__.py");
  if (!main.empty()) return std::filesystem::path(main).parent_path().string();
  throw UserError(fmt::format("{}: neither installed nor in its source tree: there is no postprocess package beside it",
                              std::filesystem::path(this_program()).parent_path().string()));
}

}  // namespace

void report(const ReportOptions& options) {
  const char* const chosen = std::getenv("HALOSCOPE_PYTHON");
  const std::string python = chosen != nullptr && *chosen != '\0' ? chosen : "/usr/bin/python3";
  // -B: a package that is installed for all cannot be written into by each.
  std::vector<std::string> words = {python, "-B", package(), "report"};
  if (!options.output.empty()) words.push_back("--output=" + options.output);
  if (options.invalid) words.emplace_back("--invalid");
  words.emplace_back("--");
  words.insert(words.end(), options.paths.begin(), options.paths.end());

  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(python.c_str(), arguments.data());
  throw UserError(
      fmt::format("{}: {}; reports need Python 3, HALOSCOPE_PYTHON names another one", python, std::strerror(errno)));
}

}  // namespace haloscope
