// SPDX-License-Identifier: BSD-3-Clause
// Sends, receives and probes. A message is counted where it is sent, when its call returns; nothing goes to
// MPI_PROC_NULL. Ordinary requests need no memory: their waits are point-to-point by default.
#include "interconnect/engine/point_to_point.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/calls/crossing.hpp"
#include "interconnect/engine/buffered_sends.hpp"

using namespace haloscope::interconnect;

namespace {

void sent(Counters& counters, int to, int count, MPI_Datatype type) {
  if (to == MPI_PROC_NULL) return;
  ++counters.messages;
  counters.bytes += size_of(count, type);
}

void nothing() {}

}  // namespace

#define CALL(name, parameters, arguments, counted, ...)                                                      \
  HALOSCOPE_MPI MPI_##name parameters {                                                                      \
    return cross(                                                                                            \
        Kind::point_to_point, [&] { return PMPI_##name arguments; }, [&](Engine& e) { return __VA_ARGS__; }, \
        [&](Counters& c) { (void)c, counted; });                                                             \
  }

// Many calls share a list: a blocking send, a send with a request.
#define SEND (const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm)
#define ISEND (const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request)
#define SEND_ARGUMENTS (data, n, type, to, tag, comm)
#define ISEND_ARGUMENTS (data, n, type, to, tag, comm, request)
#define MODEL_SEND(kind, post) model::send(e, kind, post, data, n, type, to, tag, comm)
#define MODEL_ISEND(kind, post) model::isend(e, kind, post, data, n, type, to, tag, comm, request)

// clang-format off
//   call      parameters    arguments         what it counts         in modelled time
CALL(Send,     SEND,         SEND_ARGUMENTS,   sent(c, to, n, type),  MODEL_SEND(SendKind::standard, PMPI_Isend))
CALL(Bsend,    SEND,         SEND_ARGUMENTS,   sent(c, to, n, type),  MODEL_SEND(SendKind::buffered, post_buffered))
CALL(Ssend,    SEND,         SEND_ARGUMENTS,   sent(c, to, n, type),  MODEL_SEND(SendKind::synchronous, PMPI_Issend))
CALL(Rsend,    SEND,         SEND_ARGUMENTS,   sent(c, to, n, type),  MODEL_SEND(SendKind::standard, PMPI_Irsend))
CALL(Isend,    ISEND,        ISEND_ARGUMENTS,  sent(c, to, n, type),  MODEL_ISEND(SendKind::standard, PMPI_Isend))
CALL(Ibsend,   ISEND,        ISEND_ARGUMENTS,  sent(c, to, n, type),  MODEL_ISEND(SendKind::buffered, post_buffered))
CALL(Issend,   ISEND,        ISEND_ARGUMENTS,  sent(c, to, n, type),  MODEL_ISEND(SendKind::synchronous, PMPI_Issend))
CALL(Irsend,   ISEND,        ISEND_ARGUMENTS,  sent(c, to, n, type),  MODEL_ISEND(SendKind::standard, PMPI_Irsend))
CALL(Recv,     (void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status* status),
               (data, n, type, from, tag, comm, status),
               nothing(),  model::receive(e, data, n, type, from, tag, comm, status))
CALL(Irecv,    (void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request* request),
               (data, n, type, from, tag, comm, request),
               nothing(),  model::ireceive(e, data, n, type, from, tag, comm, request))
CALL(Mrecv,    (void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Status* status),
               (data, n, type, message, status),
               nothing(),  model::receive_matched(e, data, n, type, message, status))
CALL(Imrecv,   (void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Request* request),
               (data, n, type, message, request),
               nothing(),  model::ireceive_matched(e, data, n, type, message, request))
CALL(Probe,    (int from, int tag, MPI_Comm comm, MPI_Status* status),
               (from, tag, comm, status),
               nothing(),  model::probe(e, from, tag, comm, status))
CALL(Iprobe,   (int from, int tag, MPI_Comm comm, int* flag, MPI_Status* status),
               (from, tag, comm, flag, status),
               nothing(),  model::iprobe(e, from, tag, comm, flag, status))
CALL(Mprobe,   (int from, int tag, MPI_Comm comm, MPI_Message* message, MPI_Status* status),
               (from, tag, comm, message, status),
               nothing(),  model::matched_probe(e, from, tag, comm, message, status))
CALL(Improbe,  (int from, int tag, MPI_Comm comm, int* flag, MPI_Message* message, MPI_Status* status),
               (from, tag, comm, flag, message, status),
               nothing(),  model::imatched_probe(e, from, tag, comm, flag, message, status))
CALL(Sendrecv, (const void* data, int n, MPI_Datatype type, int to, int tag, void* received, int n_received,
                MPI_Datatype type_received, int from, int tag_received, MPI_Comm comm, MPI_Status* status),
               (data, n, type, to, tag, received, n_received, type_received, from, tag_received, comm, status),
               sent(c, to, n, type),
               model::send_receive(e, data, n, type, to, tag, received, n_received, type_received, from, tag_received, comm, status))
CALL(Sendrecv_replace,
               (void* data, int n, MPI_Datatype type, int to, int tag, int from, int tag_received, MPI_Comm comm,
                MPI_Status* status),
               (data, n, type, to, tag, from, tag_received, comm, status),
               sent(c, to, n, type),  model::send_receive_replace(e, data, n, type, to, tag, from, tag_received, comm, status))
CALL(Buffer_detach, (void* address, int* size), (address, size),
               nothing(),  e.buffered_sends().detach(e, address, size))
#if HALOSCOPE_MPI_4
CALL(Isendrecv, (const void* data, int n, MPI_Datatype type, int to, int tag, void* received, int n_received,
                MPI_Datatype type_received, int from, int tag_received, MPI_Comm comm, MPI_Request* request),
               (data, n, type, to, tag, received, n_received, type_received, from, tag_received, comm, request),
               sent(c, to, n, type),  (refuse("MPI_Isendrecv", "not modelled; MPI_Isend and MPI_Irecv are"), MPI_ERR_OTHER))
CALL(Isendrecv_replace,
               (void* data, int n, MPI_Datatype type, int to, int tag, int from, int tag_received, MPI_Comm comm,
                MPI_Request* request),
               (data, n, type, to, tag, from, tag_received, comm, request),
               sent(c, to, n, type),  (refuse("MPI_Isendrecv_replace", "not modelled; MPI_Isend and MPI_Irecv are"), MPI_ERR_OTHER))
#endif
// clang-format on
