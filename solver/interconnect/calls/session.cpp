// SPDX-License-Identifier: BSD-3-Clause
// Start and end of the program, its clock, and the signature under its results.
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "interconnect/account/honesty.hpp"
#include "interconnect/calls/crossing.hpp"
#include "interconnect/calls/posix_clocks.hpp"
#include "interconnect/engine/buffered_sends.hpp"
#include "interconnect/engine/completion.hpp"
#include "interconnect/engine/matching.hpp"
#include "interconnect/report/description.hpp"
#include "interconnect/report/other_threads.hpp"
#include "interconnect/report/program_record.hpp"
#include "interconnect/report/report.hpp"

using namespace haloscope::interconnect;

namespace {

/// The level that counts is the one granted; an environment variable may have raised it above what was asked for.
void learn_thread_level() {
  int level = MPI_THREAD_SINGLE;
  PMPI_Query_thread(&level);
  state.several_threads = level == MPI_THREAD_MULTIPLE;
}

/// Ranks that take turns on a core must yield it while MPI waits. Open MPI reads this when it starts.
void before_start() {
  if (asks_for_virtual_time()) setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
}

void after_start() {
  learn_thread_level();
  inside = true;
  Settings settings = read_settings(MPI_COMM_WORLD);
  std::string record = settings.record;
  const bool force = settings.record_force;
  if (settings.mode != Mode::record) start_engine(std::move(settings));
  start_program_record(std::move(record), force);
  start_other_threads();
  if (modelled() && modelled_engine()->settings().posix_clocks) start_posix_clocks(MPI_COMM_WORLD);
  if (modelled()) engine()->leave();
  inside = false;
}

}  // namespace

HALOSCOPE_MPI MPI_Init(int* argc, char*** argv) {
  before_start();
  const int code = PMPI_Init(argc, argv);
  if (code == MPI_SUCCESS) after_start();
  return code;
}

HALOSCOPE_MPI MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  before_start();
  const int code = PMPI_Init_thread(argc, argv, required, provided);
  if (code == MPI_SUCCESS) after_start();
  return code;
}

HALOSCOPE_MPI MPI_Finalize() {
  inside = true;
  if (modelled()) {
    Engine& here = *modelled_engine();
    if (engine() == nullptr) here.leave();  // what the program did while the model paused is not on the clock
    here.pause(false);
    here.enter();
    end_program();
    here.buffered_sends().finish(here);
    here.freed_requests().release_complete();
    here.synchronise(MPI_COMM_WORLD);
    here.drain();
    if (const long long count = here.matching().unmatched(); count > 0) state.honesty.inexact[unmatched_name] = count;
    note_other_threads();
    if (!state.described) report(here, MPI_COMM_WORLD);
  }
  if (!modelled()) end_program();
  finish_program_record(MPI_COMM_WORLD);
  if (modelled()) {
    stop_posix_clocks();
    modelled_engine()->channel().close();
    stop_engine();
  }
  inside = false;
  return PMPI_Finalize();
}

HALOSCOPE_MPI_TIME MPI_Wtime() {
  Engine* const here = inside ? nullptr : modelled_engine();
  if (here == nullptr) return PMPI_Wtime();
  if (!here->virtual_time()) {
    if (engine() != nullptr) here->clock().make_up_detours();
    return PMPI_Wtime();
  }
  // While the model pauses its clock stands still.
  return to_seconds(engine() == nullptr ? here->clock().now().time : here->clock().read());
}

HALOSCOPE_MPI_TIME MPI_Wtick() { return modelled() && modelled_engine()->virtual_time() ? 1e-12 : PMPI_Wtick(); }

/// In modelled time all ranks read one clock.
HALOSCOPE_MPI MPI_Comm_get_attr(MPI_Comm comm, int keyval, void* value, int* found) {
  if (keyval != MPI_WTIME_IS_GLOBAL || !modelled() || !modelled_engine()->virtual_time())
    return PMPI_Comm_get_attr(comm, keyval, value, found);
  static int yes = 1;
  *static_cast<int**>(value) = &yes;
  *found = 1;
  return MPI_SUCCESS;
}

/// The signature stands behind the text itself: Open MPI 4.1.4 returns a length beyond its end.
HALOSCOPE_MPI MPI_Get_library_version(char* version, int* length) {
  const int code = PMPI_Get_library_version(version, length);
  if (code != MPI_SUCCESS) return code;
  const std::size_t end = strnlen(version, MPI_MAX_LIBRARY_VERSION_STRING);
  const std::string signed_by = signature();
  if (end + signed_by.size() < MPI_MAX_LIBRARY_VERSION_STRING)
    std::memcpy(version + end, signed_by.c_str(), signed_by.size() + 1);
  *length = static_cast<int>(strnlen(version, MPI_MAX_LIBRARY_VERSION_STRING));
  return code;
}
