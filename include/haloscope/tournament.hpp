// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file tournament.hpp
/// In which order pairs are measured when there is no time for all: a round-robin tournament, by the circle method.
///
/// After each round every player has met one more opponent, so however early it ends the sample is balanced, and it
/// comes to all n (n - 1) / 2 pairs in the end. Pure.
#include <vector>

namespace haloscope {

struct Pair {
  int first = 0, second = 0;  ///< first < second
  friend bool operator==(const Pair&, const Pair&) = default;
};

/// All pairs of @p players players, 0 … players - 1, round by round; an odd player out pauses for a round.
[[nodiscard]] std::vector<std::vector<Pair>> tournament(int players);

}  // namespace haloscope
