// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file buffered_sends.hpp
/// Buffered sends in modelled time. MPI_Buffer_detach waits inside MPI until the buffer is empty, and a rank that waits
/// there answers nobody; so messages go from copies of the library's own, which it can wait for itself.
///
/// The buffer that the program attaches is used by started MPI_Bsend_init requests only, and whether it is large enough
/// is not checked for the others. Messages travel as MPI_PACKED: between machines of one kind.
#include <mpi.h>

#include <list>
#include <vector>

#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

class BufferedSends {
 public:
  /// As PMPI_Ibsend; @p request is complete at once.
  int post(const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request);
  /// One of them leaves the sender's interface @p at.
  void leave_at(Time at) noexcept { empty_at_ = at > empty_at_ ? at : empty_at_; }
  /// Waits until MPI has all of them; answers other ranks meanwhile.
  void finish(Engine& engine);
  /// Returns when every message has left the sender's interface.
  int detach(Engine& engine, void* address, int* size);

 private:
  struct Copy {
    std::vector<char> data;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  bool all_sent();

  std::list<Copy> copies_;  ///< that MPI has not sent yet
  Time empty_at_ = 0;       ///< when the last buffered message has left
};

/// The same of the engine's own, as a call to post.
int post_buffered(const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request);

}  // namespace haloscope::interconnect
