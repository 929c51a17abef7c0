// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/clock.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace haloscope::interconnect {

namespace {

Time in_ps(const timespec& t) noexcept { return 1'000'000'000'000 * t.tv_sec + 1000 * t.tv_nsec; }

/// By a system call: where the library also answers clock_gettime, this must not come back to it.
Time thread_cpu() noexcept {
  timespec t{};
  syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t);
  return in_ps(t);
}

/// Between two readings in a row: the median of many, after a warm-up.
Time cost_of_reading() noexcept {
  std::array<Time, 513> costs{};
  for (Time last = thread_cpu(); Time & cost : costs) {
    const Time next = thread_cpu();
    cost = next - last;
    last = next;
  }
  std::nth_element(costs.begin(), costs.begin() + costs.size() / 2, costs.end());
  return costs[costs.size() / 2];
}

}  // namespace

void Clock::start(const Settings& settings, int rank) {
  mode_ = settings.mode;
  announced_ = settings.announced_compute;
  if (!settings.without.noise) detours_ = Detours(settings.profile.detours, settings.seed, rank);
  if (mode_ == Mode::virtual_time && !announced_) {
    cost_of_reading();
    reading_cost_ = cost_of_reading();
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
}

void Clock::compute(Time work) noexcept {
  // Of two calls in a row a reading may come out shorter than it costs: to drop what is below zero would let the
  // readings' scatter add up.
  work += owed_;
  owed_ = std::min<Time>(work, 0);
  if (work <= 0) return;
  computed_ += work;
  now_.ideal += work;
  now_.time = detours_.any() ? detours_.after(now_.time, work) : now_.time + work;
}

void Clock::enter() noexcept {
  if (mode_ == Mode::real_time) {
    // A detour that would have come while the program computed is made up for now.
    const Time left = now_.time, arrived = std::max(wall(), left);
    now_.time = detours_.any()
                    ? left - origin_ >= 0 ? origin_ + detours_.after(left - origin_, arrived - left) : arrived
                    : arrived;
    hold();
  } else if (!announced_) {
    compute(cpu() - mark_ - reading_cost_);
  }
}

void Clock::leave() noexcept {
  if (mode_ == Mode::real_time)
    hold();
  else if (!announced_)
    mark_ = cpu();
}

void Clock::hold() const noexcept {
  while (wall() < now_.time) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

void Clock::announce(Time work) noexcept {
  if (mode_ == Mode::virtual_time && announced_) compute(work);
}

void Clock::spend(Time cost) noexcept { now_.time += cost; }

void Clock::wait_until(const Moment& moment) noexcept { now_ = later(now_, moment); }

Time Clock::read() noexcept {
  if (mode_ == Mode::virtual_time && !announced_) {
    const Time mark = cpu();
    compute(mark - mark_ - reading_cost_);
    mark_ = mark;
  }
  return now_.time;
}

}  // namespace haloscope::interconnect
