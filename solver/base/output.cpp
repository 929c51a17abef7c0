// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace haloscope {

std::string output_objection(const std::string& path, const char* option, bool force) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return fmt::format("{}: is a directory: name a file", path);
  if (!force && fs::exists(path, ignored))
    return fmt::format("{}: exists: name another file with {}, or overwrite it with --force", path, option);
  const std::string partial = path + ".part";
  std::FILE* const file = std::fopen(partial.c_str(), "w");
  if (file == nullptr) return fmt::format("{}: cannot be written: {}", path, std::generic_category().message(errno));
  std::fclose(file);
  std::remove(partial.c_str());
  return {};
}

}  // namespace haloscope
