// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/machine.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "haloscope/errors.hpp"
#include "haloscope/handles.hpp"
#include "machine_place.hpp"

namespace haloscope {

namespace {

constexpr int listed_values = 8;  ///< of a fact that differs between nodes

int rank_in(MPI_Comm comm) {
  int rank = 0;
  check_mpi(MPI_Comm_rank(comm, &rank));
  return rank;
}

int size_of(MPI_Comm comm) {
  int size = 0;
  check_mpi(MPI_Comm_size(comm, &size));
  return size;
}

template <class T>
std::vector<T> reduced(MPI_Comm comm, std::vector<T> values, MPI_Datatype type, MPI_Op op) {
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), type, op, comm));
  return values;
}

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

/// Rank 0's texts, on all ranks. No text may hold a zero byte.
std::vector<std::string> broadcast(MPI_Comm comm, const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(text).push_back('\0');
  int length = static_cast<int>(all.size());
  check_mpi(MPI_Bcast(&length, 1, MPI_INT, 0, comm));
  all.resize(static_cast<std::size_t>(length));
  check_mpi(MPI_Bcast(all.data(), length, MPI_CHAR, 0, comm));
  std::vector<std::string> received;
  for (std::size_t begin = 0, end; begin < all.size(); begin = end + 1) {
    end = all.find('\0', begin);
    received.push_back(all.substr(begin, end - begin));
  }
  return received;
}

/// A text and how many nodes offer it (or, for a warning, one like it).
struct Told {
  std::string text;
  int nodes = 0;
};

/// For each slot the text of the lowest rank that offers one, known to rank 0 alone; `nodes` is known to all. Two small
/// reductions and a message a slot.
std::vector<Told> first_offers(MPI_Comm leaders, const std::vector<std::string>& texts,
                               const std::vector<bool>& offers) {
  const int rank = rank_in(leaders), nobody = std::numeric_limits<int>::max();
  const std::size_t n = texts.size();
  std::vector<int> owner(n), count(2 * n, 0);
  for (std::size_t slot = 0; slot < n; ++slot) owner[slot] = offers[slot] ? rank : nobody;
  owner = reduced(leaders, owner, MPI_INT, MPI_MIN);
  for (std::size_t slot = 0; slot < n; ++slot) {
    count[slot] = offers[slot] ? 1 : 0;
    count[n + slot] = owner[slot] == rank ? static_cast<int>(texts[slot].size()) : 0;
  }
  count = reduced(leaders, count, MPI_INT, MPI_SUM);
  std::vector<Told> told(n);
  for (std::size_t slot = 0; slot < n; ++slot) {
    told[slot].nodes = count[slot];
    if (owner[slot] == nobody) continue;
    const int tag = static_cast<int>(slot), length = count[n + slot];
    if (owner[slot] == rank) {
      told[slot].text = texts[slot];
      if (rank != 0) check_mpi(MPI_Send(texts[slot].data(), length, MPI_CHAR, 0, tag, leaders));
    } else if (rank == 0) {
      told[slot].text.resize(static_cast<std::size_t>(length));
      check_mpi(MPI_Recv(told[slot].text.data(), length, MPI_CHAR, owner[slot], tag, leaders, MPI_STATUS_IGNORE));
    }
  }
  return told;
}

std::string joined(std::vector<Told> values, int nodes) {
  if (values.size() == 1) return values[0].text;
  std::stable_sort(values.begin(), values.end(), [](const Told& a, const Told& b) { return a.nodes > b.nodes; });
  std::string text;
  for (const Told& value : values) {
    text +=
        fmt::format("{}{} ({} node{})", text.empty() ? "" : "; ", value.text, value.nodes, value.nodes == 1 ? "" : "s");
    nodes -= value.nodes;
  }
  if (nodes > 0) text += fmt::format("; others ({} node{})", nodes, nodes == 1 ? "" : "s");
  return text;
}

/// Facts of all nodes as one, on rank 0 of @p leaders. The nodes compare hashes, one distinct value of each fact a
/// round.
Facts compared(MPI_Comm leaders, const Facts& facts) {
  constexpr std::uint64_t done = std::numeric_limits<std::uint64_t>::max();
  const std::size_t n = facts.size();
  std::vector<std::string> texts;
  std::vector<std::uint64_t> hashes;
  for (const auto& [key, text] : facts) {
    texts.push_back(text);
    hashes.push_back(std::hash<std::string>{}(text) >> 1);
  }
  std::vector<std::vector<Told>> values(n);
  for (int round = 0; round < listed_values; ++round) {
    const auto least = reduced(leaders, hashes, MPI_UINT64_T, MPI_MIN);
    if (std::all_of(least.begin(), least.end(), [](std::uint64_t hash) { return hash == done; })) break;
    std::vector<bool> offers(n);
    for (std::size_t slot = 0; slot < n; ++slot) offers[slot] = hashes[slot] != done && hashes[slot] == least[slot];
    const auto told = first_offers(leaders, texts, offers);
    for (std::size_t slot = 0; slot < n; ++slot) {
      if (told[slot].nodes > 0) values[slot].push_back(told[slot]);
      if (offers[slot]) hashes[slot] = done;
    }
  }
  Facts all;
  std::size_t slot = 0;
  for (const auto& [key, text] : facts) all[key] = joined(values[slot++], size_of(leaders));
  return all;
}

/// Each nuisance once, with an example and the count of nodes; on rank 0 of @p leaders.
std::vector<std::string> warnings_of(MPI_Comm leaders, const NodeLoad& load) {
  const std::vector<std::string> lines = judge(load);
  std::vector<bool> offers;
  for (const std::string& line : lines) offers.push_back(!line.empty());
  std::vector<std::string> warnings;
  for (const Told& told : first_offers(leaders, lines, offers)) {
    if (told.nodes == 0) continue;
    const std::string like =
        told.nodes > 1 ? fmt::format("; the same kind on {} nodes of {}", told.nodes, size_of(leaders)) : "";
    warnings.push_back(told.text + like);
  }
  return warnings;
}

/// What the ranks of one node ask of it, on rank 0 of @p node, which gathers them: a byte a core and one more from
/// each.
NodeLoad load_of(MPI_Comm node, const Topology& topology, const RankPlace& place, const Facts& facts) {
  const std::size_t cores = static_cast<std::size_t>(topology.cores()), row = cores + 1;
  std::vector<char> mine(row, 0), all(rank_in(node) == 0 ? row * static_cast<std::size_t>(size_of(node)) : 0);
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

  // Rank 0 of the world leads its node and the leaders; what it comes to know goes to all.
  std::vector<std::string> texts;
  if (leads) {
    for (const auto& [key, text] : compared(leaders.get(), here)) texts.insert(texts.end(), {key, text});
    const std::vector<std::string> warnings = warnings_of(leaders.get(), load);
    texts.insert(texts.end(), warnings.begin(), warnings.end());
    report.nodes = size_of(leaders.get());
  }
  std::vector<int> sizes = {report.nodes, size_of(node.get()), static_cast<int>(here.size())};
  sizes = reduced(world.get(), sizes, MPI_INT, MPI_MAX);
  report.nodes = sizes[0];
  report.ranks_per_node = sizes[1];
  texts = broadcast(world.get(), texts);
  const std::size_t facts_end = 2 * static_cast<std::size_t>(sizes[2]);
  for (std::size_t i = 0; i < facts_end; i += 2) report.facts[texts.at(i)] = texts.at(i + 1);
  report.warnings.assign(texts.begin() + static_cast<std::ptrdiff_t>(facts_end), texts.end());
  report.topology_xml = broadcast(world.get(), {topology.xml()}).at(0);
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
  char host[256] = "";
  host_name().copy(host, sizeof host - 1);
  check_mpi(MPI_Bcast(host, sizeof host, MPI_CHAR, worst.rank, world.get()));
  return steal_warning(worst.share, host);
}

}  // namespace haloscope
