// SPDX-License-Identifier: BSD-3-Clause
#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/grid/decomposition.hpp"

using namespace haloscope;

TEST_CASE("pieces cover the axis, none empty, and differ by at most two coarse cells") {
  for (GlobalIndex cells = 1; cells <= 130; ++cells) {
    for (int parts = 1; parts <= cells && parts <= 17; ++parts) {
      const auto offsets = cut(cells, parts);
      REQUIRE(offsets.size() == static_cast<std::size_t>(parts) + 1);
      CHECK(offsets.front() == 0);
      CHECK(offsets.back() == cells);
      GlobalIndex least = cells, most = 0;
      for (std::size_t p = 1; p < offsets.size(); ++p) {
        least = std::min(least, offsets[p] - offsets[p - 1]);
        most = std::max(most, offsets[p] - offsets[p - 1]);
      }
      CHECK(least >= 1);
      CHECK(most - least <= 3);
    }
  }
}

TEST_CASE("pieces of eight cells or more are whole coarse cells") {
  for (GlobalIndex cells = 16; cells <= 200; ++cells) {
    for (const GlobalIndex offset : cut(cells, 2)) {
      if (offset < cells) CHECK(first_fine(coarse_index(offset, cells), cells) == offset);
    }
  }
}

TEST_CASE("coarse cells hold two fine cells, but one in the middle of an odd axis") {
  for (GlobalIndex n = 1; n <= 99; ++n) {
    GlobalIndex singles = 0;
    for (GlobalIndex c = 0; c < coarse_cells(n); ++c) {
      const GlobalIndex first = first_fine(c, n), past = c + 1 == coarse_cells(n) ? n : first_fine(c + 1, n);
      CHECK((past - first == 1 || past - first == 2));
      singles += past - first == 1 ? 1 : 0;
      for (GlobalIndex i = first; i < past; ++i) CHECK(coarse_index(i, n) == c);
    }
    CHECK(singles == n % 2);
  }
}

TEST_CASE("the process grid has the least surface; among equals it cuts z most, then y") {
  CHECK(choose_process_grid(2, {64, 64, 64}) == PerAxis<int>{1, 1, 2});
  CHECK(choose_process_grid(4, {64, 64, 64}) == PerAxis<int>{1, 1, 4});  // as much surface as 1 x 2 x 2, fewer messages
  CHECK(choose_process_grid(27, {63, 63, 63}) == PerAxis<int>{3, 3, 3});
  CHECK(choose_process_grid(64, {64, 64, 64}) == PerAxis<int>{4, 4, 4});
  CHECK(choose_process_grid(7, {64, 64, 64}) == PerAxis<int>{1, 1, 7});
  CHECK(choose_process_grid(2, {256, 64, 64}) == PerAxis<int>{2, 1, 1});
  CHECK(choose_process_grid(16, {64, 64, 1}) == PerAxis<int>{4, 4, 1});
  CHECK(choose_process_grid(4, {64, 64, 64}, {4, 0, 0}) == PerAxis<int>{4, 1, 1});
  CHECK_THROWS_AS(choose_process_grid(5, {4, 4, 4}), UserError);
  CHECK_THROWS_AS(choose_process_grid(4, {64, 64, 64}, {3, 0, 0}), UserError);
}
