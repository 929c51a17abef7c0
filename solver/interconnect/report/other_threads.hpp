// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file other_threads.hpp
/// Computing of threads that make no MPI calls (OpenMP, a BLAS): the logical clock does not see it, so it is reported.
///
/// The CPU time of the whole process less that of the one thread in MPI, since MPI_Init: two system calls when asked.
/// Says nothing of what a team of threads would have taken: only how much the clock has missed.
namespace haloscope::interconnect {

inline constexpr const char* other_threads_name = "computing of other threads [ms]";

/// MPI has started, on this thread.
void start_other_threads() noexcept;

/// Puts them under what took no time, where it is more than 10 ms and a tenth of this thread's. Virtual time only, and
/// only where computing is CPU time.
void note_other_threads();

}  // namespace haloscope::interconnect
