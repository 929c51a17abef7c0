// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file time.hpp
/// Logical time: whole picoseconds, so that sums do not depend on their order and equal runs are equal to the bit.
/// 64 bits hold 106 days.
#include <cmath>
#include <cstdint>

namespace haloscope::interconnect {

using Time = std::int64_t;  ///< [ps]

[[nodiscard]] inline Time from_us(double us) noexcept { return std::llround(us * 1e6); }
[[nodiscard]] inline Time from_seconds(double seconds) noexcept { return std::llround(seconds * 1e12); }
[[nodiscard]] constexpr double to_us(Time time) noexcept { return 1e-6 * static_cast<double>(time); }
[[nodiscard]] constexpr double to_seconds(Time time) noexcept { return 1e-12 * static_cast<double>(time); }

}  // namespace haloscope::interconnect
