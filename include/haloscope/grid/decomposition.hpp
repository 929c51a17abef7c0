// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file decomposition.hpp
/// Cuts a Cartesian grid into one box a rank.
///
/// Tensor-product cuts: every axis is cut once for all ranks, so a rank has at most one neighbour in each of the 26
/// directions. Memory is z-slowest. Ranks are numbered x fastest. Where a rank keeps at least eight cells along an
/// axis, cuts fall between coarse cells, so that multigrid can coarsen every box by itself; the price is an imbalance
/// of at most one cell an axis.
#include <mpi.h>

#include <vector>

#include "haloscope/base/axes.hpp"
#include "haloscope/base/handles.hpp"

namespace haloscope {

/// The offsets of @p parts pieces of @p cells cells: parts + 1 numbers, first 0, last cells. @pre 1 <= parts <= cells.
/// Pieces of at least eight cells are cut between coarse cells.
[[nodiscard]] std::vector<GlobalIndex> cut(GlobalIndex cells, int parts);

/// The process grid with the least surface per box whose axes do not outnumber their cells; z is cut before y before x
/// on ties (cheapest to pack). Zeros in @p wanted are chosen, other values kept. @throws UserError where none fits.
[[nodiscard]] PerAxis<int> choose_process_grid(int ranks, PerAxis<GlobalIndex> cells, PerAxis<int> wanted = {0, 0, 0});

class Decomposition {
 public:
  /// Collective over @p comm, which is duplicated. @throws UserError when more ranks than cells lie along an axis.
  Decomposition(MPI_Comm comm, PerAxis<GlobalIndex> cells, PerAxis<bool> periodic,
                PerAxis<int> process_grid = {0, 0, 0});
  /// The same with the cuts given, offsets as from cut().
  Decomposition(MPI_Comm comm, PerAxis<std::vector<GlobalIndex>> cuts, PerAxis<bool> periodic);

  [[nodiscard]] MPI_Comm comm() const noexcept { return comm_.get(); }
  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] int ranks() const noexcept { return ranks_; }
  [[nodiscard]] PerAxis<GlobalIndex> cells() const noexcept;  ///< of the whole grid
  [[nodiscard]] GlobalIndex total_cells() const noexcept;     ///< of the whole grid
  [[nodiscard]] PerAxis<bool> periodic() const noexcept { return periodic_; }
  [[nodiscard]] PerAxis<int> process_grid() const noexcept;
  [[nodiscard]] PerAxis<int> coordinates() const noexcept { return coordinates_; }
  [[nodiscard]] const PerAxis<std::vector<GlobalIndex>>& cuts() const noexcept { return cuts_; }
  [[nodiscard]] Box box() const noexcept { return box_of(coordinates_); }
  [[nodiscard]] Box box_of(PerAxis<int> coordinates) const noexcept;
  [[nodiscard]] int rank_of(PerAxis<int> coordinates) const noexcept;
  [[nodiscard]] PerAxis<LocalIndex> local_cells() const noexcept;

  /// The rank one step away, this rank itself across a periodic axis of one process, MPI_PROC_NULL beyond a wall.
  [[nodiscard]] int neighbour(Direction step) const noexcept;
  /// True where this rank's box ends at a wall of the grid.
  [[nodiscard]] bool at_wall(Side side) const noexcept { return neighbour(direction_of(side)) == MPI_PROC_NULL; }

 private:
  Communicator comm_;
  PerAxis<std::vector<GlobalIndex>> cuts_;
  PerAxis<bool> periodic_{};
  PerAxis<int> coordinates_{};
  int rank_ = 0, ranks_ = 1;
};

}  // namespace haloscope
