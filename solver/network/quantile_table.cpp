// SPDX-License-Identifier: BSD-3-Clause
#include "network/quantile_table.hpp"

#include <algorithm>
#include <limits>

#include "haloscope/base/elementary.hpp"

namespace haloscope::interconnect {
namespace {

constexpr double tail_begin = 0.9;

}  // namespace

QuantileTable::QuantileTable(const Quantiles& quantiles) {
  if (quantiles.empty()) return;
  const double half_sample = 0.5 / static_cast<double>(std::max<std::int64_t>(quantiles.samples, 1));
  last_x_ = -logarithm(half_sample);
  double last_below_one = 0;
  for (std::size_t i = 0; i + 1 < quantiles.p.size(); ++i) {
    const double p0 = quantiles.p[i], p1 = quantiles.p[i + 1], us0 = quantiles.us[i], us1 = quantiles.us[i + 1];
    if (p0 < 1) last_below_one = p0;
    if (p0 < tail_begin && p1 > tail_begin) {
      const double us = us0 + (us1 - us0) * (tail_begin - p0) / (p1 - p0);
      join(p0, us0, tail_begin, us);
      join(tail_begin, us, p1, us1);
    } else {
      join(p0, us0, p1, us1);
    }
  }
  pieces_.push_back({.begin = std::max(1 - half_sample, last_below_one),
                     .x = 0,
                     .us = quantiles.us.back(),
                     .slope = 0,
                     .tail = false});
  pieces_.push_back({.begin = std::numeric_limits<double>::infinity(),
                     .x = 0,
                     .us = 0,
                     .slope = 0,
                     .tail = false});  // stops searches
  std::size_t piece = 0;
  for (std::size_t i = 0; i < guide_.size(); ++i) {
    while (pieces_[piece + 1].begin <= static_cast<double>(i) / static_cast<double>(guide_.size())) ++piece;
    guide_[i] = static_cast<std::uint16_t>(piece);
  }
}

void QuantileTable::join(double p0, double us0, double p1, double us1) {
  if (p1 <= p0) return;
  if (p1 <= tail_begin) {
    pieces_.push_back({.begin = p0, .x = p0, .us = us0, .slope = (us1 - us0) / (p1 - p0), .tail = false});
    return;
  }
  const double x0 = -logarithm(1 - p0), x1 = p1 < 1 ? -logarithm(1 - p1) : last_x_;
  if (x1 > x0) pieces_.push_back({.begin = p0, .x = x0, .us = us0, .slope = (us1 - us0) / (x1 - x0), .tail = true});
}

double QuantileTable::at(double p) const noexcept {
  const auto slot = std::min(static_cast<std::size_t>(p * static_cast<double>(guide_.size())), guide_.size() - 1);
  std::size_t i = guide_[slot];
  while (pieces_[i + 1].begin <= p) ++i;
  const Piece& piece = pieces_[i];
  if (piece.slope == 0) return piece.us;
  return piece.us + piece.slope * ((piece.tail ? -logarithm(1 - p) : p) - piece.x);
}

}  // namespace haloscope::interconnect
