// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file neighbors.hpp
/// From the arguments of a neighbour collective to the messages that this rank takes part in: one for each edge of the
/// communicator's topology that carries a byte and leads to another rank, all at once.
///
/// Several edges from one rank to another are told apart as MPI pairs them: on a Cartesian grid what is sent down comes
/// from above; on a graph the k-th edge to a rank is that rank's k-th from there (MPI standard, section 7.6).
#include <mpi.h>

#include <cstdint>

#include "interconnect/engine/collective_schedule.hpp"

namespace haloscope::interconnect {

/// The counts and types of one side of a call: the same for all edges, a count for each, or a count and a type.
class EdgeBytes {
 public:
  EdgeBytes(int n, MPI_Datatype type) : n_(n), type_(type) {}
  EdgeBytes(const int n[], MPI_Datatype type) : counts_(n), type_(type) {}
  EdgeBytes(const int n[], const MPI_Datatype types[]) : counts_(n), types_(types) {}
  [[nodiscard]] std::int64_t operator[](std::size_t edge) const noexcept;

 private:
  int n_ = 0;
  const int* counts_ = nullptr;
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  const MPI_Datatype* types_ = nullptr;
};

[[nodiscard]] Asked ask_neighbors(MPI_Comm comm, const EdgeBytes& sent, const EdgeBytes& received);

}  // namespace haloscope::interconnect
