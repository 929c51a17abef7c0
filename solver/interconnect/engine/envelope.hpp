// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file envelope.hpp
/// Whom a message goes to or comes from, and how long it is; what a persistent request starts again and again.
#include <mpi.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace haloscope::interconnect {

struct Envelope {
  std::uint64_t context = 0;
  int peer = MPI_PROC_NULL;                         ///< world rank, MPI_ANY_SOURCE or MPI_PROC_NULL
  int tag = 0;                                      ///< or MPI_ANY_TAG
  std::int64_t bytes = 0;                           ///< of a send
  std::shared_ptr<const std::vector<int>> members;  ///< of MPI_ANY_SOURCE: world ranks; outlive the communicator

  [[nodiscard]] bool is_wild() const noexcept { return peer == MPI_ANY_SOURCE || tag == MPI_ANY_TAG; }
};

/// @p peer is a rank of @p comm.
[[nodiscard]] Envelope address(MPI_Comm comm, int peer, int tag, std::int64_t bytes = 0);

}  // namespace haloscope::interconnect
