// SPDX-License-Identifier: BSD-3-Clause
// What cannot be modelled is refused where its object is made; in record mode it passes below. And what takes no
// modelled time beside files (files.cpp) and new communicators (communicators.cpp).
#include <cstdio>
#include <cstdlib>

#include "interconnect/calls/crossing.hpp"
#include "interconnect/calls/free_call.hpp"
#include "interconnect/calls/signature.hpp"

using namespace haloscope::interconnect;

#define REFUSE(name, n, why)                                        \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_PARAMETERS_##n(PMPI_##name)) { \
    if (!inside && modelled()) refuse("MPI_" #name, why);           \
    return PMPI_##name(HALOSCOPE_ARGUMENTS_##n);                    \
  }
#define FREE(name, n)                                                                                    \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_PARAMETERS_##n(PMPI_##name)) {                                      \
    return pass_free("MPI_" #name, MPI_COMM_NULL, [&] { return PMPI_##name(HALOSCOPE_ARGUMENTS_##n); }); \
  }

namespace {

constexpr const char* one_sided = "one-sided communication is not modelled";
constexpr const char* dynamic = "processes that start or join later are not modelled";
constexpr const char* intercommunicator = "intercommunicators are not modelled";

}  // namespace

// clang-format off
FREE(Comm_free, 1)
FREE(Comm_disconnect, 1)

REFUSE(Win_create,          6, one_sided)
REFUSE(Win_allocate,        6, one_sided)
REFUSE(Win_allocate_shared, 6, one_sided)
REFUSE(Win_create_dynamic,  3, one_sided)
REFUSE(Comm_spawn,          8, dynamic)
REFUSE(Comm_spawn_multiple, 9, dynamic)
REFUSE(Comm_accept,         5, dynamic)
REFUSE(Comm_connect,        5, dynamic)
REFUSE(Comm_join,           2, dynamic)
REFUSE(Intercomm_merge,     3, intercommunicator)
#if HALOSCOPE_MPI_4
REFUSE(Psend_init,          9, "partitioned communication is not modelled")
REFUSE(Precv_init,          9, "partitioned communication is not modelled")
REFUSE(Comm_idup_with_info, 4, "not modelled; MPI_Comm_dup_with_info is")

/// The library starts with MPI_Init: a program that opens sessions only would run as if alone, and nobody would know.
HALOSCOPE_MPI MPI_Session_init(MPI_Info info, MPI_Errhandler handler, MPI_Session* session) {
  int started = 0;
  PMPI_Initialized(&started);
  if (!inside && network_is_named()) {
    if (started != 0) refuse("MPI_Session_init", "sessions are not modelled");
    std::fputs("haloscope interconnect: MPI_Session_init: sessions are not modelled\n", stderr);
    std::fflush(nullptr);
    std::_Exit(2);
  }
  return PMPI_Session_init(info, handler, session);
}
#endif
// clang-format on
