// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file program_run.hpp
/// The run file of a program that writes none: its whole run, from MPI_Init to MPI_Finalize, as one step of one phase.
///
/// The second door that both sides of the border include, as C. The interconnect library links MPI and nothing else,
/// so what writes the file is a library of its own, libhaloscope-record.so, loaded beside it when MPI ends and only if
/// a file is asked for.
#include <mpi.h>

namespace haloscope {

/// Of this rank.
struct ProgramRun {
  const char* path = nullptr;
  int force = 0;             ///< overwrite an existing file; rank 0's counts
  double start_seconds = 0;  ///< on the program's clock, aligned between ranks where that clock is modelled [s]
  double seconds = 0;        ///< likewise, from then on [s]
  double point_to_point_seconds = 0, collective_seconds = 0;  ///< [s]
  double compute_seconds = 0, ideal_seconds = 0;              ///< virtual time only [s]
  long long messages = 0, bytes = 0, collectives = 0;
};

}  // namespace haloscope

/// Writes the file. Collective over @p world. Returns 0, or 1 after rank 0 has said why not on standard error; throws
/// nothing.
extern "C" int haloscope_record_program(MPI_Comm world, const haloscope::ProgramRun* run);
using HaloscopeRecordProgram = decltype(&haloscope_record_program);
