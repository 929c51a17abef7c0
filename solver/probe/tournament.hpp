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

/// Ranks to measure between nodes, given the node of each rank, 0 … n - 1: the first ranks of all pairs of nodes, in
/// the order of their tournament.
[[nodiscard]] std::vector<Pair> pairs_between_nodes(const std::vector<int>& node_of);

/// Ranks to measure within nodes: on the first node that has two, up to six pairs in the order of their tournament; on
/// every other the first two ranks.
[[nodiscard]] std::vector<Pair> pairs_within_nodes(const std::vector<int>& node_of);

}  // namespace haloscope
