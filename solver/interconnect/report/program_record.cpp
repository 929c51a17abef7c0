// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/report/program_record.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <utility>

#include "haloscope/border/protocol.hpp"
#include "interconnect/engine/engine.hpp"
#include "interconnect/report/report.hpp"

namespace haloscope::interconnect {

namespace {

/// Never destroyed: exit handlers may call MPI.
std::string& path_here() {
  static auto* const path = new std::string;
  return *path;
}
bool overwrites = false;
double start = 0, end = 0;  // [s]

bool virtual_time() { return modelled() && modelled_engine()->virtual_time(); }

/// On the clock that the program reads. [s]
double clock_now() { return virtual_time() ? to_seconds(modelled_engine()->clock().now().time) : PMPI_Wtime(); }

/// What writes the file, or null.
RecordProgram writer() {
  Dl_info here{};
  dladdr(reinterpret_cast<void*>(&start_program_record), &here);
  const std::string own(here.dli_fname);
  const std::string library = own.substr(0, own.rfind('/') + 1) + "libhaloscope-record.so";
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  return handle == nullptr ? nullptr : reinterpret_cast<RecordProgram>(dlsym(handle, record_program));
}

}  // namespace

void start_program_record(std::string path, bool force) {
  path_here() = std::move(path);
  overwrites = force;
  start = clock_now();
}

void end_program() noexcept { end = clock_now(); }

double program_seconds() noexcept { return end - start; }

void finish_program_record(MPI_Comm world) {
  if (path_here().empty()) return;
  const Totals counted = totals();
  ProgramRun run;
  run.path = path_here().c_str();
  run.force = overwrites ? 1 : 0;
  run.start_seconds = start;
  run.seconds = program_seconds();
  run.point_to_point_seconds = counted.point_to_point_seconds;
  run.collective_seconds = counted.collective_seconds;
  run.messages = counted.messages;
  run.bytes = counted.bytes;
  run.collectives = counted.collectives;
  if (virtual_time()) {
    run.compute_seconds = to_seconds(modelled_engine()->clock().computed());
    run.ideal_seconds = to_seconds(modelled_engine()->clock().now().ideal);
  }

  const RecordProgram write = writer();
  const char* const error = write == nullptr ? dlerror() : nullptr;
  int rank = 0, mine = write != nullptr ? 1 : 0, all = 0;
  PMPI_Comm_rank(world, &rank);
  PMPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, world);
  if (all != 0)
    write(world, &run);
  else if (mine == 0)
    std::fprintf(stderr, "haloscope interconnect: rank %d: no record: %s\n", rank, error);
}

}  // namespace haloscope::interconnect
