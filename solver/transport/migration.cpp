// SPDX-License-Identifier: BSD-3-Clause
#include "transport/migration.hpp"

#include <algorithm>
#include <limits>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// Bytes of one message at most, so that they can be counted in an int.
constexpr std::size_t largest_message = std::size_t{1} << 30;

}  // namespace

Migration::Migration(const Decomposition& decomposition, std::int64_t room, PhaseClock& clock)
    : decomposition_(decomposition),
      clock_(clock),
      room_(std::min(static_cast<std::size_t>(room), largest_message / sizeof(Particle))) {
  neighbour_.fill(MPI_PROC_NULL);
  for (std::size_t s = 0; s < n_sides; ++s) {
    const int there = decomposition.neighbour(direction_of(static_cast<Side>(s)));
    if (there == MPI_PROC_NULL || there == decomposition.rank()) continue;
    neighbour_[s] = there;
    in_[s] = std::make_unique_for_overwrite<Particle[]>(room_);  // memory that no particle reaches is never touched
  }
}

void Migration::exchange(Outgoing& outgoing) {
  std::array<MPI_Request, 2 * n_sides> requests;
  requests.fill(MPI_REQUEST_NULL);
  std::array<MPI_Status, 2 * n_sides> statuses{};
  std::array<std::size_t, n_sides> leaves{};
  const MPI_Comm comm = decomposition_.comm();
  {
    ScopedPhase phase(clock_, Phase::migrate);
    // A message carries the side that it left by; it comes in by the opposite one.
    for (std::size_t s = 0; s < n_sides; ++s)
      if (neighbour_[s] != MPI_PROC_NULL)
        check_mpi(MPI_Irecv(in_[s].get(), static_cast<int>(room_ * sizeof(Particle)), MPI_BYTE, neighbour_[s],
                            static_cast<int>(s ^ 1), comm, &requests[s]));
    for (std::size_t s = 0; s < n_sides; ++s) {
      if (neighbour_[s] == MPI_PROC_NULL) continue;
      leaves[s] = std::min(outgoing[s].size(), room_);
      const Particle* const first = outgoing[s].data() + (outgoing[s].size() - leaves[s]);
      check_mpi(MPI_Isend(first, static_cast<int>(leaves[s] * sizeof(Particle)), MPI_BYTE, neighbour_[s],
                          static_cast<int>(s), comm, &requests[n_sides + s]));
    }
  }
  {
    ScopedPhase phase(clock_, Phase::wait);
    check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), statuses.data()));
  }
  ScopedPhase phase(clock_, Phase::migrate);
  std::size_t moved = 0;
  for (std::size_t s = 0; s < n_sides; ++s) {
    if (neighbour_[s] == MPI_PROC_NULL) continue;
    int bytes = 0;
    check_mpi(MPI_Get_count(&statuses[s], MPI_BYTE, &bytes));
    came_[s] = static_cast<std::size_t>(bytes) / sizeof(Particle);
    outgoing[s].resize(outgoing[s].size() - leaves[s]);
    sent_ += static_cast<std::int64_t>(leaves[s]);
    moved += leaves[s] + came_[s];
  }
  clock_.worked(static_cast<double>(moved * sizeof(Particle)));
}

void Migration::begin_sum(const Totals& own) {
  ScopedPhase phase(clock_, Phase::reduce);
  own_ = own;
  check_mpi(MPI_Iallreduce(own_.data(), all_.data(), static_cast<int>(n_totals), MPI_INT64_T, MPI_SUM,
                           decomposition_.comm(), &sum_));
}

Migration::Totals Migration::end_sum() {
  ScopedPhase phase(clock_, Phase::wait);
  check_mpi(MPI_Wait(&sum_, MPI_STATUS_IGNORE));
  return all_;
}

}  // namespace haloscope
