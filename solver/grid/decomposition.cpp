// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/grid/decomposition.hpp"

#include <fmt/format.h>

#include <limits>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

constexpr GlobalIndex min_cells_to_align = 8;  ///< a piece with fewer is cut evenly instead

/// Cells on the cut faces of the largest box: what a halo exchange sends, up to a factor.
double surface(PerAxis<GlobalIndex> cells, PerAxis<int> grid) {
  PerAxis<double> edge;
  for (std::size_t a = 0; a < 3; ++a) {
    edge[a] = static_cast<double>((cells[a] + grid[a] - 1) / grid[a]);
  }
  double area = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    if (grid[a] > 1) area += edge[(a + 1) % 3] * edge[(a + 2) % 3];
  }
  return area;
}

bool allowed(PerAxis<GlobalIndex> cells, PerAxis<int> grid, PerAxis<int> wanted) {
  for (std::size_t a = 0; a < 3; ++a) {
    if (grid[a] > cells[a] || (wanted[a] != 0 && wanted[a] != grid[a])) return false;
  }
  return true;
}

PerAxis<std::vector<GlobalIndex>> cut_all(PerAxis<GlobalIndex> cells, PerAxis<int> grid) {
  return {cut(cells[0], grid[0]), cut(cells[1], grid[1]), cut(cells[2], grid[2])};
}

}  // namespace

std::vector<GlobalIndex> cut(GlobalIndex cells, int parts) {
  require(parts >= 1 && parts <= cells, "1 <= parts <= cells");
  const bool align = cells / parts >= min_cells_to_align;
  const GlobalIndex units = align ? coarse_cells(cells) : cells;
  std::vector<GlobalIndex> offsets;
  for (GlobalIndex p = 0; p <= parts; ++p) {
    const GlobalIndex unit = (p * units + parts - 1) / parts;  // the larger pieces first
    offsets.push_back(!align ? unit : unit == units ? cells : first_fine(unit, cells));
  }
  return offsets;
}

PerAxis<int> choose_process_grid(int ranks, PerAxis<GlobalIndex> cells, PerAxis<int> wanted) {
  PerAxis<int> best{};
  double least = std::numeric_limits<double>::infinity();
  // x is cut last: its faces are strided in memory. So the loops try few pieces along x first, then along y.
  for (int px = 1; px <= ranks; ++px) {
    if (ranks % px != 0) continue;
    for (int py = 1; py <= ranks / px; ++py) {
      if (ranks / px % py != 0) continue;
      const PerAxis<int> grid{px, py, ranks / px / py};
      if (!allowed(cells, grid, wanted)) continue;
      const double area = surface(cells, grid);
      if (area < least) {
        least = area;
        best = grid;
      }
    }
  }
  if (best[0] == 0) {
    throw UserError(
        fmt::format("grid.process_grid: {} x {} x {} (0: chosen): no process grid of {} ranks fits {} x {} x {} cells: "
                    "its product must "
                    "be the number of ranks, and no axis may have more ranks than cells",
                    wanted[0], wanted[1], wanted[2], ranks, cells[0], cells[1], cells[2]));
  }
  return best;
}

Decomposition::Decomposition(MPI_Comm comm, PerAxis<GlobalIndex> cells, PerAxis<bool> periodic,
                             PerAxis<int> process_grid)
    : Decomposition(comm, cut_all(cells, choose_process_grid(ranks_in(comm), cells, process_grid)), periodic) {}

Decomposition::Decomposition(MPI_Comm comm, PerAxis<std::vector<GlobalIndex>> cuts, PerAxis<bool> periodic)
    : comm_(make_communicator(comm)), cuts_(std::move(cuts)), periodic_(periodic) {
  check_mpi(MPI_Comm_rank(comm_.get(), &rank_));
  ranks_ = ranks_in(comm_.get());
  const PerAxis<int> grid = process_grid();
  require(grid[0] * grid[1] * grid[2] == ranks_, "one box a rank");
  coordinates_ = {rank_ % grid[0], rank_ / grid[0] % grid[1], rank_ / grid[0] / grid[1]};
}

PerAxis<GlobalIndex> Decomposition::cells() const noexcept {
  return {cuts_[0].back(), cuts_[1].back(), cuts_[2].back()};
}

GlobalIndex Decomposition::total_cells() const noexcept {
  const PerAxis<GlobalIndex> n = cells();
  return n[0] * n[1] * n[2];
}

PerAxis<int> Decomposition::process_grid() const noexcept {
  return {static_cast<int>(cuts_[0].size()) - 1, static_cast<int>(cuts_[1].size()) - 1,
          static_cast<int>(cuts_[2].size()) - 1};
}

Box Decomposition::box_of(PerAxis<int> coordinates) const noexcept {
  Box box;
  for (std::size_t a = 0; a < 3; ++a) {
    const auto c = static_cast<std::size_t>(coordinates[a]);
    box.begin[a] = cuts_[a][c];
    box.end[a] = cuts_[a][c + 1];
  }
  return box;
}

int Decomposition::rank_of(PerAxis<int> coordinates) const noexcept {
  const PerAxis<int> grid = process_grid();
  return coordinates[0] + grid[0] * (coordinates[1] + grid[1] * coordinates[2]);
}

PerAxis<LocalIndex> Decomposition::local_cells() const noexcept {
  const Box own = box();
  PerAxis<LocalIndex> n{};
  for (std::size_t a = 0; a < 3; ++a) n[a] = static_cast<LocalIndex>(own.end[a] - own.begin[a]);
  return n;
}

int Decomposition::neighbour(Direction step) const noexcept {
  const PerAxis<int> grid = process_grid();
  PerAxis<int> there{};
  for (std::size_t a = 0; a < 3; ++a) {
    there[a] = coordinates_[a] + step[a];
    if (there[a] < 0 || there[a] >= grid[a]) {
      if (!periodic_[a]) return MPI_PROC_NULL;
      there[a] = (there[a] + grid[a]) % grid[a];
    }
  }
  return rank_of(there);
}

}  // namespace haloscope
