// SPDX-License-Identifier: BSD-3-Clause
#include <set>
#include <utility>

#include "catch.hpp"
#include "haloscope/tournament.hpp"

using namespace haloscope;

TEST_CASE("every pair meets once, nobody plays twice in a round, and rounds are as full as can be") {
  for (int players = 0; players <= 17; ++players) {
    CAPTURE(players);
    std::set<std::pair<int, int>> met;
    std::size_t games = 0;
    for (const std::vector<Pair>& round : tournament(players)) {
      std::set<int> playing;
      for (const Pair& pair : round) {
        CHECK(0 <= pair.first);
        CHECK(pair.first < pair.second);
        CHECK(pair.second < players);
        CHECK(playing.insert(pair.first).second);
        CHECK(playing.insert(pair.second).second);
        met.insert({pair.first, pair.second});
        ++games;
      }
      CHECK(round.size() == static_cast<std::size_t>(players / 2));
    }
    const auto all = static_cast<std::size_t>(players * (players - 1) / 2);
    CHECK(games == all);
    CHECK(met.size() == all);
  }
}
