// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case/growth.hpp"

#include <fmt/format.h>

#include <limits>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

template <class T>
std::string list_of(const PerAxis<T>& values) {
  return fmt::format("[{}, {}, {}]", values[0], values[1], values[2]);
}

}  // namespace

PerAxis<int> weak_growth(int ranks, const PerAxis<GlobalIndex>& cells) {
  PerAxis<int> best{};
  int least = std::numeric_limits<int>::max();
  for (int x = 1; x <= ranks; ++x) {
    if (ranks % x != 0 || (x > 1 && cells[0] == 1)) continue;
    for (int y = 1; y <= ranks / x; ++y) {
      const int z = ranks / x / y;
      if (ranks / x % y != 0 || (y > 1 && cells[1] == 1) || (z > 1 && cells[2] == 1)) continue;
      if (x + y + z >= least) continue;
      least = x + y + z;
      best = {x, y, z};
    }
  }
  if (best[0] == 0)
    throw UserError(
        fmt::format("grid.cells: {}: cannot grow to {} ranks: every axis is one cell thick", list_of(cells), ranks));
  return best;
}

Growth grow_grid(const Case& settings, int ranks) {
  if (settings.process_grid != PerAxis<int>{0, 0, 0})
    throw UserError(
        fmt::format("grid.process_grid: {}: a weak study chooses it, so that each rank keeps its cells; "
                    "leave it out",
                    list_of(settings.process_grid)));
  constexpr LocalIndex most = std::numeric_limits<LocalIndex>::max();
  const PerAxis<int> growth = weak_growth(ranks, settings.cells);
  PerAxis<GlobalIndex> cells = settings.cells;
  PerAxis<std::string> length;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (growth[axis] > most / cells[axis])
      throw UserError(fmt::format("grid.cells: {}: cannot grow to {} ranks: an axis has at most {} cells",
                                  list_of(settings.cells), ranks, most));
    cells[axis] *= growth[axis];
    length[axis] = fmt::format("{}", settings.length_m[axis] * growth[axis]);
  }
  return {{"grid.cells=" + list_of(cells), "grid.length_m=" + list_of(length), "grid.process_grid=" + list_of(growth)},
          true};
}

std::int64_t halve_grid(Case& settings) {
  std::int64_t times = 1;
  for (GlobalIndex& cells : settings.cells) {
    if (cells < 16) continue;
    cells /= 2;
    times *= 2;
  }
  return times;
}

}  // namespace haloscope
