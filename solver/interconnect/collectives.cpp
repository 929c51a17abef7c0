// SPDX-License-Identifier: BSD-3-Clause
// Collectives: one each call (a persistent one: each start). Their bytes are not counted: what a rank sends depends on
// the algorithm that MPI chooses.
#include "border.hpp"

using namespace haloscope::interconnect;

namespace {

void count_collective(Counters& counters) { ++counters.collectives; }

void remember_in_flight(MPI_Request request) {
  state.requests.remember(RequestTable::key_of(request), {.collective = true});
}

[[maybe_unused]] void remember_persistent(MPI_Request request) {
  state.requests.remember(RequestTable::key_of(request), {.collective = true, .persistent = true, .reductions = 1});
}

}  // namespace

#define BLOCKING(name, parameters, arguments)                                                       \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters) {                                             \
    return cross(                                                                                   \
        Kind::collective, [&] { return PMPI_##name(HALOSCOPE_LIST arguments); }, count_collective); \
  }

#define NON_BLOCKING(name, parameters, arguments)                                         \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters, MPI_Request* request) {             \
    return cross(                                                                         \
        Kind::collective, [&] { return PMPI_##name(HALOSCOPE_LIST arguments, request); }, \
        [&](Counters& counters) {                                                         \
          count_collective(counters);                                                     \
          remember_in_flight(*request);                                                   \
        });                                                                               \
  }

#if HALOSCOPE_MPI_4
#define PERSISTENT(name, parameters, arguments)                                                 \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_LIST parameters, MPI_Info info, MPI_Request* request) {    \
    return cross(                                                                               \
        Kind::collective, [&] { return PMPI_##name(HALOSCOPE_LIST arguments, info, request); }, \
        [&](Counters&) { remember_persistent(*request); });                                     \
  }
#else
#define PERSISTENT(name, parameters, arguments)
#endif

#define COLLECTIVE(name, non_blocking, parameters, arguments) \
  BLOCKING(name, parameters, arguments)                       \
  NON_BLOCKING(non_blocking, parameters, arguments)           \
  PERSISTENT(name##_init, parameters, arguments)

// In the lists: s what is sent, r where it is received, n and t count and type of either, d displacements.
// clang-format off
//         call, non-blocking                        parameters, arguments
COLLECTIVE(Barrier, Ibarrier,                        (MPI_Comm comm),
                                                     (comm))
COLLECTIVE(Bcast, Ibcast,                            (void* s, int n, MPI_Datatype t, int root, MPI_Comm comm),
                                                     (s, n, t, root, comm))
COLLECTIVE(Reduce, Ireduce,                          (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm comm),
                                                     (s, r, n, t, op, root, comm))
COLLECTIVE(Allreduce, Iallreduce,                    (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm))
COLLECTIVE(Reduce_scatter, Ireduce_scatter,          (const void* s, void* r, const int n[], MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm))
COLLECTIVE(Reduce_scatter_block, Ireduce_scatter_block, (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm))
COLLECTIVE(Scan, Iscan,                              (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm))
COLLECTIVE(Exscan, Iexscan,                          (const void* s, void* r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
                                                     (s, r, n, t, op, comm))
COLLECTIVE(Gather, Igather,                          (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, root, comm))
COLLECTIVE(Gatherv, Igatherv,                        (const void* s, int ns, MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, dr, tr, root, comm))
COLLECTIVE(Scatter, Iscatter,                        (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, root, comm))
COLLECTIVE(Scatterv, Iscatterv,                      (const void* s, const int ns[], const int ds[], MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, int root, MPI_Comm comm),
                                                     (s, ns, ds, ts, r, nr, tr, root, comm))
COLLECTIVE(Allgather, Iallgather,                    (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, comm))
COLLECTIVE(Allgatherv, Iallgatherv,                  (const void* s, int ns, MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, dr, tr, comm))
COLLECTIVE(Alltoall, Ialltoall,                      (const void* s, int ns, MPI_Datatype ts, void* r, int nr, MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ts, r, nr, tr, comm))
COLLECTIVE(Alltoallv, Ialltoallv,                    (const void* s, const int ns[], const int ds[], MPI_Datatype ts, void* r, const int nr[], const int dr[], MPI_Datatype tr, MPI_Comm comm),
                                                     (s, ns, ds, ts, r, nr, dr, tr, comm))
COLLECTIVE(Alltoallw, Ialltoallw,                    (const void* s, const int ns[], const int ds[], const MPI_Datatype ts[], void* r, const int nr[], const int dr[], const MPI_Datatype tr[], MPI_Comm comm),
                                                     (s, ns, ds, ts, r, nr, dr, tr, comm))
// clang-format on
