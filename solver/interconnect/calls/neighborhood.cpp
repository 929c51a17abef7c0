// SPDX-License-Identifier: BSD-3-Clause
// Neighbour collectives are halo traffic: their time is point-to-point, and each neighbour that gets bytes is a
// message. So their requests need no memory but the persistent ones, as for sends. In modelled time all messages of a
// call are in flight at once.
#include "interconnect/calls/crossing.hpp"
#include "interconnect/engine/collectives.hpp"
#include "interconnect/engine/neighbors.hpp"

using namespace haloscope::interconnect;

namespace {

/// Calls @p visit (i) for the i-th neighbour this rank sends to, wherever there is a rank.
template <class Visit>
void each_destination(MPI_Comm comm, Visit visit) {
  int topology = MPI_UNDEFINED;
  PMPI_Topo_test(comm, &topology);
  if (topology == MPI_CART) {  // MPI standard, section 7.6: of each dimension the low neighbour, then the high one
    int dimensions = 0;
    PMPI_Cartdim_get(comm, &dimensions);
    for (int d = 0; d < dimensions; ++d) {
      int low = MPI_PROC_NULL, high = MPI_PROC_NULL;
      PMPI_Cart_shift(comm, d, 1, &low, &high);
      if (low != MPI_PROC_NULL) visit(2 * d);
      if (high != MPI_PROC_NULL) visit(2 * d + 1);
    }
    return;
  }
  int n = 0;
  if (topology == MPI_DIST_GRAPH) {
    int in = 0, weighted = 0;
    PMPI_Dist_graph_neighbors_count(comm, &in, &n, &weighted);
  } else if (topology == MPI_GRAPH) {
    int rank = 0;
    PMPI_Comm_rank(comm, &rank);
    PMPI_Graph_neighbors_count(comm, rank, &n);
  }
  for (int i = 0; i < n; ++i) visit(i);
}

struct Sent {
  long long messages = 0, bytes = 0;
  void add(long long size) {
    if (size == 0) return;
    ++messages;
    bytes += size;
  }
};

/// The same count and type to every neighbour.
Sent sent(MPI_Comm comm, int n, MPI_Datatype type) {
  Sent all;
  const long long size = size_of(n, type);
  each_destination(comm, [&](int) { all.add(size); });
  return all;
}

/// Its own count, and perhaps type, to each.
Sent sent(MPI_Comm comm, const int n[], MPI_Datatype type) {
  Sent all;
  const long long size = size_of(1, type);
  each_destination(comm, [&](int i) { all.add(n[i] * size); });
  return all;
}
Sent sent(MPI_Comm comm, const int n[], const MPI_Datatype types[]) {
  Sent all;
  each_destination(comm, [&](int i) { all.add(size_of(n[i], types[i])); });
  return all;
}

void count(Counters& counters, const Sent& all) {
  counters.messages += all.messages;
  counters.bytes += all.bytes;
}

[[maybe_unused]] void remember_persistent(const Sent& all, MPI_Request request) {
  state.requests.remember(RequestTable::key_of(request),
                          {.persistent = true, .messages = all.messages, .bytes = all.bytes});
}

}  // namespace

#define BLOCKING(name, non_blocking, parameters, arguments)                                                            \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters) {                                                                \
    const auto call = [&] { return PMPI_##name(HALOSCOPE_LIST arguments); };                                           \
    const auto begin = [&](MPI_Request* request) { return PMPI_##non_blocking(HALOSCOPE_LIST arguments, request); };   \
    const auto model = [&](Engine& here) {                                                                             \
      if (comm == MPI_COMM_NULL) return call();                                                                        \
      return run_collective(here, "MPI_" #name, ask_neighbors(comm, {ns, ts}, {nr, tr}), {}, call, begin);             \
    };                                                                                                                 \
    return cross(Kind::point_to_point, call, model, [&](Counters& counters) { count(counters, sent(comm, ns, ts)); }); \
  }

#define NON_BLOCKING(name, parameters, arguments)                                                                  \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters, MPI_Request* request) {                                      \
    const auto begin = [&](MPI_Request* out) { return PMPI_##name(HALOSCOPE_LIST arguments, out); };               \
    const auto model = [&](Engine& here) {                                                                         \
      if (comm == MPI_COMM_NULL) return begin(request);                                                            \
      return begin_collective(here, "MPI_" #name, ask_neighbors(comm, {ns, ts}, {nr, tr}), false, request, begin); \
    };                                                                                                             \
    return cross(                                                                                                  \
        Kind::point_to_point, [&] { return begin(request); }, model,                                               \
        [&](Counters& counters) { count(counters, sent(comm, ns, ts)); });                                         \
  }

#if HALOSCOPE_MPI_4
#define PERSISTENT(name, parameters, arguments)                                                                 \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters, MPI_Info info, MPI_Request* request) {                    \
    return cross(                                                                                               \
        Kind::point_to_point, [&] { return PMPI_##name(HALOSCOPE_LIST arguments, info, request); },             \
        [&](Counters&) {                                                                                        \
          remember_persistent(sent(comm, ns, ts), *request);                                                    \
          if (modelled()) remember_collective(*request, "MPI_" #name, ask_neighbors(comm, {ns, ts}, {nr, tr})); \
        });                                                                                                     \
  }
#else
#define PERSISTENT(name, parameters, arguments)
#endif

#define NEIGHBOR(name, parameters, arguments)                        \
  BLOCKING(Neighbor_##name, Ineighbor_##name, parameters, arguments) \
  NON_BLOCKING(Ineighbor_##name, parameters, arguments)              \
  PERSISTENT(Neighbor_##name##_init, parameters, arguments)

// In the lists: s what is sent, r where it is received, n and t count and type of either, d displacements. What is sent
// follows from comm, ns and ts, what is received from comm, nr and tr.
// clang-format off
NEIGHBOR(allgather,  (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, MPI_Comm comm),
                     (s, ns, ts, r, nr, tr, comm))
NEIGHBOR(allgatherv, (const void* s, int ns, MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, MPI_Comm comm),
                     (s, ns, ts, r, nr, dr, tr, comm))
NEIGHBOR(alltoall,   (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, MPI_Comm comm),
                     (s, ns, ts, r, nr, tr, comm))
NEIGHBOR(alltoallv,  (const void* s, const int ns[], const int ds[], MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, MPI_Comm comm),
                     (s, ns, ds, ts, r, nr, dr, tr, comm))
NEIGHBOR(alltoallw,  (const void* s, const int ns[], const MPI_Aint ds[], const MPI_Datatype ts[], void* r, const int nr[], const MPI_Aint dr[], const MPI_Datatype tr[], MPI_Comm comm),
                     (s, ns, ds, ts, r, nr, dr, tr, comm))
// clang-format on
