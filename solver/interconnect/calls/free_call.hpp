// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file free_call.hpp
/// Calls that take no modelled time: they are made as they are, the clock stands still meanwhile, and the report counts
/// them. In record mode they pass below untouched.
#include <mpi.h>

#include "interconnect/account/honesty.hpp"
#include "interconnect/calls/crossing.hpp"
#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

/// @p together: the communicator whose ranks all make the call, which may block until they have: they meet first, where
/// a waiting rank sleeps and answers others. MPI_COMM_NULL: none.
template <class Call>
int pass_free(const char* name, MPI_Comm together, Call call) {
  if (inside || engine() == nullptr) return call();
  Engine& here = *engine();
  inside = true;
  here.enter();
  count_free(name);
  if (together != MPI_COMM_NULL) here.synchronise(together);
  const int code = call();
  here.leave();
  inside = false;
  return code;
}

}  // namespace haloscope::interconnect
