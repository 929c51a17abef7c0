// SPDX-License-Identifier: BSD-3-Clause
// Sends, receives and probes. A message is counted where it is sent, when its call returns; nothing goes to
// MPI_PROC_NULL. Ordinary requests need no memory: their waits are point-to-point by default.
#include "border.hpp"

using namespace haloscope::interconnect;

namespace {

void sent(Counters& counters, int to, int count, MPI_Datatype type) {
  if (to == MPI_PROC_NULL) return;
  ++counters.messages;
  counters.bytes += size_of(count, type);
}

void nothing() {}

}  // namespace

#define CALL(name, parameters, arguments, ...)                                                                    \
  HALOSCOPE_MPI MPI_##name parameters {                                                                           \
    return cross(                                                                                                 \
        Kind::point_to_point, [&] { return PMPI_##name arguments; }, [&](Counters& c) { (void)c, __VA_ARGS__; }); \
  }

// Many calls share a list: a blocking send, a send with a request.
#define SEND (const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm)
#define ISEND (const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request)

// clang-format off
//   call      parameters    arguments                                    what it sends
CALL(Send,     SEND,         (data, n, type, to, tag, comm),              sent(c, to, n, type))
CALL(Bsend,    SEND,         (data, n, type, to, tag, comm),              sent(c, to, n, type))
CALL(Ssend,    SEND,         (data, n, type, to, tag, comm),              sent(c, to, n, type))
CALL(Rsend,    SEND,         (data, n, type, to, tag, comm),              sent(c, to, n, type))
CALL(Isend,    ISEND,        (data, n, type, to, tag, comm, request),     sent(c, to, n, type))
CALL(Ibsend,   ISEND,        (data, n, type, to, tag, comm, request),     sent(c, to, n, type))
CALL(Issend,   ISEND,        (data, n, type, to, tag, comm, request),     sent(c, to, n, type))
CALL(Irsend,   ISEND,        (data, n, type, to, tag, comm, request),     sent(c, to, n, type))
CALL(Recv,     (void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status* status),
               (data, n, type, from, tag, comm, status),                  nothing())
CALL(Irecv,    (void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request* request),
               (data, n, type, from, tag, comm, request),                 nothing())
CALL(Mrecv,    (void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Status* status),
               (data, n, type, message, status),                          nothing())
CALL(Imrecv,   (void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Request* request),
               (data, n, type, message, request),                         nothing())
CALL(Probe,    (int from, int tag, MPI_Comm comm, MPI_Status* status),
               (from, tag, comm, status),                                 nothing())
CALL(Iprobe,   (int from, int tag, MPI_Comm comm, int* flag, MPI_Status* status),
               (from, tag, comm, flag, status),                           nothing())
CALL(Mprobe,   (int from, int tag, MPI_Comm comm, MPI_Message* message, MPI_Status* status),
               (from, tag, comm, message, status),                        nothing())
CALL(Improbe,  (int from, int tag, MPI_Comm comm, int* flag, MPI_Message* message, MPI_Status* status),
               (from, tag, comm, flag, message, status),                  nothing())
CALL(Sendrecv, (const void* data, int n, MPI_Datatype type, int to, int tag, void* received, int n_received,
                MPI_Datatype type_received, int from, int tag_received, MPI_Comm comm, MPI_Status* status),
               (data, n, type, to, tag, received, n_received, type_received, from, tag_received, comm, status),
                                                                          sent(c, to, n, type))
CALL(Sendrecv_replace,
               (void* data, int n, MPI_Datatype type, int to, int tag, int from, int tag_received, MPI_Comm comm,
                MPI_Status* status),
               (data, n, type, to, tag, from, tag_received, comm, status), sent(c, to, n, type))
#if HALOSCOPE_MPI_4
CALL(Isendrecv, (const void* data, int n, MPI_Datatype type, int to, int tag, void* received, int n_received,
                MPI_Datatype type_received, int from, int tag_received, MPI_Comm comm, MPI_Request* request),
               (data, n, type, to, tag, received, n_received, type_received, from, tag_received, comm, request),
                                                                          sent(c, to, n, type))
CALL(Isendrecv_replace,
               (void* data, int n, MPI_Datatype type, int to, int tag, int from, int tag_received, MPI_Comm comm,
                MPI_Request* request),
               (data, n, type, to, tag, from, tag_received, comm, request), sent(c, to, n, type))
#endif
// clang-format on
