// SPDX-License-Identifier: BSD-3-Clause
/// @file node.cpp
/// Facts of one node out of /proc and /sys.
#include "machine/node.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace haloscope {

namespace {

namespace fs = std::filesystem;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

/// Empty where the file cannot be read or holds nothing.
std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return trimmed(line);
}

std::string or_unknown(const std::string& text) { return text.empty() ? unknown : text; }

/// The value of the first line `key : value` of a file such as /proc/cpuinfo.
std::string value_of(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (colon != std::string::npos && trimmed(line.substr(0, colon)) == key) return trimmed(line.substr(colon + 1));
  }
  return {};
}

/// Names in a folder, sorted; none where there is no such folder.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// The driver behind a device of /sys/class, empty for virtual ones.
std::string driver_of(const fs::path& device) {
  std::error_code error;
  return fs::read_symlink(device / "device" / "driver", error).filename();
}

std::string memory_gib(const fs::path& meminfo) {
  double kib = 0;
  if (!(std::istringstream(value_of(meminfo, "MemTotal")) >> kib)) return unknown;
  return fmt::format("{:.0f}", kib / (1024.0 * 1024.0));
}

std::string system_name(const fs::path& dmi) {
  return or_unknown(trimmed(first_line(dmi / "sys_vendor") + " " + first_line(dmi / "product_name")));
}

std::string governors(const fs::path& cpus) {
  std::set<std::string> found;
  for (const std::string& name : names_in(cpus)) {
    if (!name.starts_with("cpu")) continue;
    const std::string governor = first_line(cpus / name / "cpufreq" / "scaling_governor");
    if (!governor.empty()) found.insert(governor);
  }
  return found.empty() ? unknown : fmt::format("{}", fmt::join(found, ", "));
}

std::string smt(const fs::path& cpus) {
  const std::string active = first_line(cpus / "smt" / "active");
  if (active == "1") return "on";
  return active == "0" ? "off" : unknown;
}

std::string nic_drivers(const fs::path& net) {
  std::vector<std::string> real, made_up;
  for (const std::string& name : names_in(net)) {
    const std::string driver = driver_of(net / name);
    if (!driver.empty()) {
      real.push_back(name + "=" + driver);
    } else if (name != "lo") {
      made_up.push_back(name);
    }
  }
  if (!real.empty()) return fmt::format("{}", fmt::join(real, ", "));
  return made_up.empty() ? "none" : fmt::format("virtual only: {}", fmt::join(made_up, ", "));
}

std::string rdma_devices(const fs::path& devices) {
  std::vector<std::string> found;
  for (const std::string& name : names_in(devices)) {
    const std::string driver = driver_of(devices / name);
    const fs::path port = devices / name / "ports" / "1";
    found.push_back(fmt::format("{}={} ({}, {})", name, driver.empty() ? "virtual" : driver,
                                or_unknown(first_line(port / "link_layer")), or_unknown(first_line(port / "rate"))));
  }
  return found.empty() ? "none" : fmt::format("{}", fmt::join(found, ", "));
}

/// `always [madvise] never` means madvise.
std::string chosen_in_brackets(const std::string& line) {
  const auto open = line.find('['), close = line.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return unknown;
  return line.substr(open + 1, close - open - 1);
}

/// The quota of one group of version 2: `max 100000` or `150000 100000`, microseconds a period.
std::optional<double> quota_v2(const fs::path& group) {
  std::istringstream line(first_line(group / "cpu.max"));
  double quota = 0, period = 0;
  if (!(line >> quota >> period) || period <= 0) return {};
  return quota / period;
}

/// The same of version 1, where -1 means none.
std::optional<double> quota_v1(const fs::path& group) {
  double quota = 0, period = 0;
  if (!(std::istringstream(first_line(group / "cpu.cfs_quota_us")) >> quota) || quota <= 0) return {};
  if (!(std::istringstream(first_line(group / "cpu.cfs_period_us")) >> period) || period <= 0) return {};
  return quota / period;
}

void keep_least(std::optional<double>& least, std::optional<double> quota) {
  if (quota && (!least || *quota < *least)) least = quota;
}

}  // namespace

Facts read_node_facts(const std::string& root) {
  const fs::path proc = root + "/proc", sys = root + "/sys", cpus = sys / "devices/system/cpu";
  const std::optional<double> quota = cpu_quota(root);
  return {
      {"cpu_model", or_unknown(value_of(proc / "cpuinfo", "model name"))},
      {"memory_gib", memory_gib(proc / "meminfo")},
      {"system", system_name(sys / "class/dmi/id")},
      {"cpu_quota", quota ? fmt::format("{:.4g} cores", *quota) : "none"},
      {"governor", governors(cpus)},
      {"smt", smt(cpus)},
      {"nic_drivers", nic_drivers(sys / "class/net")},
      {"rdma_devices", rdma_devices(sys / "class/infiniband")},
      {"kernel", or_unknown(first_line(proc / "sys/kernel/osrelease"))},
      {"transparent_huge_pages", chosen_in_brackets(first_line(sys / "kernel/mm/transparent_hugepage/enabled"))},
  };
}

std::optional<double> cpu_quota(const std::string& root) {
  std::optional<double> least;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // hierarchy:controllers:path
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    fs::path group = line.substr(second + 1);
    // A path that leaves the namespace cannot be followed; one that a container does not show is skipped on the way up.
    if (group.string().find("..") != std::string::npos) group = "/";
    const bool v2 = controllers.empty();
    const std::string list = "," + controllers + ",";
    if (!v2 && list.find(",cpu,") == std::string::npos) continue;
    const fs::path tree = root + "/sys/fs/cgroup";
    for (;; group = group.parent_path()) {
      const fs::path inside = group.relative_path();
      if (v2) {
        keep_least(least, quota_v2(tree / inside));
        keep_least(least, quota_v2(tree / "unified" / inside));
      } else {
        keep_least(least, quota_v1(tree / "cpu" / inside));
        keep_least(least, quota_v1(tree / controllers / inside));
      }
      if (inside.empty()) break;
    }
  }
  return least;
}

CpuTimes read_cpu_times(const std::string& root) {
  // user nice system idle iowait irq softirq steal; the guests' times that may follow are part of user and nice
  // (proc(5)).
  std::istringstream line(first_line(root + "/proc/stat"));
  std::string label;
  double ticks[8];
  CpuTimes times;
  if (!(line >> label) || label != "cpu") return times;
  for (double& tick : ticks) {
    if (!(line >> tick)) return times;
    times.total += tick;
  }
  times.steal = ticks[7];
  return times;
}

}  // namespace haloscope
