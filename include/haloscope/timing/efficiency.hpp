// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file efficiency.hpp
/// Why ranks did not compute all the time: parallel efficiency as the product of three losses (the POP model: Wagner,
/// Mohr, Giménez & Labarta, A Structured Approach to Performance Analysis, 2019).
///
/// Of one step or of many, from each rank's computing c, its time on the ideal network t' and its time t: with
/// C = max c, T' = max t', T = max t over the ranks
///   load balance = mean c / C,  serialization = C / T',  transfer = T' / T,  and their product is mean c / T.
/// Serialization is the time that ranks wait for each other on a network that takes no time. Transfer is what the
/// network and the detours of its hosts add. Steps of different ranks may overlap, so T' / T of one step can exceed 1;
/// that of a run does not.
#include <span>

namespace haloscope {

struct Efficiency {
  double load_balance = 0, serialization = 0, transfer = 0;
  [[nodiscard]] double parallel() const noexcept { return load_balance * serialization * transfer; }
};

/// @p compute is the mean over ranks. All positive. [s]
[[nodiscard]] constexpr Efficiency efficiency_of(double compute, double largest_compute, double ideal,
                                                 double elapsed) noexcept {
  return {compute / largest_compute, largest_compute / ideal, ideal / elapsed};
}

/// From one value a rank. [s]
[[nodiscard]] Efficiency efficiency_of(std::span<const double> compute, std::span<const double> ideal,
                                       std::span<const double> elapsed);

}  // namespace haloscope
