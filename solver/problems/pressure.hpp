// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file pressure.hpp
/// Inside problems: what the two problems that solve for a pressure share.
#include <string>
#include <string_view>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/case/evidence.hpp"

namespace haloscope {

/// What halve_grid() does in a calibration.
inline constexpr std::string_view cells_halved_twice = "all cells, half and a quarter an axis";

/// A residual above the tolerance speaks against the result, unless the number of iterations was fixed.
void judge_pressure(const Case& settings, const Evidence& evidence, std::vector<std::string>& reasons);

/// Steps in which the series @p name was above @p bound speak against it.
void look_for_excess(const Evidence& evidence, const std::string& name, double bound,
                     std::vector<std::string>& reasons);

}  // namespace haloscope
