// SPDX-License-Identifier: BSD-3-Clause
#include <set>
#include <utility>

#include "catch.hpp"
#include "probe/tournament.hpp"

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

TEST_CASE("between nodes the first ranks of all pairs of nodes meet, however ranks are dealt out") {
  CHECK(pairs_between_nodes({0, 0, 0}).empty());
  CHECK(pairs_between_nodes({0, 0, 1, 1}) == std::vector<Pair>{{0, 2}});
  CHECK(pairs_between_nodes({0, 1, 0, 1}) == std::vector<Pair>{{0, 1}});
  const std::vector<Pair> three = pairs_between_nodes({2, 0, 1, 2, 0, 1});
  CHECK(three.size() == 3);
  for (const Pair& pair : three) CHECK(pair.second < 3);
}

TEST_CASE("within nodes the first has several pairs and every other has one") {
  CHECK(pairs_within_nodes({0, 1, 2}).empty());
  CHECK(pairs_within_nodes({0, 0}) == std::vector<Pair>{{0, 1}});
  const std::vector<Pair> pairs = pairs_within_nodes({0, 0, 0, 0, 0, 0, 1, 2, 2, 3, 3, 3});
  CHECK(pairs.size() == 8);
  for (std::size_t i = 0; i < 6; ++i) CHECK(pairs[i].second < 6);
  CHECK(pairs[6] == Pair{7, 8});
  CHECK(pairs[7] == Pair{9, 10});
}
