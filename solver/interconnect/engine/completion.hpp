// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file completion.hpp
/// Waits and tests in modelled time.
///
/// A request is complete when its payload is and the model knows when; the clock then goes on to the latest of those
/// times, in the order of their arrival, o for each receive. Where a call may choose (Waitany, Waitsome, Test*), what
/// is known to have arrived first is taken first; what had no answer yet when the choice was made counts as inexact.
#include <mpi.h>

#include <memory>
#include <vector>

#include "interconnect/account/request_table.hpp"
#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

/// Remembers @p operation (perhaps null) under @p request until it is complete.
void remember_operation(MPI_Request request, std::unique_ptr<Operation> operation, bool collective = false);

/// Moves the clock on to where a known @p operation is complete.
void go_on_after(Engine& engine, Operation& operation);

/// Waits for @p operation (perhaps null) and for the payload, which @p payload_done tests; then moves the clock.
template <class PayloadDone>
void complete(Engine& engine, Operation* operation, PayloadDone payload_done) {
  bool there = false;
  engine.wait([&] {
    if (!there) there = payload_done();
    const bool known = operation == nullptr || operation->progress();
    return until(known && there, known ? Waiting::for_payload_only : Waiting::for_stamp);
  });
  if (operation != nullptr) go_on_after(engine, *operation);
}

/// Fails with the code of its one request; wait_all with MPI_ERR_IN_STATUS. Likewise the tests.
int wait_one(Engine& engine, MPI_Request* request, MPI_Status* status);
int wait_all(Engine& engine, int n, MPI_Request requests[], MPI_Status statuses[]);
int wait_any(Engine& engine, int n, MPI_Request requests[], int* index, MPI_Status* status);
int wait_some(Engine& engine, int n, MPI_Request requests[], int* n_done, int done[], MPI_Status statuses[]);
int test_one(Engine& engine, MPI_Request* request, int* flag, MPI_Status* status);
int test_all(Engine& engine, int n, MPI_Request requests[], int* flag, MPI_Status statuses[]);
int test_any(Engine& engine, int n, MPI_Request requests[], int* index, int* flag, MPI_Status* status);
int test_some(Engine& engine, int n, MPI_Request requests[], int* n_done, int done[], MPI_Status statuses[]);
int get_status(Engine& engine, MPI_Request request, int* flag, MPI_Status* status);

/// Only receives can be taken back; a send that waits for its receiver is refused.
int cancel(Engine& engine, MPI_Request* request);
/// Of a request that MPI completed while the model paused.
void forget_operation(MPI_Request request);

/// Requests that the program has freed while they were under way: they go on to their end unseen. MPI's request lives
/// on until then: a receive from any source finds out by it who sent.
class FreedRequests {
 public:
  int free(MPI_Request* request);  ///< as MPI_Request_free
  void release_complete();         ///< gives MPI those that have come to their end

 private:
  struct Freed {
    MPI_Request request;
    std::unique_ptr<Modelled> operation;
  };
  std::vector<Freed> all_;
};

/// An unsuccessful test costs so much, else a loop of tests would stand still on an announced clock. [ps]
inline constexpr Time poll_cost = 100'000;

}  // namespace haloscope::interconnect
