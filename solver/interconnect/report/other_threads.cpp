// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/report/other_threads.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "interconnect/account/counters.hpp"
#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

namespace {

struct Used {
  double thread = 0, others = 0;  ///< CPU time [s]
};
Used at_start;

/// By a system call: clock_gettime may be the library's own.
double reading(clockid_t clock) noexcept {
  timespec t{};
  syscall(SYS_clock_gettime, clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

Used used() noexcept {
  const double thread = reading(CLOCK_THREAD_CPUTIME_ID);
  return {thread, reading(CLOCK_PROCESS_CPUTIME_ID) - thread};
}

}  // namespace

void start_other_threads() noexcept { at_start = used(); }

void note_other_threads() {
  if (!modelled() || !modelled_engine()->virtual_time() || modelled_engine()->settings().announced_compute) return;
  const Used now = used();
  const double thread = now.thread - at_start.thread, others = now.others - at_start.others;
  // MPI's own threads take a little.
  if (others > 0.01 && others > 0.1 * thread)
    state.honesty.free[other_threads_name] = static_cast<long long>(1e3 * others);
}

}  // namespace haloscope::interconnect
