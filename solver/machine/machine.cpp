// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/machine/machine.hpp"

#include <unistd.h>

#include <cmath>
#include <utility>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "machine/compare.hpp"
#include "machine/place.hpp"

namespace haloscope {

namespace {

std::string host_name() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0) return unknown;
  return name;
}

Communicator split_nodes(MPI_Comm comm) {
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank_in(comm), MPI_INFO_NULL, &node));
  return Communicator(node);  // inherits the error handler
}

/// What the ranks of one node ask of it, on rank 0 of @p node, which gathers them: a byte a core and one more from
/// each.
NodeLoad load_of(MPI_Comm node, const Topology& topology, const RankPlace& place, const Facts& facts) {
  const std::size_t cores = static_cast<std::size_t>(topology.cores()), row = cores + 1;
  std::vector<char> mine(row, 0), all(rank_in(node) == 0 ? row * static_cast<std::size_t>(ranks_in(node)) : 0);
  for (const int core : topology.bound_cores()) mine[static_cast<std::size_t>(core)] = 1;
  mine[cores] = place.bound ? 1 : 0;
  const int count = static_cast<int>(row);
  check_mpi(MPI_Gather(mine.data(), count, MPI_CHAR, all.data(), count, MPI_CHAR, 0, node));

  NodeLoad load;
  load.host = place.host;
  load.allowed_cores = topology.allowed_cores();
  load.quota_cores = cpu_quota("");
  load.governor = facts.at("governor");
  for (std::size_t first = 0; first < all.size(); first += row) {
    std::vector<int>& bound = load.bound_cores.emplace_back();
    for (std::size_t core = 0; core < cores; ++core) {
      if (all[first + core] != 0) bound.push_back(static_cast<int>(core));
    }
    if (all[first + cores] == 0) ++load.unbound_ranks;
  }
  return load;
}

Facts facts_of_this_node(const Topology& topology) {
  Facts facts = read_node_facts("");
  const std::string model = facts["cpu_model"];
  facts.merge(topology.facts());  // keeps what is there
  if (model == unknown) facts["cpu_model"] = topology.facts().at("cpu_model");
  facts["hypervisor"] = hypervisor();
  facts["mpi_transport"] = mpi_transport();
  return facts;
}

}  // namespace

MachineReport look_at_machine(MPI_Comm comm) {
  const Communicator world = make_communicator(comm);
  const Communicator node = split_nodes(world.get());
  const bool leads = rank_in(node.get()) == 0;
  const Communicator leaders = split_communicator(world.get(), leads ? 0 : MPI_UNDEFINED, rank_in(world.get()));

  const Topology topology(node.get());
  MachineReport report;
  report.place = topology.place();
  report.place.host = host_name();
  const Facts here = leads ? facts_of_this_node(topology) : Facts{};
  const NodeLoad load = load_of(node.get(), topology, report.place, leads ? here : Facts{{"governor", unknown}});

  // Rank 0 of the world leads its node and the leaders. It learns everything and tells all.
  std::vector<std::string> texts;
  if (leads) {
    for (const auto& [key, text] : compared_facts(leaders.get(), here)) texts.insert(texts.end(), {key, text});
    const std::vector<std::string> warnings = compared_warnings(leaders.get(), judge(load));
    texts.insert(texts.end(), warnings.begin(), warnings.end());
    report.nodes = ranks_in(leaders.get());
  }
  std::vector<int> sizes = {report.nodes, ranks_in(node.get()), static_cast<int>(here.size())};
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, sizes.data(), static_cast<int>(sizes.size()), MPI_INT, MPI_MAX, world.get()));
  report.nodes = sizes[0];
  report.ranks_per_node = sizes[1];
  texts = broadcast(world.get(), texts);
  const std::size_t facts_end = 2 * static_cast<std::size_t>(sizes[2]);
  for (std::size_t i = 0; i < facts_end; i += 2) report.facts[texts.at(i)] = texts.at(i + 1);
  report.warnings.assign(texts.begin() + static_cast<std::ptrdiff_t>(facts_end), texts.end());
  report.topology_xml = broadcast(world.get(), topology.xml());
  return report;
}

StealMeter::StealMeter(std::string root) : root_(std::move(root)), start_(read_cpu_times(root_)) {}

double StealMeter::share() const {
  const CpuTimes now = read_cpu_times(root_);
  const double steal = now.steal - start_.steal, total = now.total - start_.total;
  return total > 0 ? steal / total : steal * 0;
}

std::string steal_warning(MPI_Comm comm, const StealMeter& meter) {
  const Communicator world = make_communicator(comm);
  const double share = meter.share();
  struct {
    double share;
    int rank;
  } worst = {std::isnan(share) ? -1 : share, rank_in(world.get())};
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_DOUBLE_INT, MPI_MAXLOC, world.get()));
  return steal_warning(worst.share, broadcast(world.get(), host_name(), worst.rank));
}

}  // namespace haloscope
