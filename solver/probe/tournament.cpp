// SPDX-License-Identifier: BSD-3-Clause
#include "probe/tournament.hpp"

#include <algorithm>

namespace haloscope {

namespace {

constexpr std::size_t most_on_first_node = 6;

/// Ranks by node, each in rising order.
std::vector<std::vector<int>> ranks_by_node(const std::vector<int>& node_of) {
  std::vector<std::vector<int>> nodes;
  for (std::size_t rank = 0; rank < node_of.size(); ++rank) {
    const auto node = static_cast<std::size_t>(node_of[rank]);
    if (node >= nodes.size()) nodes.resize(node + 1);
    nodes[node].push_back(static_cast<int>(rank));
  }
  std::erase_if(nodes, [](const auto& ranks) { return ranks.empty(); });
  return nodes;
}

/// The tournament of @p ranks, as one list.
std::vector<Pair> pairs_of(const std::vector<int>& ranks) {
  std::vector<Pair> pairs;
  for (const std::vector<Pair>& round : tournament(static_cast<int>(ranks.size())))
    for (const Pair& seats : round)
      pairs.push_back({ranks[static_cast<std::size_t>(seats.first)], ranks[static_cast<std::size_t>(seats.second)]});
  return pairs;
}

}  // namespace

std::vector<std::vector<Pair>> tournament(int players) {
  std::vector<std::vector<Pair>> rounds;
  if (players < 2) return rounds;
  const int seats = players + players % 2;  // an empty one where the number is odd
  const int turning = seats - 1;            // all but the last player move on by one seat a round
  for (int round = 0; round < turning; ++round) {
    std::vector<Pair> pairs;
    const auto add = [&](int a, int b) {
      if (a < players && b < players) pairs.push_back({std::min(a, b), std::max(a, b)});
    };
    add(round, turning);
    for (int k = 1; k < seats / 2; ++k) add((round + k) % turning, (round - k + turning) % turning);
    rounds.push_back(std::move(pairs));
  }
  return rounds;
}

std::vector<Pair> pairs_between_nodes(const std::vector<int>& node_of) {
  std::vector<int> firsts;
  for (const std::vector<int>& ranks : ranks_by_node(node_of)) firsts.push_back(ranks.front());
  std::ranges::sort(firsts);
  return pairs_of(firsts);
}

std::vector<Pair> pairs_within_nodes(const std::vector<int>& node_of) {
  std::vector<Pair> pairs;
  for (const std::vector<int>& ranks : ranks_by_node(node_of)) {
    if (ranks.size() < 2) continue;
    if (pairs.empty()) {
      pairs = pairs_of(ranks);
      pairs.resize(std::min(pairs.size(), most_on_first_node));
    } else {
      pairs.push_back({ranks[0], ranks[1]});
    }
  }
  return pairs;
}

}  // namespace haloscope
