// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file detours.hpp
/// What the host takes from a computing rank: interruptions drawn from the profile's tables by (seed, rank, number).
///
/// The interruptions have their places on the rank's own clock. Those that fall into computing stretch it by their
/// length; those that fall into waiting have no effect (the tails of messages, measured on the same hosts, hold them
/// already). The first begins a random part of an interval after time 0.
#include <cstdint>

#include "haloscope/network/profile.hpp"
#include "haloscope/network/time.hpp"
#include "network/quantile_table.hpp"

namespace haloscope::interconnect {

class Detours {
 public:
  Detours() = default;  ///< none
  /// @p profile must be valid, its detours shorter on average than their intervals: else computing never ends.
  Detours(const DetourProfile& profile, std::uint64_t seed, int rank);

  /// The clock after computing for @p work undisturbed, begun at @p now. A detour that begins while computing, or while
  /// another detour lasts, adds its length; one that began before @p now adds nothing. Never called with an earlier
  /// @p now. Costs about 50 ns a detour, those passed since the last call included.
  [[nodiscard]] Time after(Time now, Time work) noexcept;
  [[nodiscard]] bool any() const noexcept { return any_; }

 private:
  void draw_next() noexcept;  ///< moves on to the following detour

  bool any_ = false;
  QuantileTable duration_, inter_arrival_;
  std::uint64_t seed_ = 0, stream_ = 0, number_ = 0;
  Time start_ = 0, length_ = 0;  ///< of the next detour
};

}  // namespace haloscope::interconnect
