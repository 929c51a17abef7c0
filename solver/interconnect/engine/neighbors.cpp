// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/neighbors.hpp"

#include <map>
#include <vector>

#include "interconnect/account/counters.hpp"
#include "interconnect/engine/communicators.hpp"

namespace haloscope::interconnect {

namespace {

struct Edge {
  int rank, tag;
};
struct Edges {
  std::vector<Edge> out, in;
  bool twofold = false;  ///< a periodic dimension of one or two ranks
};

Edges of_grid(MPI_Comm comm) {
  Edges edges;
  int dimensions = 0;
  PMPI_Cartdim_get(comm, &dimensions);
  const auto n = static_cast<std::size_t>(dimensions);
  std::vector<int> shape(n), periodic(n), own(n);
  PMPI_Cart_get(comm, dimensions, shape.data(), periodic.data(), own.data());
  for (int d = 0; d < dimensions; ++d) {
    const auto i = static_cast<std::size_t>(d);
    edges.twofold = edges.twofold || (periodic[i] != 0 && shape[i] <= 2);
    int below = MPI_PROC_NULL, above = MPI_PROC_NULL;
    PMPI_Cart_shift(comm, d, 1, &below, &above);
    const int down = 2 * d, up = 2 * d + 1;
    edges.out.insert(edges.out.end(), {{below, down}, {above, up}});
    edges.in.insert(edges.in.end(), {{below, up}, {above, down}});
  }
  return edges;
}

/// Each rank's edges numbered from 0.
std::vector<Edge> numbered(const std::vector<int>& ranks) {
  std::vector<Edge> edges;
  std::map<int, int> so_far;
  for (const int rank : ranks) edges.push_back({rank, so_far[rank]++});
  return edges;
}

Edges of_graph(MPI_Comm comm) {
  int n = 0;
  const int rank = info_of(comm).rank;
  PMPI_Graph_neighbors_count(comm, rank, &n);
  std::vector<int> ranks(static_cast<std::size_t>(n));
  PMPI_Graph_neighbors(comm, rank, n, ranks.data());
  return {numbered(ranks), numbered(ranks), false};
}

Edges of_distributed_graph(MPI_Comm comm) {
  int n_in = 0, n_out = 0, weighted = 0;
  PMPI_Dist_graph_neighbors_count(comm, &n_in, &n_out, &weighted);
  std::vector<int> in(static_cast<std::size_t>(n_in)), out(static_cast<std::size_t>(n_out));
  std::vector<int> in_weights(in.size()), out_weights(out.size());
  PMPI_Dist_graph_neighbors(comm, n_in, in.data(), in_weights.data(), n_out, out.data(), out_weights.data());
  return {numbered(out), numbered(in), false};
}

Edges edges_of(MPI_Comm comm) {
  int topology = MPI_UNDEFINED;
  PMPI_Topo_test(comm, &topology);
  if (topology == MPI_CART) return of_grid(comm);
  if (topology == MPI_GRAPH) return of_graph(comm);
  if (topology == MPI_DIST_GRAPH) return of_distributed_graph(comm);
  return {};
}

std::vector<CollectiveMessage> messages_of(const std::vector<Edge>& edges, const EdgeBytes& bytes,
                                           const CommunicatorInfo& info) {
  std::vector<CollectiveMessage> messages;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto [rank, tag] = edges[i];
    if (rank == MPI_PROC_NULL || rank == info.rank || bytes[i] <= 0) continue;
    messages.push_back({info.world[static_cast<std::size_t>(rank)], rank, tag, bytes[i]});
  }
  return messages;
}

}  // namespace

std::int64_t EdgeBytes::operator[](std::size_t edge) const noexcept {
  return size_of(counts_ == nullptr ? n_ : counts_[edge], types_ == nullptr ? type_ : types_[edge]);
}

Asked ask_neighbors(MPI_Comm comm, const EdgeBytes& sent, const EdgeBytes& received) {
  const CommunicatorInfo& info = info_of(comm);
  const Edges edges = edges_of(comm);
  Asked asked;
  asked.comm = comm;
  asked.twofold = edges.twofold;
  asked.neighbors = {messages_of(edges.out, sent, info), messages_of(edges.in, received, info)};
  return asked;
}

}  // namespace haloscope::interconnect
