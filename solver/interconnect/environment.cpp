// SPDX-License-Identifier: BSD-3-Clause
// Start of the program, and the signature under its results.
#include <cstring>
#include <string_view>

#include "border.hpp"

namespace haloscope::interconnect {

State& state = *new State;
constinit thread_local bool inside __attribute__((tls_model("initial-exec"))) = false;

}  // namespace haloscope::interconnect

using namespace haloscope::interconnect;

namespace {

constexpr std::string_view signature = " +interconnect mode=record";

/// The level that counts is the one granted; an environment variable may have raised it above what was asked for.
void learn_thread_level() {
  int level = MPI_THREAD_SINGLE;
  PMPI_Query_thread(&level);
  state.several_threads = level == MPI_THREAD_MULTIPLE;
}

}  // namespace

HALOSCOPE_MPI MPI_Init(int* argc, char*** argv) {
  const int code = PMPI_Init(argc, argv);
  if (code == MPI_SUCCESS) learn_thread_level();
  return code;
}

HALOSCOPE_MPI MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  const int code = PMPI_Init_thread(argc, argv, required, provided);
  if (code == MPI_SUCCESS) learn_thread_level();
  return code;
}

/// The signature stands behind the text itself: Open MPI 4.1.4 returns a length beyond its end.
HALOSCOPE_MPI MPI_Get_library_version(char* version, int* length) {
  const int code = PMPI_Get_library_version(version, length);
  if (code != MPI_SUCCESS) return code;
  const std::size_t end = strnlen(version, MPI_MAX_LIBRARY_VERSION_STRING);
  if (end + signature.size() < MPI_MAX_LIBRARY_VERSION_STRING) {
    std::memcpy(version + end, signature.data(), signature.size());
    version[end + signature.size()] = '\0';
  }
  *length = static_cast<int>(strnlen(version, MPI_MAX_LIBRARY_VERSION_STRING));
  return code;
}
