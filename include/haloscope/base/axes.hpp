// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file axes.hpp
/// Words for a grid of three axes: indices of cells, sides, boxes, and how an axis coarsens. No MPI.
///
/// Axes are x, y, z = 0, 1, 2; arrays over axes are in that order.
#include <array>
#include <cstddef>
#include <cstdint>

namespace haloscope {

using GlobalIndex = std::int64_t;  ///< a cell's number in the whole grid
using LocalIndex = int;            ///< a cell's number in the box of this rank
template <class T>
using PerAxis = std::array<T, 3>;

/// A step to a neighbour: each component -1, 0 or 1.
using Direction = PerAxis<int>;

/// One of the six faces of a box: 2 * axis + (1 if on the high side).
enum class Side : int { west, east, south, north, below, above };
inline constexpr int n_sides = 6;
inline constexpr std::array<const char*, n_sides> side_names = {"west", "east", "south", "north", "below", "above"};
[[nodiscard]] constexpr int axis_of(Side side) noexcept { return static_cast<int>(side) / 2; }
[[nodiscard]] constexpr bool is_high(Side side) noexcept { return static_cast<int>(side) % 2 == 1; }
[[nodiscard]] constexpr Direction direction_of(Side side) noexcept {
  Direction step{0, 0, 0};
  step[static_cast<std::size_t>(axis_of(side))] = is_high(side) ? 1 : -1;
  return step;
}

/// Cells [begin, end) in each axis.
struct Box {
  PerAxis<GlobalIndex> begin{}, end{};
  friend bool operator==(const Box&, const Box&) = default;
};

/// Coarsening an axis of n cells gives (n+1)/2 cells of equal width; fine cell i lies (by its centre) in coarse cell
/// coarse_index(i, n), whose first fine cell is first_fine(c, n). Two to one, but for one middle cell when n is odd.
[[nodiscard]] constexpr GlobalIndex coarse_cells(GlobalIndex n) noexcept { return (n + 1) / 2; }
[[nodiscard]] constexpr GlobalIndex coarse_index(GlobalIndex i, GlobalIndex n) noexcept {
  return (2 * i + 1) * coarse_cells(n) / (2 * n);
}
[[nodiscard]] constexpr GlobalIndex first_fine(GlobalIndex c, GlobalIndex n) noexcept {
  const GlobalIndex nc = coarse_cells(n);
  return (2 * c * n + nc - 1) / (2 * nc);  // the least i with (2i+1) nc >= 2 c n
}

}  // namespace haloscope
