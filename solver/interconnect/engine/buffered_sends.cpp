// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/buffered_sends.hpp"

#include <utility>

namespace haloscope::interconnect {

namespace {

int query(void*, MPI_Status* status) {
  PMPI_Status_set_elements(status, MPI_BYTE, 0);
  PMPI_Status_set_cancelled(status, 0);
  status->MPI_SOURCE = MPI_UNDEFINED;
  status->MPI_TAG = MPI_UNDEFINED;
  return MPI_SUCCESS;
}
int nothing_to_free(void*) { return MPI_SUCCESS; }
int nothing_to_cancel(void*, int) { return MPI_SUCCESS; }

}  // namespace

bool BufferedSends::all_sent() {
  copies_.remove_if([](Copy& copy) {
    int sent = 0;
    PMPI_Test(&copy.request, &sent, MPI_STATUS_IGNORE);
    return sent != 0;
  });
  return copies_.empty();
}

int BufferedSends::post(const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                        MPI_Request* request) {
  if (to == MPI_PROC_NULL) return PMPI_Isend(data, n, type, to, tag, comm, request);
  (void)all_sent();
  int size = 0, packed = 0;
  int code = PMPI_Pack_size(n, type, comm, &size);
  if (code != MPI_SUCCESS) return code;
  Copy copy;
  copy.data.resize(static_cast<std::size_t>(size));
  code = PMPI_Pack(data, n, type, copy.data.data(), size, &packed, comm);
  if (code == MPI_SUCCESS) code = PMPI_Isend(copy.data.data(), packed, MPI_PACKED, to, tag, comm, &copy.request);
  if (code != MPI_SUCCESS) return code;
  copies_.push_back(std::move(copy));  // the data stay where they are
  code = PMPI_Grequest_start(query, nothing_to_free, nothing_to_cancel, nullptr, request);
  return code == MPI_SUCCESS ? PMPI_Grequest_complete(*request) : code;
}

void BufferedSends::finish(Engine& engine) {
  engine.wait([&] { return until(all_sent(), Waiting::for_payload); });
}

int BufferedSends::detach(Engine& engine, void* address, int* size) {
  finish(engine);
  engine.clock().wait_until({empty_at_, 0});
  return PMPI_Buffer_detach(address, size);
}

int post_buffered(const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request) {
  return modelled_engine()->buffered_sends().post(data, n, type, to, tag, comm, request);
}

}  // namespace haloscope::interconnect
