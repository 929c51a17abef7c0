// SPDX-License-Identifier: BSD-3-Clause
/// @file mpi_transport.cpp
/// Which paths MPI took up. No interface tells: Open MPI 4 closes the components that it does not select, so those
/// still loaded say it; Open MPI 5 is one library, and the control variables of its open components say it. For btl
/// this is what may carry messages, not what did.
#include <mpi.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iterator>
#include <set>

#include "machine/node.hpp"

namespace haloscope {

namespace {

struct Components {
  std::set<std::string> pml, mtl, btl;
  void add(const std::string& framework, const std::string& name) {
    if (name.empty() || name == "base" || name == "wrapper") return;
    if (framework == "pml") pml.insert(name);
    if (framework == "mtl") mtl.insert(name);
    if (framework == "btl") btl.insert(name);
  }
};

/// pml cm sends through an mtl, pml ob1 through btls, the others by themselves.
std::string told(const Components& open, const char* how) {
  if (open.pml.empty()) return {};
  std::string text = fmt::format("pml {}", fmt::join(open.pml, ", "));
  if (open.pml.contains("cm") && !open.mtl.empty()) text += fmt::format("; mtl {}", fmt::join(open.mtl, ", "));
  if (open.pml.contains("ob1") && !open.btl.empty()) text += fmt::format("; btl {}", fmt::join(open.btl, ", "));
  return text + how;
}

std::vector<std::string> control_variables() {
  std::vector<std::string> names;
  int provided = 0, count = 0;
  if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_SUCCESS) return names;
  if (MPI_T_cvar_get_num(&count) != MPI_SUCCESS) count = 0;
  for (int i = 0; i < count; ++i) {
    char name[256] = "";
    int length = sizeof name, verbosity = 0, bind = 0, scope = 0, no_description = 0;
    MPI_Datatype type = MPI_DATATYPE_NULL;
    MPI_T_enum values = MPI_T_ENUM_NULL;
    if (MPI_T_cvar_get_info(i, name, &length, &verbosity, &type, &values, nullptr, &no_description, &bind, &scope) ==
        MPI_SUCCESS) {
      names.emplace_back(name);
    }
  }
  MPI_T_finalize();
  return names;
}

/// MPICH and its kin say it in their version: `MPICH Device: ch4:ofi`.
std::string device_in_version() {
  std::string version(MPI_MAX_LIBRARY_VERSION_STRING, '\0');
  int length = 0;
  if (MPI_Get_library_version(version.data(), &length) != MPI_SUCCESS) return {};
  version.resize(static_cast<std::size_t>(length));
  const auto at = version.find("ch3:") != std::string::npos ? version.find("ch3:") : version.find("ch4:");
  return at == std::string::npos ? "" : version.substr(at, version.find_first_of(" \t\n", at) - at);
}

}  // namespace

std::string transport_in_maps(const std::string& maps) {
  Components open;
  for (auto at = maps.find("/mca_"); at != std::string::npos; at = maps.find("/mca_", at + 1)) {
    const auto framework = at + 5, name = framework + 4, end = maps.find(".so", name);
    if (end == std::string::npos || maps.find('\n', at) < end) continue;
    open.add(maps.substr(framework, 3), maps.substr(name, end - name));
  }
  return told(open, " (loaded)");
}

std::string transport_in_variables(const std::vector<std::string>& names) {
  Components open;
  for (const std::string& name : names) {
    if (name.size() < 5 || name[3] != '_') continue;
    open.add(name.substr(0, 3), name.substr(4, name.find('_', 4) - 4));
  }
  return told(open, " (open)");
}

std::string mpi_transport() {
  std::ifstream file("/proc/self/maps");
  const std::string maps{std::istreambuf_iterator<char>(file), {}};
  if (std::string loaded = transport_in_maps(maps); !loaded.empty()) return loaded;
  if (std::string device = device_in_version(); !device.empty()) return device;
  if (std::string open = transport_in_variables(control_variables()); !open.empty()) return open;
  return unknown;
}

}  // namespace haloscope
