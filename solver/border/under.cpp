// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/border/under.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "haloscope/base/errors.hpp"
#include "haloscope/border/protocol.hpp"

namespace haloscope {

namespace fs = std::filesystem;

namespace {

std::string value_of(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// The interconnect library that this program itself runs on: in the build tree, or installed.
std::string library() {
  std::string path;
  if (void* const handle = dlopen("libhaloscope-interconnect.so", RTLD_LAZY | RTLD_NOLOAD)) {
    link_map* map = nullptr;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) path = fs::absolute(map->l_name).lexically_normal();
    dlclose(handle);
  }
  if (path.empty()) throw UserError("libhaloscope-interconnect.so: is not loaded under this program");
  if (path.find_first_of(" :;\t\n") != std::string::npos)
    throw UserError(path + ": LD_PRELOAD takes no path with a space, a colon or a semicolon; install elsewhere");
  return path;
}

/// As a shell finds it.
std::optional<fs::path> executable(const std::string& word) {
  const auto runs = [](const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
  };
  if (word.find('/') != std::string::npos) return runs(word) ? std::optional<fs::path>(word) : std::nullopt;
  std::istringstream folders(value_of("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const fs::path path = fs::path(folder) / word; runs(path)) return path;
  return std::nullopt;
}

/// Whether the dynamic linker has no part in @p program: an ELF file that names no interpreter.
bool linked_statically(const fs::path& program) {
  std::ifstream file(program, std::ios::binary);
  Elf64_Ehdr head{};
  if (!file.read(reinterpret_cast<char*>(&head), sizeof head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
      head.e_ident[EI_CLASS] != ELFCLASS64)
    return false;
  for (int n = 0; n < head.e_phnum; ++n) {
    Elf64_Phdr part{};
    file.seekg(static_cast<std::streamoff>(head.e_phoff) + n * head.e_phentsize);
    if (!file.read(reinterpret_cast<char*>(&part), sizeof part) || part.p_type == PT_INTERP) return false;
  }
  return true;
}

/// Words of the command that take the library away again, or name a program that cannot have it.
void check_command(const std::vector<std::string>& command, std::vector<std::string>& say) {
  if (command.empty()) throw UserError("nothing to run: haloscope under [options] -- mpirun …");
  if (!executable(command.front())) throw UserError(command.front() + ": command not found");
  for (const std::string& word : command) {
    if (word.starts_with("LD_PRELOAD="))
      throw UserError(word + ": takes the interconnect library away; set LD_PRELOAD before haloscope under");
    if (word.starts_with("--export=") && !word.starts_with("--export=ALL"))
      throw UserError(word + ": keeps the interconnect library from the ranks; --export=ALL,… does not");
    const auto program = word.starts_with('-') ? std::nullopt : executable(word);
    if (program && linked_statically(*program))
      say.push_back(word + ": linked statically: the interconnect library cannot be loaded into it");
    struct stat status {};
    if (program && stat(program->c_str(), &status) == 0 && (status.st_mode & (S_ISUID | S_ISGID)) != 0)
      say.push_back(word + ": runs with another user's rights: the interconnect library is not loaded into it");
  }
}

/// Open MPI takes a list of variables, or -x, but not both.
void pass_to_other_hosts(Environment& environment, const std::vector<std::string>& command,
                         std::vector<std::string>& say) {
  constexpr const char* list = "OMPI_MCA_mca_base_env_list";
  std::vector<std::string> names;
  for (const auto& [name, value] : environment)
    if (name == "LD_PRELOAD" || name.starts_with("HALOSCOPE_")) names.push_back(name);
  if (std::getenv(variable::channel) != nullptr) names.emplace_back(variable::channel);
  if (std::ranges::find(command, "-x") != command.end()) {
    say.push_back(
        fmt::format("Open MPI takes -x alone: ranks on other hosts need -x {} as well", fmt::join(names, " -x ")));
    return;
  }
  const std::string before = value_of(list);
  environment[list] = fmt::format("{}{}{}", before, before.empty() ? "" : ";", fmt::join(names, ";"));
}

/// @throws UserError when the file is there, or cannot be
void check_record(const std::string& path, bool force) {
  std::error_code ignored;
  if (fs::exists(path, ignored) && !force) throw UserError(path + ": exists; --force overwrites it");
  if (fs::is_directory(path, ignored)) throw UserError(path + ": is a folder");
  const fs::path folder = fs::path(path).parent_path();
  if (!fs::is_directory(folder, ignored)) throw UserError(fmt::format("{}: no such folder", folder.string()));
  if (access(folder.c_str(), W_OK) != 0) throw UserError(fmt::format("{}: {}", folder.string(), std::strerror(errno)));
}

}  // namespace

Environment under_environment(const UnderOptions& options, std::vector<std::string>& say) {
  if (options.network.network.empty() && options.record.empty())
    throw UserError("under: needs --network PROFILE, or --record FILE.h5, or both");
  const std::string& compute = options.network.compute;
  if (!compute.empty() && compute != "cpu" && compute != "announced")
    throw UserError(fmt::format("--compute: {}: must be cpu or announced", compute));
  Environment environment = network_environment(options.network);
  if (!options.record.empty()) {
    const std::string path = fs::absolute(options.record).lexically_normal();
    const fs::path writer = fs::path(library()).replace_filename("libhaloscope-record.so");
    if (!fs::exists(writer)) throw UserError(writer.string() + ": is not there, and it writes the record");
    check_record(path, options.force);
    environment[variable::record] = path;
    if (options.force) environment.emplace(variable::record_force, "1");
  } else if (options.force) {
    throw UserError("--force: needs --record");
  }
  check_command(options.command, say);

  const std::string preloaded = value_of("LD_PRELOAD");
  environment["LD_PRELOAD"] = preloaded.empty() ? library() : library() + ":" + preloaded;
  pass_to_other_hosts(environment, options.command, say);
  for (const auto& [name, value] : launcher_environment(options.network))
    if (std::getenv(name.c_str()) == nullptr) environment[name] = value;
  return environment;
}

void under(const UnderOptions& options) {
  std::vector<std::string> say;
  const Environment environment = under_environment(options, say);
  for (const std::string& line : say) fmt::print(stderr, "haloscope: {}\n", line);
  set_environment(environment);

  std::vector<char*> words;
  for (const std::string& word : options.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words.front(), words.data());
  throw UserError(fmt::format("{}: {}", options.command.front(), std::strerror(errno)));
}

}  // namespace haloscope
