// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file carried_value.hpp
/// A few bytes that travel inside the stamps of a collective's rounds: small reductions and broadcasts then need no
/// message of MPI's own beside them, which would cost 64 ranks on two cores a second round of taking turns.
#include <mpi.h>

#include <cstddef>
#include <cstdint>

#include "interconnect/engine/stamp.hpp"

namespace haloscope::interconnect {

class CarriedValue {
 public:
  static constexpr std::int64_t capacity = sizeof(Stamp::Carried);  ///< [bytes]

  /// Of a broadcast: what is taken replaces what was there.
  CarriedValue() = default;
  /// Of a reduction by recursive doubling, in the order of Open MPI's own (coll_base_allreduce.c): the lower rank's
  /// value is the operation's first operand, so the result is the same to the bit. @p rank is this one's.
  CarriedValue(int rank, int n, MPI_Datatype type, MPI_Op op) : rank_(rank), n_(n), type_(type), op_(op) {}

  [[nodiscard]] std::byte* data() noexcept { return bytes_.data(); }

  void give(Stamp& stamp) const noexcept;
  void take(const Stamp& stamp, int from);
  /// This rank has given its part away and takes no more part: what it takes next is the result.
  void given() noexcept { given_ = true; }

 private:
  alignas(std::max_align_t) Stamp::Carried bytes_{};
  int rank_ = 0, n_ = 0;
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  MPI_Op op_ = MPI_OP_NULL;
  bool given_ = false;
};

}  // namespace haloscope::interconnect
