// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/carried_value.hpp"

#include <cstring>

namespace haloscope::interconnect {

static_assert(CarriedValue::capacity == sizeof(Stamp::extra) + sizeof(Stamp::bytes),
              "fields that an eager round leaves");

void CarriedValue::give(Stamp& stamp) const noexcept {
  std::memcpy(&stamp.extra, bytes_.data(), sizeof stamp.extra);
  std::memcpy(&stamp.bytes, bytes_.data() + sizeof stamp.extra, sizeof stamp.bytes);
}

void CarriedValue::take(const Stamp& stamp, int from) {
  alignas(std::max_align_t) std::array<std::byte, capacity> taken;
  std::memcpy(taken.data(), &stamp.extra, sizeof stamp.extra);
  std::memcpy(taken.data() + sizeof stamp.extra, &stamp.bytes, sizeof stamp.bytes);
  if (op_ != MPI_OP_NULL && !given_) {
    if (rank_ > from) {
      PMPI_Reduce_local(taken.data(), bytes_.data(), n_, type_, op_);
      return;
    }
    PMPI_Reduce_local(bytes_.data(), taken.data(), n_, type_, op_);
  }
  bytes_ = taken;
}

}  // namespace haloscope::interconnect
