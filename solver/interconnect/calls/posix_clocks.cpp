// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/calls/posix_clocks.hpp"

#include <dlfcn.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "interconnect/calls/crossing.hpp"
#include "interconnect/engine/engine.hpp"

namespace haloscope::interconnect {

namespace {

/// What the clocks read when the logical clock is zero; once it has stopped, what they are ahead of the real ones.
struct Origin {
  long long real = 0, monotonic = 0;  ///< [ns]: picoseconds since 1970 are too many for 64 bits
};
Origin origin;
bool running = false, stopped = false;
const void* thread = nullptr;  ///< the one whose clocks these are

long long in_ns(const timespec& t) noexcept { return 1'000'000'000 * t.tv_sec + t.tv_nsec; }
timespec in_timespec(long long ns) noexcept { return {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000}; }

/// The C library's own.
template <class Function>
Function below(const char* name) noexcept {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int real_clock(clockid_t id, timespec* t) noexcept {
  static const auto function = below<int (*)(clockid_t, timespec*)>("clock_gettime");
  return function != nullptr ? function(id, t) : static_cast<int>(syscall(SYS_clock_gettime, id, t));
}

/// [ns]
long long real_time_of(clockid_t id) noexcept {
  timespec t{};
  real_clock(id, &t);
  return in_ns(t);
}

/// Null for clocks that stay what they are.
const long long* origin_of(clockid_t id) noexcept {
  switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
      return &origin.real;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      return &origin.monotonic;
    default:
      return nullptr;
  }
}

bool is_program() noexcept { return (running || stopped) && !inside && &inside == thread; }

/// What clock @p id reads, which has an origin. While the model pauses it stands still. [ns]
long long read(clockid_t id) noexcept {
  if (stopped) return *origin_of(id) + real_time_of(id);
  Clock& clock = modelled_engine()->clock();
  return *origin_of(id) + (engine() == nullptr ? clock.now().time : clock.read()) / 1000;
}

/// The clock goes on by so many nanoseconds, and nobody computes.
void sleep_for(long long ns) noexcept {
  Engine* const here = engine();
  if (here == nullptr) return;
  inside = true;
  here->clock().enter();
  const Moment now = here->clock().now();
  const Time pause = 1000 * std::clamp(ns, 0LL, 1'000'000'000'000'000LL);  // who sleeps for days waits for its end
  here->clock().wait_until({now.time + pause, now.ideal + pause});
  here->leave();
  inside = false;
  sched_yield();  // who sleeps in a loop waits for others
}

}  // namespace

void start_posix_clocks(MPI_Comm world) {
  std::array<long long, 2> at{real_time_of(CLOCK_REALTIME), real_time_of(CLOCK_MONOTONIC)};
  PMPI_Bcast(at.data(), 2, MPI_LONG_LONG, 0, world);
  origin = {at[0], at[1]};
  thread = &inside;
  running = true;
}

void stop_posix_clocks() noexcept {
  if (!running) return;
  const long long end = modelled_engine()->clock().now().time / 1000;
  origin.real += end - real_time_of(CLOCK_REALTIME);
  origin.monotonic += end - real_time_of(CLOCK_MONOTONIC);
  running = false;
  stopped = true;
}

}  // namespace haloscope::interconnect

using namespace haloscope::interconnect;

#define HALOSCOPE_POSIX extern "C" __attribute__((visibility("default")))

HALOSCOPE_POSIX int clock_gettime(clockid_t id, timespec* t) noexcept {
  if (!is_program() || origin_of(id) == nullptr) return real_clock(id, t);
  *t = in_timespec(read(id));
  return 0;
}

HALOSCOPE_POSIX int gettimeofday(timeval* t, void* zone) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *t = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  if (zone != nullptr) *static_cast<struct timezone*>(zone) = {};  // obsolete: always UTC, as on Linux
  return 0;
}

HALOSCOPE_POSIX time_t time(time_t* t) noexcept {
  timespec now{};
  if (is_program())
    now = in_timespec(read(CLOCK_REALTIME));
  else
    real_clock(CLOCK_REALTIME_COARSE, &now);
  if (t != nullptr) *t = now.tv_sec;
  return now.tv_sec;
}

HALOSCOPE_POSIX int clock_nanosleep(clockid_t id, int flags, const timespec* wanted, timespec* left) {
  static const auto function = below<int (*)(clockid_t, int, const timespec*, timespec*)>("clock_nanosleep");
  if (!is_program() || stopped || origin_of(id) == nullptr) return function(id, flags, wanted, left);
  if (wanted->tv_nsec < 0 || wanted->tv_nsec >= 1'000'000'000 || wanted->tv_sec < 0) return EINVAL;
  sleep_for(in_ns(*wanted) - ((flags & TIMER_ABSTIME) != 0 ? read(id) : 0));
  return 0;
}

HALOSCOPE_POSIX int nanosleep(const timespec* wanted, timespec* left) {
  const int error = clock_nanosleep(CLOCK_REALTIME, 0, wanted, left);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

HALOSCOPE_POSIX int usleep(useconds_t microseconds) {
  const timespec wanted{.tv_sec = microseconds / 1'000'000, .tv_nsec = 1000L * (microseconds % 1'000'000)};
  return nanosleep(&wanted, nullptr);
}

HALOSCOPE_POSIX unsigned sleep(unsigned seconds) {
  const timespec wanted{.tv_sec = seconds, .tv_nsec = 0};
  timespec left{};
  return nanosleep(&wanted, &left) == 0 ? 0
                                        : static_cast<unsigned>(left.tv_sec) + (left.tv_nsec >= 500'000'000 ? 1 : 0);
}
