// SPDX-License-Identifier: BSD-3-Clause
// Persistent sends and receives: made once, often outside every phase, counted at each start.
#include "interconnect/calls/crossing.hpp"
#include "interconnect/engine/point_to_point.hpp"
#include "interconnect/engine/recipe.hpp"

using namespace haloscope::interconnect;

namespace {

void remember_send(int to, int count, MPI_Datatype type, MPI_Request request) {
  if (to == MPI_PROC_NULL) return;
  state.requests.remember(RequestTable::key_of(request),
                          {.persistent = true, .messages = 1, .bytes = size_of(count, type)});
}

/// A start is a collective's when any of the requests is.
Kind kind_of(int n, const MPI_Request* requests) {
  const Lock lock;
  if (state.requests.collectives() == 0) return Kind::point_to_point;
  for (int i = 0; i < n; ++i) {
    const Remembered* what = state.requests.find(RequestTable::key_of(requests[i]));
    if (what != nullptr && what->collective) return Kind::collective;
  }
  return Kind::point_to_point;
}

void started(Counters& counters, int n, const MPI_Request* requests) {
  for (int i = 0; i < n; ++i) {
    const Remembered* what = state.requests.find(RequestTable::key_of(requests[i]));
    if (what == nullptr) continue;
    counters.messages += what->messages;
    counters.bytes += what->bytes;
    counters.collectives += what->reductions;
  }
}

}  // namespace

#define SEND_INIT(name, kind)                                                                               \
  HALOSCOPE_MPI MPI_##name(const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm,      \
                           MPI_Request* request) {                                                          \
    const auto call = [&] { return PMPI_##name(data, n, type, to, tag, comm, request); };                   \
    return cross(                                                                                           \
        Kind::point_to_point, call, [&](Engine&) { return call(); },                                        \
        [&](Counters&) {                                                                                    \
          remember_send(to, n, type, *request);                                                             \
          if (modelled()) model::remember_recipe(*request, kind, address(comm, to, tag, size_of(n, type))); \
        });                                                                                                 \
  }

SEND_INIT(Send_init, SendKind::standard)
SEND_INIT(Bsend_init, SendKind::buffered)
SEND_INIT(Ssend_init, SendKind::synchronous)
SEND_INIT(Rsend_init, SendKind::standard)

HALOSCOPE_MPI MPI_Recv_init(void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm,
                            MPI_Request* request) {
  const auto call = [&] { return PMPI_Recv_init(data, n, type, from, tag, comm, request); };
  return cross(
      Kind::point_to_point, call, [&](Engine&) { return call(); },
      [&](Counters&) {
        if (modelled()) model::remember_recipe(*request, address(comm, from, tag));
      });
}

HALOSCOPE_MPI MPI_Start(MPI_Request* request) {
  return cross(
      kind_of(1, request), [&] { return PMPI_Start(request); },
      [&](Engine& e) { return start_requests(e, 1, request); }, [&](Counters& c) { started(c, 1, request); });
}

HALOSCOPE_MPI MPI_Startall(int n, MPI_Request requests[]) {
  return cross(
      kind_of(n, requests), [&] { return PMPI_Startall(n, requests); },
      [&](Engine& e) { return start_requests(e, n, requests); }, [&](Counters& c) { started(c, n, requests); });
}
