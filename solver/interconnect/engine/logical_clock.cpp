// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/logical_clock.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "interconnect/account/counters.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

Time in_ps(const timespec& t) noexcept { return 1'000'000'000'000 * t.tv_sec + 1000 * t.tv_nsec; }

/// By a system call: where the library also answers clock_gettime, this must not come back to it.
Time thread_cpu() noexcept {
  timespec t{};
  syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t);
  return in_ps(t);
}

/// What lies between two readings in a row: the median of many, after a warm-up.
template <class Reading>
Time cost_of(Reading reading) {
  std::array<long long, 513> costs{};
  for (int round = 0; round < 2; ++round)
    for (long long last = reading(); long long& cost : costs) {
      const long long next = reading();
      cost = next - last;
      last = next;
    }
  std::nth_element(costs.begin(), costs.begin() + costs.size() / 2, costs.end());
  return costs[costs.size() / 2];
}

/// Nobody else runs on a core for less than this, the switches to and fro included. [ps]
constexpr Time least_interruption = 2'000'000;

/// Real: calls that follow each other so closely are a row of calls … [ps]
constexpr Time brief_gap = 1'000'000;
/// … in which the program's time falls no further behind the wall clock than this. [ps]
constexpr Time most_behind = 5'000'000;

}  // namespace

void Clock::start(const Settings& settings, int rank) {
  mode_ = settings.mode;
  announced_ = settings.announced_compute;
  if (!settings.without.noise) detours_ = Detours(settings.profile.detours, settings.seed, rank);
  if (mode_ == Mode::virtual_time && !announced_) {
    tick_ = 1e12 * state.stopwatch.seconds_per_tick();
    ticks_cost_ = cost_of([] { return state.stopwatch.now(); });
    reading_cost_ = cost_of([this] { return cpu(); });
  }
  if (mode_ == Mode::real_time) {
    now_.time = wall();
    origin_ = now_.time;
  }
}

Time Clock::cpu() const noexcept { return thread_cpu(); }

Time Clock::wall() const noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  const Time host = in_ps(t);
  return host + offset_ + static_cast<Time>(drift_ * static_cast<double>(host - since_));
}

void Clock::align(Time offset, double drift, Time since) noexcept {
  offset_ = offset;
  drift_ = drift;
  since_ = since;
  now_.time = origin_ = wall();
  checked_ = now_;
}

void Clock::compute(Time work) noexcept {
  if (work <= 0) return;
  computed_ += work;
  now_.ideal += work;
  now_.time = detours_.any() ? detours_.after(now_.time, work) : now_.time + work;
}

void Clock::mark() noexcept {
  mark_ = cpu();
  counted_ = 0;
  tick_mark_ = state.stopwatch.now();  // last: nothing of the library lies between this and the program
}

bool Clock::catch_up() noexcept {
  const long long ticks = state.stopwatch.now() - tick_mark_ - ticks_cost_;  // first, likewise
  const Time elapsed = static_cast<Time>(tick_ * static_cast<double>(ticks));
  Time work = elapsed;
  const bool brief = elapsed < least_interruption;
  if (!brief) {
    const Time of_thread = cpu() - mark_ - reading_cost_;
    if (std::abs(elapsed - of_thread) > least_interruption) work = of_thread;  // others ran on this core
  }
  compute(work - counted_);
  counted_ = std::max(counted_, work);
  return brief;
}

void Clock::enter() noexcept {
  if (mode_ == Mode::real_time) {
    const Time here = wall(), gap = here - left_wall_;
    const Time program = gap < brief_gap ? std::max(left_program_ + gap, here - most_behind) : here;
    behind_ = std::max<Time>(here - program, 0);
    // A detour that would have come while the program computed is made up for now.
    const Time left = now_.time, arrived = std::max(here, left);
    now_.time = detours_.any()
                    ? left - origin_ >= 0 ? origin_ + detours_.after(left - origin_, arrived - left) : arrived
                    : arrived;
    if (now_.time > here) (void)hold();
  } else if (!announced_) {
    (void)catch_up();
  }
  check();
}

void Clock::check() noexcept {
  check_not_before("the clock", now_.time, checked_.time);
  check_not_before("the ideal clock", now_.ideal, checked_.ideal);
  checked_ = now_;
}

void Clock::leave() noexcept {
  check();
  if (mode_ == Mode::real_time) {
    left_wall_ = hold();
    left_program_ = row_ended_ ? left_wall_ : now_.time - behind_;
    row_ended_ = false;
  } else if (!announced_) {
    mark();
  }
}

Time Clock::hold() const noexcept {
  for (;;) {
    const Time here = wall();
    if (here >= now_.time) return here;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

void Clock::announce(Time work) noexcept {
  if (mode_ == Mode::virtual_time && announced_) compute(work);
}

void Clock::spend(Time cost) noexcept { now_.time += cost; }

void Clock::wait_until(const Moment& moment) noexcept {
  if (moment.time > now_.time) behind_ = 0;
  now_ = later(now_, moment);
}

Time Clock::read() noexcept {
  if (mode_ == Mode::virtual_time && !announced_) {
    inside = true;  // without a time-stamp counter the stopwatch asks clock_gettime, which the library may answer
    if (!catch_up()) mark();
    inside = false;
  }
  return now_.time;
}

}  // namespace haloscope::interconnect
