// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/shipped.hpp"

#include <filesystem>

namespace haloscope {

namespace fs = std::filesystem;

std::string this_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).string();
}

std::string find_shipped(const std::string& name) {
  const fs::path folder = fs::path(this_program()).parent_path();
  for (const char* const root : {"../share/haloscope", "../.."}) {
    const fs::path candidate = (folder / root / name).lexically_normal();
    std::error_code ignored;
    if (fs::exists(candidate, ignored)) return candidate.string();
  }
  return {};
}

std::string find_settings(const std::string& name, const std::string& folder) {
  std::error_code ignored;
  if (fs::exists(name, ignored) || name.find('/') != std::string::npos) return name;
  const std::string shipped = find_shipped(folder + "/" + name + (name.ends_with(".toml") ? "" : ".toml"));
  return shipped.empty() ? name : shipped;
}

}  // namespace haloscope
