// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file halo_messages.hpp
/// The messages of a halo exchange, sent over and over from one buffer into another: a class for each HaloMethod, all
/// with the same bits. One virtual call to post them, one to wait.
#include <mpi.h>

#include <cstddef>
#include <memory>
#include <span>

#include "grid/region.hpp"
#include "haloscope/grid/halo.hpp"

namespace haloscope {

/// What travels in one direction: to the rank on that side, or from the rank on the opposite side.
struct Parcel {
  Direction direction{};
  int tag = 0;  ///< position in the order of directions that all ranks share
  int peer = MPI_PROC_NULL;
  Region region;
  std::size_t offset = 0;  ///< in the buffer, in elements; the fields follow each other there
  int elements = 0;        ///< of all fields
};

class HaloMessages {
 public:
  HaloMessages() = default;
  HaloMessages(const HaloMessages&) = delete;
  HaloMessages& operator=(const HaloMessages&) = delete;
  virtual ~HaloMessages() = default;
  virtual void post() = 0;  ///< the send buffer must not be written, the receive buffer not be read, until wait()
  virtual void wait() = 0;
};

/// Collective over @p comm. Parcels and buffers must outlive the messages, and stay where they are.
template <class T>
[[nodiscard]] std::unique_ptr<HaloMessages> make_halo_messages(HaloMethod method, MPI_Comm comm,
                                                               std::span<const Parcel> sends,
                                                               std::span<const Parcel> receives, const T* send_buffer,
                                                               T* receive_buffer);

}  // namespace haloscope
