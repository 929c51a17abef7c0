// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/point_to_point.hpp"

#include <vector>

#include "interconnect/account/counters.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/communicators.hpp"
#include "interconnect/engine/completion.hpp"
#include "interconnect/engine/recipe.hpp"

namespace haloscope::interconnect {

namespace model {

namespace {

auto payload_of(MPI_Request& request, MPI_Status* status) {
  return [&request, status] {
    int done = 0;
    PMPI_Test(&request, &done, status);
    return done != 0;
  };
}

bool is_wild(int from, int tag) noexcept { return from == MPI_ANY_SOURCE || tag == MPI_ANY_TAG; }

int local_rank(MPI_Comm comm, int world) {
  const std::vector<int>& members = info_of(comm).world;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (members[i] == world) return static_cast<int>(i);
  return MPI_PROC_NULL;
}

/// Which message a probe or a blocking wildcard receive is about: the one that arrived first in modelled time, of those
/// whose payload is there too. False when none is.
bool choose(Engine& engine, MPI_Comm comm, int& from, int& tag, Moment& arrival) {
  Envelope wanted = address(comm, from, tag);
  engine.drain();
  if (!engine.matching().peek(wanted, arrival)) return false;
  const int source = local_rank(comm, wanted.peer);
  int there = 0;
  PMPI_Iprobe(source, wanted.tag, comm, &there, MPI_STATUS_IGNORE);
  // If it is there, an older wildcard that might have got it has another one, which will tell.
  if (there == 0 || engine.matching().is_held_by_wildcard(wanted)) return false;
  from = source;
  tag = wanted.tag;
  return true;
}

/// Waits until there is such a message. From any source, one that was sent later and arrives earlier goes first, where
/// its sender can be seen.
void wait_for(Engine& engine, MPI_Comm comm, int& from, int& tag, Moment& arrival) {
  const int wanted_from = from, wanted_tag = tag;
  engine.wait([&] { return until(choose(engine, comm, from, tag, arrival)); });
  if (wanted_from != MPI_ANY_SOURCE) return;
  engine.let_come([&] {
    int other_from = wanted_from, other_tag = wanted_tag;
    Moment other;
    if (choose(engine, comm, other_from, other_tag, other) && other.time < arrival.time) {
      from = other_from;
      tag = other_tag;
      arrival = other;
    }
    return arrival.time;
  });
}

/// A sender that has not spoken yet may have sent earlier: with any source, real order has a say.
void count_any_source(const Engine& engine, int from, const char* call) {
  if (from == MPI_ANY_SOURCE && engine.virtual_time()) count_inexact(call);
}

}  // namespace

int send(Engine& engine, SendKind kind, Post post, const void* data, int n, MPI_Datatype type, int to, int tag,
         MPI_Comm comm) {
  MPI_Request request = MPI_REQUEST_NULL;
  const int code = post(data, n, type, to, tag, comm, &request);
  if (code != MPI_SUCCESS) return code;
  const auto operation = engine.matching().send(kind, address(comm, to, tag, size_of(n, type)));
  complete(engine, operation.get(), payload_of(request, MPI_STATUS_IGNORE));
  return MPI_SUCCESS;
}

int isend(Engine& engine, SendKind kind, Post post, const void* data, int n, MPI_Datatype type, int to, int tag,
          MPI_Comm comm, MPI_Request* request) {
  const int code = post(data, n, type, to, tag, comm, request);
  if (code != MPI_SUCCESS) return code;
  remember_operation(*request, engine.matching().send(kind, address(comm, to, tag, size_of(n, type))));
  return MPI_SUCCESS;
}

int receive(Engine& engine, void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm,
            MPI_Status* status) {
  if (is_wild(from, tag)) {
    count_any_source(engine, from, "MPI_Recv of MPI_ANY_SOURCE");
    Moment arrival;
    wait_for(engine, comm, from, tag, arrival);
  }
  MPI_Request request = MPI_REQUEST_NULL;
  int code = PMPI_Irecv(data, n, type, from, tag, comm, &request);
  if (code != MPI_SUCCESS) return code;
  const auto operation = engine.matching().receive(address(comm, from, tag), request);
  complete(engine, operation.get(), [&] {
    int done = 0;
    code = PMPI_Test(&request, &done, status);
    return done != 0 || code != MPI_SUCCESS;
  });
  return code;
}

int ireceive(Engine& engine, void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm,
             MPI_Request* request) {
  count_any_source(engine, from, "MPI_Irecv of MPI_ANY_SOURCE");
  const int code = PMPI_Irecv(data, n, type, from, tag, comm, request);
  if (code != MPI_SUCCESS) return code;
  remember_operation(*request, engine.matching().receive(address(comm, from, tag), *request));
  return MPI_SUCCESS;
}

int receive_matched(Engine& engine, void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Status* status) {
  MPI_Request request = MPI_REQUEST_NULL;
  const int code = ireceive_matched(engine, data, n, type, message, &request);
  return code != MPI_SUCCESS ? code : wait_one(engine, &request, status);
}

int ireceive_matched(Engine& engine, void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Request* request) {
  const MPI_Message claimed = *message;  // PMPI sets it to MPI_MESSAGE_NULL
  const int code = PMPI_Imrecv(data, n, type, message, request);
  if (code == MPI_SUCCESS) remember_operation(*request, engine.matching().receive_claimed(claimed));
  return code;
}

int probe(Engine& engine, int from, int tag, MPI_Comm comm, MPI_Status* status) {
  if (from == MPI_PROC_NULL) return PMPI_Probe(from, tag, comm, status);
  count_any_source(engine, from, "MPI_Probe of MPI_ANY_SOURCE");
  Moment arrival;
  wait_for(engine, comm, from, tag, arrival);
  engine.clock().wait_until(arrival);
  return PMPI_Probe(from, tag, comm, status);  // it is there
}

int iprobe(Engine& engine, int from, int tag, MPI_Comm comm, int* flag, MPI_Status* status) {
  if (from == MPI_PROC_NULL) return PMPI_Iprobe(from, tag, comm, flag, status);
  if (engine.virtual_time()) count_inexact("MPI_Iprobe");
  Moment arrival;
  bool there = choose(engine, comm, from, tag, arrival);
  if (!there && engine.virtual_time()) {
    engine.channel().sleep(Engine::nap_us);
    there = choose(engine, comm, from, tag, arrival);
  }
  if (there && arrival.time <= engine.clock().now().time) return PMPI_Iprobe(from, tag, comm, flag, status);
  engine.clock().spend(poll_cost);
  *flag = 0;
  return MPI_SUCCESS;
}

int matched_probe(Engine& engine, int from, int tag, MPI_Comm comm, MPI_Message* message, MPI_Status* status) {
  if (from == MPI_PROC_NULL) return PMPI_Mprobe(from, tag, comm, message, status);
  count_any_source(engine, from, "MPI_Mprobe of MPI_ANY_SOURCE");
  Moment arrival;
  wait_for(engine, comm, from, tag, arrival);
  engine.clock().wait_until(arrival);
  const int code = PMPI_Mprobe(from, tag, comm, message, status);
  if (code == MPI_SUCCESS) engine.matching().claim(*message, address(comm, from, tag));
  return code;
}

int imatched_probe(Engine& engine, int from, int tag, MPI_Comm comm, int* flag, MPI_Message* message,
                   MPI_Status* status) {
  const int code = iprobe(engine, from, tag, comm, flag, MPI_STATUS_IGNORE);
  if (code != MPI_SUCCESS || *flag == 0) return code;
  if (from == MPI_PROC_NULL) return PMPI_Improbe(from, tag, comm, flag, message, status);
  return matched_probe(engine, from, tag, comm, message, status);
}

int send_receive(Engine& engine, const void* data, int n, MPI_Datatype type, int to, int tag, void* received,
                 int n_received, MPI_Datatype type_received, int from, int tag_received, MPI_Comm comm,
                 MPI_Status* status) {
  MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  int code = ireceive(engine, received, n_received, type_received, from, tag_received, comm, &requests[0]);
  if (code != MPI_SUCCESS) return code;
  code = isend(engine, SendKind::standard, PMPI_Isend, data, n, type, to, tag, comm, &requests[1]);
  if (code != MPI_SUCCESS) return code;
  MPI_Status statuses[2];
  code = wait_all(engine, 2, requests, statuses);
  if (status != MPI_STATUS_IGNORE) *status = statuses[0];
  return code == MPI_ERR_IN_STATUS ? statuses[0].MPI_ERROR : code;
}

int send_receive_replace(Engine& engine, void* data, int n, MPI_Datatype type, int to, int tag, int from,
                         int tag_received, MPI_Comm comm, MPI_Status* status) {
  int size = 0, packed = 0;
  PMPI_Pack_size(n, type, comm, &size);
  std::vector<char> copy(static_cast<std::size_t>(size));
  const int code = PMPI_Pack(data, n, type, copy.data(), size, &packed, comm);
  if (code != MPI_SUCCESS) return code;
  return send_receive(engine, copy.data(), packed, MPI_PACKED, to, tag, data, n, type, from, tag_received, comm,
                      status);
}

void remember_recipe(MPI_Request request, SendKind kind, const Envelope& to) {
  if (to.peer == MPI_PROC_NULL) {  // an older request of this handle may have been something else
    state.requests.remember(RequestTable::key_of(request), {.persistent = true});
    return;
  }
  interconnect::remember_recipe(request,
                                [kind, to](Engine& engine, MPI_Request) { return engine.matching().send(kind, to); });
}

void remember_recipe(MPI_Request request, const Envelope& from) {
  interconnect::remember_recipe(request, [from](Engine& engine, MPI_Request started) {
    count_any_source(engine, from.peer, "MPI_Start of MPI_ANY_SOURCE");
    return engine.matching().receive(from, started);
  });
}

}  // namespace model

}  // namespace haloscope::interconnect
