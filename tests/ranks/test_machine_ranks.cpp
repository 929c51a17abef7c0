// SPDX-License-Identifier: BSD-3-Clause
// The machine that runs this test, looked at by all ranks; ranks are bound by the test itself.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "catch.hpp"
#include "haloscope/machine/machine.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

/// Hardware threads that this process may use.
std::vector<int> hardware_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
  std::vector<int> threads;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(static_cast<std::size_t>(i), &set)) threads.push_back(i);
  }
  return threads;
}

/// Binds this process to some hardware threads while it lives.
class Bound {
 public:
  explicit Bound(const std::vector<int>& threads) {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int thread : threads) CPU_SET(static_cast<std::size_t>(thread), &set);
    REQUIRE(sched_setaffinity(0, sizeof set, &set) == 0);
  }
  ~Bound() { sched_setaffinity(0, sizeof before_, &before_); }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;

 private:
  cpu_set_t before_;
};

bool warned(const MachineReport& report, const std::string& beginning) {
  return std::any_of(report.warnings.begin(), report.warnings.end(),
                     [&](const std::string& warning) { return warning.starts_with(beginning); });
}

}  // namespace

TEST_CASE("all ranks hold the same report, each with its own place") {
  const MachineReport report = look_at_machine(MPI_COMM_WORLD);
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  CHECK(report.place.host == host);
  CHECK(report.place.logical_cores == hardware_threads());
  CHECK(report.nodes == 1);
  CHECK(report.ranks_per_node == ranks_of_world());
  CHECK(report.topology_xml.find("<topology") != std::string::npos);
  for (const char* key : {"allowed_cores", "cores", "cpu_model", "cpu_quota", "governor", "hardware_threads",
                          "hypervisor", "kernel", "memory_gib", "mpi_transport", "nic_drivers", "numa_nodes",
                          "packages", "rdma_devices", "smt", "system", "transparent_huge_pages"}) {
    INFO(key);
    REQUIRE(report.facts.count(key) == 1);
    CHECK_FALSE(report.facts.at(key).empty());
  }
  CHECK(report.facts.size() == 17);
  CHECK(report.facts.at("memory_gib") != "0");

  std::string all = report.topology_xml;
  for (const auto& [key, value] : report.facts) all += key + value;
  for (const std::string& warning : report.warnings) all += warning;
  unsigned long long mine = std::hash<std::string>{}(all), least = 0, largest = 0;
  MPI_Allreduce(&mine, &least, 1, MPI_UNSIGNED_LONG_LONG, MPI_MIN, MPI_COMM_WORLD);
  MPI_Allreduce(&mine, &largest, 1, MPI_UNSIGNED_LONG_LONG, MPI_MAX, MPI_COMM_WORLD);
  CHECK(least == largest);
}

TEST_CASE("two ranks on one core are seen, and ranks apart are not blamed") {
  const std::vector<int> threads = hardware_threads();
  const std::size_t ranks = static_cast<std::size_t>(ranks_of_world());
  const MachineReport free = look_at_machine(MPI_COMM_WORLD);
  const std::size_t cores = static_cast<std::size_t>(std::stoi(free.facts.at("allowed_cores")));
  if (cores > 1) {
    CHECK_FALSE(free.place.bound);
    CHECK(warned(free, "unbound ranks"));
    CHECK(warned(free, "more ranks than cores") == (ranks > cores));
    CHECK_FALSE(warned(free, "two ranks on one core"));
  }
  {
    const Bound together({threads.front()});
    const MachineReport report = look_at_machine(MPI_COMM_WORLD);
    CHECK(report.place.bound);
    CHECK(report.place.logical_cores == std::vector<int>{threads.front()});
    CHECK(report.place.package >= 0);
    CHECK_FALSE(warned(report, "unbound ranks"));
    CHECK(warned(report, "more ranks than cores") == (ranks > cores));
    CHECK(warned(report, "two ranks on one core") == (ranks > 1 && ranks <= cores));
  }
  if (ranks <= cores && threads.size() == cores) {  // one hardware thread a core: the numbers are enough to bind apart
    const Bound apart({threads[static_cast<std::size_t>(rank_of_world())]});
    const MachineReport report = look_at_machine(MPI_COMM_WORLD);
    CHECK(report.place.bound);
    CHECK_FALSE(warned(report, "unbound ranks"));
    CHECK_FALSE(warned(report, "two ranks on one core"));
    CHECK_FALSE(warned(report, "more ranks than cores"));
  }
}

TEST_CASE("a steal warning is the same everywhere") {
  const StealMeter meter;
  const std::string warning = steal_warning(MPI_COMM_WORLD, meter);
  int length = static_cast<int>(warning.size()), largest = 0;
  MPI_Allreduce(&length, &largest, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  CHECK(length == largest);
  CHECK((warning.empty() || warning.starts_with("stolen time")));
}
