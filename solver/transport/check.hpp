// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file check.hpp
/// Between the files that check a case of problem transport.
#include <cstddef>
#include <string>

#include "haloscope/case/keys.hpp"

namespace haloscope {

/// Of sums of cross-sections, and of places as a share of the grid's length.
inline constexpr double allowed_rounding = 1e-9;

/// The case with what refuses; `path` and `item` of each refusal are those of a key.
struct Checked {
  const Case& all;
  const Origin& origin;
  const TransportCase& c = all.transport;

  [[noreturn]] void refuse(const std::string& path, const std::string& allowed, std::size_t item = 0) const {
    haloscope::refuse(origin, all, path, allowed, item);
  }
  [[nodiscard]] double slack(std::size_t axis) const { return allowed_rounding * c.length_cm[axis]; }
};

/// Of one item each. @throws UserError
void check_fill(const Checked& in, std::size_t item);
void check_source(const Checked& in, std::size_t item);
void check_tally(const Checked& in, std::size_t item);

}  // namespace haloscope
