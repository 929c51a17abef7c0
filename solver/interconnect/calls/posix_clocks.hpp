// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file posix_clocks.hpp
/// The clocks and sleeps of POSIX for programs that do not ask MPI_Wtime what time it is; on request, in virtual time.
///
/// clock_gettime (real time, monotonic and their kin), gettimeofday and time read the logical clock, counted from rank
/// 0's time at MPI_Init; nanosleep, clock_nanosleep, usleep and sleep advance it and return at once. For the thread
/// that called MPI_Init, outside MPI: MPI itself, its threads and this library always see the real clocks. Clocks of
/// processor time stay real, and so do all waits with a time limit (poll, pthread_cond_timedwait, timers). Where it was
/// not asked for, a call costs one branch more.
#include <mpi.h>

namespace haloscope::interconnect {

void start_posix_clocks(MPI_Comm world);  ///< collective, in MPI_Init, after the engine has started
void stop_posix_clocks() noexcept;  ///< in MPI_Finalize, before it stops: real again, but go on from where they are

}  // namespace haloscope::interconnect
