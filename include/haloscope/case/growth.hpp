// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file growth.hpp
/// A grid that is cut over the ranks: how it grows with them in a weak study, and shrinks for a calibration.
#include <cstdint>

#include "haloscope/case/problem.hpp"

namespace haloscope {

/// How often the box of one rank is repeated along each axis for @p ranks: the most cubic way, cut along z before y
/// before x on ties; axes of one cell stay so. @throws UserError where every axis has one cell
[[nodiscard]] PerAxis<int> weak_growth(int ranks, const PerAxis<GlobalIndex>& cells);

/// The case's grid is the box of one rank: cells, lengths and process grid for @p ranks. @throws UserError
[[nodiscard]] Growth grow_grid(const Case& settings, int ranks);

/// Halves each axis that has 16 cells or more. @return how many times fewer cells there are
std::int64_t halve_grid(Case& settings);

}  // namespace haloscope
