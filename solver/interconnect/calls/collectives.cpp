// SPDX-License-Identifier: BSD-3-Clause
// Collectives: one each call (a persistent one: each start). Their bytes are not counted: what a rank sends depends on
// the algorithm that MPI chooses. In modelled time the last cells of a line say what to model.
#include "interconnect/engine/collectives.hpp"
#include "interconnect/calls/crossing.hpp"

using namespace haloscope::interconnect;

namespace {

void count_collective(Counters& counters) { ++counters.collectives; }

/// In modelled time it is known already, with its operation.
void remember_in_flight(MPI_Request request) {
  if (engine() == nullptr) state.requests.remember(RequestTable::key_of(request), {.collective = true});
}

[[maybe_unused]] void remember_persistent(MPI_Request request) {
  state.requests.remember(RequestTable::key_of(request), {.collective = true, .persistent = true, .reductions = 1});
}

}  // namespace

#define BLOCKING(name, non_blocking, parameters, arguments, asked, data)                                             \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters) {                                                              \
    const auto call = [&] { return PMPI_##name(HALOSCOPE_LIST arguments); };                                         \
    const auto begin = [&](MPI_Request* request) { return PMPI_##non_blocking(HALOSCOPE_LIST arguments, request); }; \
    const auto model = [&](Engine& here) {                                                                           \
      return comm == MPI_COMM_NULL ? call() : run_collective(here, "MPI_" #name, asked, data, call, begin);          \
    };                                                                                                               \
    return cross(Kind::collective, call, model, count_collective);                                                   \
  }

#define NON_BLOCKING(name, parameters, arguments, asked)                                                \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters, MPI_Request* request) {                           \
    const auto begin = [&](MPI_Request* out) { return PMPI_##name(HALOSCOPE_LIST arguments, out); };    \
    const auto model = [&](Engine& here) {                                                              \
      return comm == MPI_COMM_NULL ? begin(request)                                                     \
                                   : begin_collective(here, "MPI_" #name, asked, true, request, begin); \
    };                                                                                                  \
    return cross(                                                                                       \
        Kind::collective, [&] { return begin(request); }, model,                                        \
        [&](Counters& counters) {                                                                       \
          count_collective(counters);                                                                   \
          remember_in_flight(*request);                                                                 \
        });                                                                                             \
  }

#if HALOSCOPE_MPI_4
#define PERSISTENT(name, parameters, arguments, asked)                                          \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters, MPI_Info info, MPI_Request* request) {    \
    return cross(                                                                               \
        Kind::collective, [&] { return PMPI_##name(HALOSCOPE_LIST arguments, info, request); }, \
        [&](Counters&) {                                                                        \
          remember_persistent(*request);                                                        \
          if (modelled()) remember_collective(*request, "MPI_" #name, asked);                   \
        });                                                                                     \
  }
#else
#define PERSISTENT(name, parameters, arguments, asked)
#endif

#define COLLECTIVE(name, non_blocking, parameters, arguments, asked, data) \
  BLOCKING(name, non_blocking, parameters, arguments, asked, data)         \
  NON_BLOCKING(non_blocking, parameters, arguments, asked)                 \
  PERSISTENT(name##_init, parameters, arguments, asked)

// In the lists: s what is sent, r where it is received, n and t count and type of either, d displacements.
// clang-format off
//         call, non-blocking                        parameters, arguments, what is asked for, what a stamp may carry
COLLECTIVE(Barrier, Ibarrier,                        (MPI_Comm comm),
                                                     (comm),
                                                     (ask(Collective::barrier, comm, 0)), Data{})
COLLECTIVE(Bcast, Ibcast,                            (void* s, int n, MPI_Datatype t, int root, MPI_Comm comm),
                                                     (s, n, t, root, comm),
                                                     (ask(Collective::bcast, comm, size_of(n, t), root)), (Data{nullptr, s, n, t}))
COLLECTIVE(Reduce, Ireduce,                          (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm comm),
                                                     (s, r, n, t, op, root, comm),
                                                     (ask(Collective::reduce, comm, size_of(n, t), root)), Data{})
COLLECTIVE(Allreduce, Iallreduce,                    (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm),
                                                     (ask(Collective::allreduce, comm, size_of(n, t))), (Data{s, r, n, t, op}))
COLLECTIVE(Reduce_scatter, Ireduce_scatter,          (const void* s, void* r, const int n[], MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm),
                                                     (ask(Collective::reduce_scatter, comm, n, t)), Data{})
COLLECTIVE(Reduce_scatter_block, Ireduce_scatter_block,(const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm),
                                                     (ask(Collective::reduce_scatter, comm, ranks_of(comm) * size_of(n, t))), Data{})
COLLECTIVE(Scan, Iscan,                              (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm),
                                                     (ask(Collective::scan, comm, size_of(n, t))), Data{})
COLLECTIVE(Exscan, Iexscan,                          (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm),
                                                     (ask(Collective::exscan, comm, size_of(n, t))), Data{})
COLLECTIVE(Gather, Igather,                          (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, root, comm),
                                                     (ask(Collective::gather, comm, is_root(comm, root) ? size_of(nr, tr) : size_of(ns, ts), root)), Data{})
COLLECTIVE(Gatherv, Igatherv,                        (const void* s, int ns, MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, dr, tr, root, comm),
                                                     (ask(Collective::gather, comm, nr, tr, is_root(comm, root) ? 0 : size_of(ns, ts), root)), Data{})
COLLECTIVE(Scatter, Iscatter,                        (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, root, comm),
                                                     (ask(Collective::scatter, comm, is_root(comm, root) ? size_of(ns, ts) : size_of(nr, tr), root)), Data{})
COLLECTIVE(Scatterv, Iscatterv,                      (const void* s, const int ns[], const int ds[], MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ds, ts, r, nr, tr, root, comm),
                                                     (ask(Collective::scatter, comm, ns, ts, is_root(comm, root) ? 0 : size_of(nr, tr), root)), Data{})
COLLECTIVE(Allgather, Iallgather,                    (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, comm),
                                                     (ask(Collective::allgather, comm, size_of(nr, tr))), Data{})
COLLECTIVE(Allgatherv, Iallgatherv,                  (const void* s, int ns, MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, dr, tr, comm),
                                                     (ask(Collective::allgather, comm, nr, tr)), Data{})
COLLECTIVE(Alltoall, Ialltoall,                      (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, comm),
                                                     (ask(Collective::alltoall, comm, size_of(nr, tr))), Data{})
COLLECTIVE(Alltoallv, Ialltoallv,                    (const void* s, const int ns[], const int ds[], MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ds, ts, r, nr, dr, tr, comm),
                                                     (ask_all_to_all(comm, s, ns, ts, nr, tr)), Data{})
COLLECTIVE(Alltoallw, Ialltoallw,                    (const void* s, const int ns[], const int ds[], const MPI_Datatype ts[], void* r, const int nr[], const int dr[], const MPI_Datatype tr[], MPI_Comm comm),
                                                     (s, ns, ds, ts, r, nr, dr, tr, comm),
                                                     (ask_all_to_all(comm, s, ns, ts, nr, tr)), Data{})
// clang-format on
