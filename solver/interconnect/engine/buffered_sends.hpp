// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file buffered_sends.hpp
/// Buffered sends in modelled time. MPI_Buffer_detach waits inside MPI until the buffer is empty, and a rank that waits
/// there answers nobody; so messages go from copies of the library's own, which it can wait for itself.
///
/// The buffer that the program attaches is used by started MPI_Bsend_init requests only, and whether it is large enough
/// is not checked for the others. Messages travel as MPI_PACKED: between machines of one kind.
#include <mpi.h>

#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

/// As PMPI_Ibsend; @p request is complete at once.
int post_buffered(const void* data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request);

/// Waits until MPI has all of them; answers other ranks meanwhile.
void finish_buffered(Engine& engine);

/// Returns when every message has left the sender's interface.
int detach_buffer(Engine& engine, void* address, int* size);

}  // namespace haloscope::interconnect
