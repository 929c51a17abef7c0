// SPDX-License-Identifier: BSD-3-Clause
// Waits and tests. Their time is a collective's when any of their requests is one, else point-to-point.
#include <algorithm>
#include <array>
#include <vector>

#include "interconnect/calls/crossing.hpp"
#include "interconnect/engine/completion.hpp"

using namespace haloscope::interconnect;

namespace {

/// The collectives among the requests of one call. A completed request that was not persistent gets another handle
/// (MPI_REQUEST_NULL), even when the call failed for its neighbours; that is when it is forgotten.
class Collectives {
 public:
  Collectives(int n, const MPI_Request* requests) : requests_(requests) {
    const Lock lock;
    if (state.requests.collectives() == 0 || requests == nullptr) return;
    for (int i = 0; i < n; ++i) {
      const Remembered* what = state.requests.find(RequestTable::key_of(requests[i]));
      if (what != nullptr && what->collective) add({i, requests[i]});
    }
  }

  [[nodiscard]] Kind kind() const noexcept { return n_few_ == 0 ? Kind::point_to_point : Kind::collective; }

  void forget_completed() {
    if (n_few_ == 0) return;
    const Lock lock;
    const auto forget = [this](const Found& found) {
      if (requests_[found.index] != found.request) state.requests.forget(RequestTable::key_of(found.request));
    };
    std::for_each_n(few_.begin(), n_few_, forget);
    std::for_each(many_.begin(), many_.end(), forget);
  }

 private:
  struct Found {
    int index;
    MPI_Request request;
  };
  void add(Found found) {
    if (n_few_ < few_.size())
      few_[n_few_++] = found;
    else
      many_.push_back(found);
  }

  const MPI_Request* requests_;
  std::array<Found, 8> few_;  // enough for any solver; more go to the heap
  std::size_t n_few_ = 0;
  std::vector<Found> many_;
};

template <class Call, class Model>
int complete(int n, const MPI_Request* requests, Call call, Model model) {
  Collectives collectives(n, requests);
  const bool paused = modelled() && engine() == nullptr && requests != nullptr;
  const std::vector<MPI_Request> before(requests, requests + (paused ? n : 0));
  const int code = cross(collectives.kind(), call, model, count_nothing);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i] != requests[i]) forget_operation(before[i]);
  collectives.forget_completed();
  return code;
}

}  // namespace

#define CALL(name, parameters, n, requests, arguments, ...)                                          \
  HALOSCOPE_MPI MPI_##name parameters {                                                              \
    return complete(                                                                                 \
        n, requests, [&] { return PMPI_##name arguments; }, [&](Engine& e) { return __VA_ARGS__; }); \
  }

// clang-format off
//   call      parameters                                                                requests  arguments, in modelled time
CALL(Wait,     (MPI_Request* r, MPI_Status* status),                                      1, r,    (r, status),
                                                                                                   wait_one(e, r, status))
CALL(Test,     (MPI_Request* r, int* flag, MPI_Status* status),                           1, r,    (r, flag, status),
                                                                                                   test_one(e, r, flag, status))
CALL(Waitall,  (int n, MPI_Request r[], MPI_Status s[]),                                  n, r,    (n, r, s),
                                                                                                   wait_all(e, n, r, s))
CALL(Testall,  (int n, MPI_Request r[], int* flag, MPI_Status s[]),                       n, r,    (n, r, flag, s),
                                                                                                   test_all(e, n, r, flag, s))
CALL(Waitany,  (int n, MPI_Request r[], int* index, MPI_Status* status),                  n, r,    (n, r, index, status),
                                                                                                   wait_any(e, n, r, index, status))
CALL(Testany,  (int n, MPI_Request r[], int* index, int* flag, MPI_Status* status),       n, r,    (n, r, index, flag, status),
                                                                                                   test_any(e, n, r, index, flag, status))
CALL(Waitsome, (int n, MPI_Request r[], int* n_done, int done[], MPI_Status s[]),         n, r,    (n, r, n_done, done, s),
                                                                                                   wait_some(e, n, r, n_done, done, s))
CALL(Testsome, (int n, MPI_Request r[], int* n_done, int done[], MPI_Status s[]),         n, r,    (n, r, n_done, done, s),
                                                                                                   test_some(e, n, r, n_done, done, s))
CALL(Request_get_status, (MPI_Request r, int* flag, MPI_Status* status),                  1, &r,   (r, flag, status),
                                                                                                   get_status(e, r, flag, status))
// clang-format on

HALOSCOPE_MPI MPI_Cancel(MPI_Request* request) {
  return cross(
      Kind::point_to_point, [&] { return PMPI_Cancel(request); }, [&](Engine& e) { return cancel(e, request); },
      count_nothing);
}

/// Forgets persistent requests too; an ordinary one that is still active finishes unseen.
HALOSCOPE_MPI MPI_Request_free(MPI_Request* request) {
  const MPI_Request freed = *request;
  const auto call = [&] {
    return modelled() ? modelled_engine()->freed_requests().free(request) : PMPI_Request_free(request);
  };
  return cross(
      Kind::point_to_point, call, [&](Engine& here) { return here.freed_requests().free(request); },
      [&](Counters&) { state.requests.forget(RequestTable::key_of(freed)); });
}
