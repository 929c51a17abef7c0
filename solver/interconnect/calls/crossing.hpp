// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file crossing.hpp
/// The border between a program and MPI: each wrapped call crosses it here, once.
///
/// A call made from inside another (a user's reduction, a library above PMPI) belongs to the outer one and is not seen.
/// Costs two readings of the stopwatch and about ten instructions; the time of the accounting itself is charged to
/// nobody's MPI part.
#include <mpi.h>

#include "interconnect/account/counters.hpp"
#include "interconnect/engine/engine.hpp"

/// A call that this library defines; it takes the place of MPI's own.
#define HALOSCOPE_MPI extern "C" __attribute__((visibility("default"))) int
#define HALOSCOPE_MPI_TIME extern "C" __attribute__((visibility("default"))) double

/// Calls of MPI 4 that Open MPI 5 has while it still calls itself 3.1.
#if MPI_VERSION >= 4 || (defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION >= 5)
#define HALOSCOPE_MPI_4 1
#else
#define HALOSCOPE_MPI_4 0
#endif

/// Takes the parentheses off a parameter or argument list, so that the tables can write a list as one cell.
#define HALOSCOPE_LIST(...) __VA_ARGS__

namespace haloscope::interconnect {

template <class Account>
void account_for(Kind kind, long long ticks, int code, Account account) {
  const Lock lock;
  Counters& counters = state.slot();
  counters.charge(kind, ticks);
  if (code == MPI_SUCCESS) account(counters);
}

/// Makes the call, charges its time, and after a success lets @p account count what it did. In virtual and real time
/// @p model makes it instead, between the clock's enter() and leave(): the library's own work is never the program's.
template <class Call, class Model, class Account>
int cross(Kind kind, Call call, Model model, Account account) {
  if (inside) return call();
  Engine* const here = engine();
  inside = true;
  if (here != nullptr) {
    here->enter();
    const Time begin = here->charged();
    const int code = model(*here);
    account_for(kind, here->charged() - begin, code, account);
    here->leave();
    inside = false;
    return code;
  }
  const long long begin = state.stopwatch.now();
  const int code = call();
  const long long ticks = state.stopwatch.now() - begin;
  inside = false;
  account_for(kind, ticks, code, account);
  return code;
}

/// A call that takes no modelled time of its own.
template <class Call, class Account>
int cross(Kind kind, Call call, Account account) {
  return cross(
      kind, call, [&](Engine&) { return call(); }, account);
}

inline constexpr auto count_nothing = [](Counters&) {};

}  // namespace haloscope::interconnect
