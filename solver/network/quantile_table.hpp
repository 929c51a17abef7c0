// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file quantile_table.hpp
/// A measured distribution, prepared for reading at any probability in constant time.
#include <array>
#include <cstdint>
#include <vector>

#include "haloscope/network/profile.hpp"

namespace haloscope::interconnect {

/// Linear in p up to 0.9 and in -ln(1 - p) beyond, as Quantiles says. Where 0.9 falls between two entries, the value
/// there comes from the straight line in p. Equal values (a clock's steps) and equal probabilities (jumps) are allowed.
class QuantileTable {
 public:
  QuantileTable() = default;  ///< empty; not to be read
  /// @p quantiles must be valid: p from 0 to 1, neither column falling, at least one sample.
  explicit QuantileTable(const Quantiles& quantiles);

  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  /// The value at @p p, 0 <= p <= 1. [us]
  [[nodiscard]] double at(double p) const noexcept;

 private:
  struct Piece {
    double begin;         ///< holds from this p to the next piece's
    double x, us, slope;  ///< us + slope (X - x), X = p or -ln(1 - p)
    bool tail;            ///< the latter
  };
  void join(double p0, double us0, double p1, double us1);

  std::vector<Piece> pieces_;               ///< and one beyond every p
  std::array<std::uint16_t, 256> guide_{};  ///< the piece that holds at i / 256
  double last_x_ = 0;                       ///< -ln(1 - p) where p = 1 is taken to be
};

}  // namespace haloscope::interconnect
