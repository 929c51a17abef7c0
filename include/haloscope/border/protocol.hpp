// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file protocol.hpp
/// The border between a program and the interconnect library: the words that both sides use, and nothing that runs.
///
/// A program speaks to the library through MPI_Pcontrol, MPI_Wtime and MPI_Get_library_version alone, so it runs
/// without the library too; a plain MPI ignores all levels. solver/interconnect/README.md says what each level and
/// variable does.
#include <mpi.h>

#include <array>
#include <string_view>

namespace haloscope {

/// Levels of MPI_Pcontrol.
namespace pcontrol {
enum Level : int {
  pause = 0,  ///< the library records and models nothing until … (0 and 1: MPI standard, section 14.2.4)
  go_on = 1,
  phase = 1000,          ///< int: what follows belongs to this phase, or to `outside`
  read_counters = 1001,  ///< int n, then arrays of n: double*, double*, long long*, long long*, long long*
  announce = 1002,       ///< double: the program computes for so long now [s]
  read_twin = 1003,      ///< int n, then arrays of n: double*, double*
  describe = 1004,       ///< int size, char*: what the modelled network is; the library then prints no report
};
inline constexpr int outside = -1;  ///< the phase of what is in no step
}  // namespace pcontrol

/// Variables of the environment that the library reads when MPI starts.
namespace variable {
inline constexpr const char* network = "HALOSCOPE_NETWORK";
inline constexpr const char* network_set = "HALOSCOPE_NETWORK_SET";
inline constexpr const char* clock = "HALOSCOPE_CLOCK";
inline constexpr const char* ranks_per_node = "HALOSCOPE_RANKS_PER_NODE";
inline constexpr const char* seed = "HALOSCOPE_SEED";
inline constexpr const char* without = "HALOSCOPE_WITHOUT";
inline constexpr const char* compute = "HALOSCOPE_COMPUTE";
inline constexpr const char* posix_clocks = "HALOSCOPE_POSIX_CLOCKS";
inline constexpr const char* record = "HALOSCOPE_RECORD";
inline constexpr const char* record_force = "HALOSCOPE_RECORD_FORCE";
inline constexpr const char* channel = "HALOSCOPE_CHANNEL";

/// Those that say what a run is. The channel only says by which way it comes to the same result.
inline constexpr std::array of_a_run = {network, network_set, clock,        ranks_per_node, seed,
                                        without, compute,     posix_clocks, record,         record_force};
}  // namespace variable

/// What HALOSCOPE_WITHOUT can switch off.
inline constexpr std::array<std::string_view, 4> ingredients = {"latency", "bandwidth", "jitter", "noise"};

/// The run file of a program that writes none: this rank's part of the whole run, from MPI_Init to MPI_Finalize, as one
/// step of one phase.
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

/// Writes that file. Collective over @p world. Returns 0, or 1 after rank 0 has said why not on standard error; throws
/// nothing. The interconnect library links MPI alone: it finds this by name in libhaloscope-record.so, which it loads
/// when MPI ends, and only if a file is asked for.
extern "C" int haloscope_record_program(MPI_Comm world, const haloscope::ProgramRun* run);

namespace haloscope {
using RecordProgram = decltype(&haloscope_record_program);
inline constexpr const char* record_program = "haloscope_record_program";
}  // namespace haloscope
