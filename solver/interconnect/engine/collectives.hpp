// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file collectives.hpp
/// The calls of collectives.cpp and neighborhood.cpp in modelled time: the rounds of stamps say when, MPI moves the
/// data.
///
/// The results are MPI's own. A blocking reduction goes through MPI's blocking call, whose order of operations is the
/// one of a run without this library; a rank makes that call when all ranks are known to have come, so that it never
/// waits inside MPI for a rank that waits for its answer. In real time Reduce, Scan and Exscan do not wait for all:
/// they go through MPI's non-blocking forms, which at more than two ranks may add in another order. Sums of up to 16
/// bytes travel inside the stamps, in the order of Open MPI's recursive doubling.
#include <mpi.h>

#include "interconnect/engine/collective_schedule.hpp"
#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

/// The data that a stamp may carry, of broadcasts and reductions.
struct Data {
  const void* s = nullptr;
  void* r = nullptr;
  int n = 0;
  MPI_Datatype type = MPI_DATATYPE_NULL;
  MPI_Op op = MPI_OP_NULL;
};

/// How the data of a blocking call travel.
enum class Payload {
  alone,    ///< nothing to model: one rank, or arguments that MPI will refuse
  carried,  ///< inside the stamps, or there are none
  after,    ///< by MPI's blocking call when all ranks have come
  beside,   ///< by MPI's non-blocking call
};

struct Plan {
  Schedule schedule;
  std::uint64_t context = 0;
  CollectiveOperation::Price price{};
  Payload payload{};
  bool meet = false;  ///< the rounds do not say that all have come
};

/// Refuses intercommunicators by @p name.
[[nodiscard]] Plan plan_of(Engine& engine, const char* name, const Asked& asked, const Data& data);

/// Waits until the rounds are over, and where the plan says so for all ranks.
void finish_rounds(Engine& engine, const Plan& plan, const Asked& asked);
void finish_carried(Engine& engine, const Plan& plan, const Asked& asked, const Data& data);
/// Waits for rounds and data.
int finish_beside(Engine& engine, const Plan& plan, MPI_Request request);
/// A non-blocking collective whose data are on their way behind @p request.
void leave_in_flight(Engine& engine, const Plan& plan, MPI_Request request, bool collective);

template <class Call, class Begin>
int run_collective(Engine& engine, const char* name, const Asked& asked, const Data& data, Call call, Begin begin) {
  const Plan plan = plan_of(engine, name, asked, data);
  switch (plan.payload) {
    case Payload::alone:
      break;
    case Payload::carried:
      finish_carried(engine, plan, asked, data);
      return MPI_SUCCESS;
    case Payload::after:
      finish_rounds(engine, plan, asked);
      break;
    case Payload::beside:
      MPI_Request request = MPI_REQUEST_NULL;
      const int code = begin(&request);
      return code == MPI_SUCCESS ? finish_beside(engine, plan, request) : code;
  }
  return call();
}

/// @p collective: the request's time is a collective's.
template <class Begin>
int begin_collective(Engine& engine, const char* name, const Asked& asked, bool collective, MPI_Request* request,
                     Begin begin) {
  const Plan plan = plan_of(engine, name, asked, {});
  const int code = begin(request);
  if (code == MPI_SUCCESS) leave_in_flight(engine, plan, *request, collective);
  return code;
}

/// A persistent collective that @p request was made for: each of its starts is one. MPI wants all ranks to make them in
/// one order, but not to start them in one.
void remember_collective(MPI_Request request, const char* name, const Asked& asked);

}  // namespace haloscope::interconnect
