// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file halo_method.hpp
/// How the messages of a halo exchange are sent: a setting of a case, known without MPI.
#include <string_view>

namespace haloscope {

enum class HaloMethod {
  point_to_point,       ///< Irecv, Isend, Waitall
  persistent,           ///< Recv_init and Send_init once, then Startall, Waitall
  neighbor_collective,  ///< Ineighbor_alltoallv on a distributed graph
  mock,                 ///< pack and unpack only, to isolate packing. Ghosts are zero: the physics is meaningless.
};
[[nodiscard]] std::string_view name(HaloMethod method) noexcept;

}  // namespace haloscope
