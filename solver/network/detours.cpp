// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/network/detours.hpp"

#include <algorithm>

#include "network/keyed_random.hpp"

namespace haloscope::interconnect {

Detours::Detours(const DetourProfile& profile, std::uint64_t seed, int rank)
    : any_(!profile.duration.empty() && !profile.inter_arrival.empty()),
      duration_(profile.duration),
      inter_arrival_(profile.inter_arrival),
      seed_(seed),
      stream_(static_cast<std::uint64_t>(rank)) {
  if (!any_) return;
  draw_next();
  start_ = from_us(uniform(seed_, Purpose::detour_start, stream_, 0) * to_us(start_));  // draw_next begins at number 1
}

void Detours::draw_next() noexcept {
  ++number_;
  const Time interval = from_us(inter_arrival_.at(uniform(seed_, Purpose::detour_start, stream_, number_)));
  start_ += std::max<Time>(interval, 1);  // so that it goes on
  length_ = from_us(duration_.at(uniform(seed_, Purpose::detour_length, stream_, number_)));
}

Time Detours::after(Time now, Time work) noexcept {
  Time end = now + work;
  if (!any_) return end;
  while (start_ < now) draw_next();
  while (start_ < end) {
    end += length_;
    draw_next();
  }
  return end;
}

}  // namespace haloscope::interconnect
