// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file stop.hpp
/// Ends a run between two steps when somebody asks: SIGTERM, SIGINT or SIGUSR1 to any rank (`scancel`, Ctrl-C, a
/// scheduler's warning before the time limit).
///
/// The ranks agree by a reduction about once a second, outside the timed step, never every step; so a run ends up to a
/// second and a step late. A second signal of the same kind kills as usual.
#include <mpi.h>

#include <string>

namespace haloscope {

class StopSign {
 public:
  /// Takes the three signals over until it dies. One a process. @p comm must outlive it.
  explicit StopSign(MPI_Comm comm);
  ~StopSign();
  StopSign(const StopSign&) = delete;
  StopSign& operator=(const StopSign&) = delete;

  /// After every step, on every rank: the name of the signal that some rank got, empty to go on. Collective now and
  /// then, on all ranks alike. @throws LibraryError
  [[nodiscard]] std::string seen();

 private:
  MPI_Comm comm_;
  long until_check_ = 1, interval_ = 1;  ///< steps
  double checked_;                       ///< real time of the last agreement [s]
};

}  // namespace haloscope
