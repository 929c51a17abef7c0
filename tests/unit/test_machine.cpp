// SPDX-License-Identifier: BSD-3-Clause
// The facts of a node out of made-up /proc and /sys trees, and the warnings out of made-up loads.
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "haloscope/machine/machine.hpp"
#include "machine/node.hpp"

using namespace haloscope;
namespace fs = std::filesystem;

namespace {

/// A folder that looks like the root of a node; gone with this object.
class FakeNode {
 public:
  FakeNode() {
    char path[] = "/tmp/haloscope-node-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    root_ = path;
  }
  ~FakeNode() { fs::remove_all(root_); }
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void link(const std::string& path, const std::string& target) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    fs::create_symlink(target, root_ + path);
  }
  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] Facts facts() const { return read_node_facts(root_); }

 private:
  std::string root_;
};

std::string line_of(const NodeLoad& load, Nuisance nuisance) {
  return judge(load).at(static_cast<std::size_t>(nuisance));
}

int warnings_in(const NodeLoad& load) {
  int n = 0;
  for (const std::string& line : judge(load)) n += line.empty() ? 0 : 1;
  return n;
}

/// A node n1 of so many cores with ranks bound as told.
NodeLoad load_of(int cores, std::vector<std::vector<int>> bound) {
  NodeLoad load;
  load.host = "n1";
  for (int core = 0; core < cores; ++core) load.allowed_cores.push_back(core);
  load.bound_cores = std::move(bound);
  return load;
}

}  // namespace

TEST_CASE("a node that shows nothing has every fact and knows none") {
  const FakeNode node;
  const Facts facts = node.facts();
  CHECK(facts.size() == 10);
  for (const char* key : {"cpu_model", "memory_gib", "system", "governor", "smt", "kernel", "transparent_huge_pages"}) {
    INFO(key);
    CHECK(facts.at(key) == "unknown");
  }
  for (const char* key : {"cpu_quota", "nic_drivers", "rdma_devices"}) {
    INFO(key);
    CHECK(facts.at(key) == "none");
  }
  CHECK(std::isnan(read_cpu_times(node.root()).steal));
}

TEST_CASE("facts are read from /proc and /sys") {
  const FakeNode node;
  node.write("/proc/cpuinfo",
             "processor\t: 0\nmodel\t\t: 143\nmodel name\t: AMD EPYC 9654 96-Core Processor\nflags\t\t: fpu\n");
  node.write("/proc/meminfo", "MemTotal:       395938816 kB\nMemFree:        1 kB\n");
  node.write("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  node.write("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
  node.write("/sys/class/dmi/id/product_name", "hpc7a.96xlarge\n");
  node.write("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  node.write("/sys/devices/system/cpu/smt/active", "0\n");
  const Facts facts = node.facts();
  CHECK(facts.at("cpu_model") == "AMD EPYC 9654 96-Core Processor");
  CHECK(facts.at("memory_gib") == "378");
  CHECK(facts.at("kernel") == "6.1.0-18-amd64");
  CHECK(facts.at("system") == "Amazon EC2 hpc7a.96xlarge");
  CHECK(facts.at("transparent_huge_pages") == "madvise");
  CHECK(facts.at("smt") == "off");
  node.write("/sys/devices/system/cpu/smt/active", "1\n");
  CHECK(node.facts().at("smt") == "on");
}

TEST_CASE("each governor in use is named once") {
  const FakeNode node;
  for (const char* cpu : {"cpu0", "cpu1", "cpu2"}) {
    node.write(std::string("/sys/devices/system/cpu/") + cpu + "/cpufreq/scaling_governor", "performance\n");
  }
  CHECK(node.facts().at("governor") == "performance");
  node.write("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
  CHECK(node.facts().at("governor") == "performance, powersave");
}

TEST_CASE("network devices are named with their drivers, virtual ones only where there is nothing else") {
  const FakeNode node;
  fs::create_directories(node.root() + "/sys/class/net/lo");
  CHECK(node.facts().at("nic_drivers") == "none");
  fs::create_directories(node.root() + "/sys/class/net/veth7");
  CHECK(node.facts().at("nic_drivers") == "virtual only: veth7");
  node.link("/sys/class/net/eth0/device/driver", "../../../../bus/pci/drivers/ena");
  node.link("/sys/class/net/eth1/device/driver", "../../../../bus/virtio/drivers/virtio_net");
  CHECK(node.facts().at("nic_drivers") == "eth0=ena, eth1=virtio_net");
}

TEST_CASE("RDMA devices are named with driver, link and rate") {
  const FakeNode node;
  node.link("/sys/class/infiniband/mlx5_0/device/driver", "../../bus/pci/drivers/mlx5_core");
  node.write("/sys/class/infiniband/mlx5_0/ports/1/link_layer", "InfiniBand\n");
  node.write("/sys/class/infiniband/mlx5_0/ports/1/rate", "400 Gb/sec (4X NDR)\n");
  fs::create_directories(node.root() + "/sys/class/infiniband/rxe0");
  CHECK(node.facts().at("rdma_devices") ==
        "mlx5_0=mlx5_core (InfiniBand, 400 Gb/sec (4X NDR)), rxe0=virtual (unknown, unknown)");
}

TEST_CASE("the least quota on the way up counts, version 2") {
  const FakeNode node;
  node.write("/proc/self/cgroup", "0::/kubepods/pod7/job\n");
  CHECK_FALSE(cpu_quota(node.root()));
  node.write("/sys/fs/cgroup/kubepods/pod7/job/cpu.max", "max 100000\n");
  CHECK_FALSE(cpu_quota(node.root()));
  node.write("/sys/fs/cgroup/kubepods/pod7/cpu.max", "150000 100000\n");
  node.write("/sys/fs/cgroup/kubepods/cpu.max", "800000 100000\n");
  REQUIRE(cpu_quota(node.root()));
  CHECK(*cpu_quota(node.root()) == Approx(1.5));
  CHECK(node.facts().at("cpu_quota") == "1.5 cores");
  node.write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  CHECK(*cpu_quota(node.root()) == Approx(0.5));
}

TEST_CASE("quotas of version 1, beside an empty version 2, and paths that lead out") {
  const FakeNode node;
  node.write("/proc/self/cgroup", "5:devices:/\n3:cpu,cpuacct:/slurm/job_1\n0::/\n");
  node.write("/sys/fs/cgroup/cpu,cpuacct/slurm/job_1/cpu.cfs_quota_us", "-1\n");
  node.write("/sys/fs/cgroup/cpu,cpuacct/slurm/job_1/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(cpu_quota(node.root()));
  node.write("/sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "250000\n");
  node.write("/sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000\n");
  REQUIRE(cpu_quota(node.root()));
  CHECK(*cpu_quota(node.root()) == Approx(2.5));
  node.write("/proc/self/cgroup", "0::/../../other\n");
  node.write("/sys/fs/cgroup/cpu.max", "300000 100000\n");
  REQUIRE(cpu_quota(node.root()));
  CHECK(*cpu_quota(node.root()) == Approx(3));
}

TEST_CASE("stolen time is a share of all time since the meter began") {
  const FakeNode node;
  node.write("/proc/stat", "cpu  100 0 100 800 0 0 0 5 50 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
  CHECK(read_cpu_times(node.root()).total == 1005);
  CHECK(read_cpu_times(node.root()).steal == 5);
  const StealMeter meter(node.root());
  CHECK(meter.share() == 0);
  node.write("/proc/stat", "cpu  200 0 150 1600 25 0 0 30 99 0\n");
  CHECK(meter.share() == Approx(0.025));
  CHECK(steal_warning(meter.share(), "node03") == "stolen time: the hypervisor took 2.5 % of the CPU time of node03");
  CHECK(steal_warning(0.001, "node03").empty());
  CHECK(steal_warning(std::nan(""), "node03").empty());
  node.write("/proc/stat", "cpu  100 0 100 800\n");
  CHECK(std::isnan(StealMeter(node.root()).share()));
}

TEST_CASE("hypervisors are named by their letters") {
  CHECK(hypervisor_name("KVMKVMKVM") == "KVM");
  CHECK(hypervisor_name("Microsoft Hv") == "Hyper-V");
  CHECK(hypervisor_name("HomeMadeHv00") == "HomeMadeHv00");
  CHECK_FALSE(hypervisor_name("").empty());
}

TEST_CASE("the transport is what Open MPI keeps loaded or open") {
  const std::string maps =
      "7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/openmpi3/mca_pml_ob1.so\n"
      "7f01-7f02 r--p 00000000 fe:00 1 /usr/lib/openmpi3/mca_pml_ob1.so\n"
      "7f02-7f03 r-xp 00000000 fe:00 1 /usr/lib/openmpi3/mca_btl_vader.so\n"
      "7f02-7f03 r-xp 00000000 fe:00 1 /usr/lib/openmpi3/mca_coll_tuned.so\n"
      "7f03-7f04 r-xp 00000000 fe:00 1 /usr/lib/openmpi3/mca_btl_self.so\n";
  CHECK(transport_in_maps(maps) == "pml ob1; btl self, vader (loaded)");
  CHECK(transport_in_maps("7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/openmpi3/mca_pml_ucx.so\n") == "pml ucx (loaded)");
  CHECK(transport_in_maps("7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/libmpi.so.40\n").empty());
  CHECK(transport_in_variables({"pml", "pml_base_verbose", "pml_cm_priority", "mtl_ofi_priority", "btl_tcp_links"}) ==
        "pml cm; mtl ofi (open)");
  CHECK(transport_in_variables({"mpi_show_handle_leaks"}).empty());
}

TEST_CASE("ranks bound to cores of their own give no warning") {
  CHECK(warnings_in(load_of(4, {{0}, {1}, {2}, {3}})) == 0);
  CHECK(warnings_in(load_of(4, {{0, 1}, {0, 1}, {2, 3}, {2, 3}})) == 0);
}

TEST_CASE("two ranks on one core") {
  const NodeLoad one = load_of(4, {{0}, {2}, {2}});
  CHECK(line_of(one, Nuisance::shared_core) == "two ranks on one core: 2 ranks are bound to core 2 of n1");
  CHECK(warnings_in(one) == 1);
  const NodeLoad nested = load_of(4, {{0, 1}, {0, 1}, {1}});
  CHECK(line_of(nested, Nuisance::shared_core) == "two ranks on one core: 3 ranks are bound to the same 2 cores of n1");
}

TEST_CASE("more ranks than cores is told instead of its consequence") {
  NodeLoad load = load_of(2, {{0, 1}, {0, 1}, {0, 1}});
  load.unbound_ranks = 3;
  CHECK(line_of(load, Nuisance::more_ranks_than_cores) == "more ranks than cores: 3 ranks on the 2 cores of n1");
  CHECK(line_of(load, Nuisance::shared_core).empty());
  CHECK(line_of(load, Nuisance::unbound) ==
        "unbound ranks: 3 of 3 ranks on n1 may move between cores (mpirun --bind-to core)");
}

TEST_CASE("a quota and a governor that follows the load are told") {
  NodeLoad load = load_of(2, {{0}, {1}});
  load.quota_cores = 1.5;
  CHECK(line_of(load, Nuisance::quota) ==
        "a CPU quota: 2 ranks on n1 may use the time of 1.5 cores and stop when it is spent");
  load.quota_cores.reset();
  for (const char* quiet : {"performance", "unknown"}) {
    load.governor = quiet;
    CHECK(warnings_in(load) == 0);
  }
  load.governor = "powersave";
  CHECK(line_of(load, Nuisance::governor) ==
        "the CPU governor of n1 is powersave, not performance: clock rates follow the load");
}
