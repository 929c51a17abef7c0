// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/carried_value.hpp"

namespace haloscope::interconnect {

void CarriedValue::give(Stamp& stamp) const noexcept { stamp.content.carried = bytes_; }

void CarriedValue::take(const Stamp& stamp, int from) {
  alignas(std::max_align_t) Stamp::Carried taken = stamp.content.carried;
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
