// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file program_record.hpp
/// The run file of a program that writes none, if one was asked for: from MPI_Init to MPI_Finalize.
///
/// Costs nothing before the end. Then libhaloscope-record.so, which lies beside this library, is loaded with its own
/// libraries searched first: the program may have an HDF5 of another kind.
#include <mpi.h>

#include <string>

namespace haloscope::interconnect {

/// MPI has started; the record begins here. Empty @p path: none. @p force: an existing file is overwritten.
void start_program_record(std::string path, bool force);

/// MPI ends: what the library does from now on is not the program's.
void end_program() noexcept;

/// Between the two, on the clock that the program reads. [s]
[[nodiscard]] double program_seconds() noexcept;

/// Writes it. Collective over @p world, inside a call; all ranks in it. What goes wrong is told in one line.
void finish_program_record(MPI_Comm world);

}  // namespace haloscope::interconnect
