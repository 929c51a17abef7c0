// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/tournament.hpp"

#include <algorithm>

namespace haloscope {

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

}  // namespace haloscope
