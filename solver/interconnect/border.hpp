// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file border.hpp
/// The border between a program and MPI: each wrapped call crosses it here, once.
///
/// A call made from inside another (a user's reduction, a library above PMPI) belongs to the outer one and is not seen.
/// Costs two readings of the stopwatch and about ten instructions; the time of the accounting itself is charged to
/// nobody's MPI part.
#include <mpi.h>

#include "counters.hpp"

/// A call that this library defines; it takes the place of MPI's own.
#define HALOSCOPE_MPI extern "C" __attribute__((visibility("default"))) int

/// Calls of MPI 4 that Open MPI 5 has while it still calls itself 3.1.
#if MPI_VERSION >= 4 || (defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION >= 5)
#define HALOSCOPE_MPI_4 1
#else
#define HALOSCOPE_MPI_4 0
#endif

/// Takes the parentheses off a parameter or argument list, so that the tables can write a list as one cell.
#define HALOSCOPE_LIST(...) __VA_ARGS__

namespace haloscope::interconnect {

/// True while this thread is inside a wrapped call.
extern constinit thread_local bool inside __attribute__((tls_model("initial-exec")));

/// Makes the call, charges its time, and after a success lets @p account count what it did.
template <class Call, class Account>
int cross(Kind kind, Call call, Account account) {
  if (inside) return call();
  inside = true;
  const long long begin = state.stopwatch.now();
  const int code = call();
  const long long ticks = state.stopwatch.now() - begin;
  inside = false;
  const Lock lock;
  Counters& counters = state.slot();
  counters.charge(kind, ticks);
  if (code == MPI_SUCCESS) account(counters);
  return code;
}

inline constexpr auto count_nothing = [](Counters&) {};

/// [bytes]
inline long long size_of(long long count, MPI_Datatype type) noexcept {
  MPI_Count size = 0;
  PMPI_Type_size_x(type, &size);
  return count * static_cast<long long>(size);
}

}  // namespace haloscope::interconnect
