// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What is counted: per cell and group while particles are tracked, per region and step afterwards.
//
// Whole numbers are the same on any number of ranks. Reals are sums of the same terms in another order.
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "haloscope/base/axes.hpp"
#include "haloscope/transport/transport.hpp"
#include "transport/geometry.hpp"
#include "transport/material.hpp"

namespace haloscope {

/// Of one step, of this rank or of all.
struct StepSums {
  TransportCounts counts;
  std::uint64_t fingerprint = 0;  ///< wraps
  // Weights; a particle of a fixed source starts with about 1, so these are parts of `particles`.
  double started = 0, born = 0, absorbed = 0, roulette_gain = 0, roulette_loss = 0, lost = 0;
  std::array<double, n_sides> leaked{};
  std::int64_t migrations = 0;
};

/// The arrays that a flight writes to, shaped as Geometry::kinds, one of each for every group.
class CellTallies {
 public:
  CellTallies(const Geometry& geometry, int groups);

  // Of this step: sums of weights times …
  [[nodiscard]] double* flux(int group) noexcept { return &flux_[start(group)]; }              ///< lengths [cm]
  [[nodiscard]] double* collisions(int group) noexcept { return &collisions_[start(group)]; }  ///< mean free paths [cm]
  [[nodiscard]] double* absorbed(int group) noexcept {
    return &absorbed_[start(group)];
  }  ///< parts absorbed; in mixtures
  [[nodiscard]] double* produced(int group) noexcept { return &produced_[start(group)]; }  ///< likewise

  /// Adds the step to the mean flux by cell where @p keep, and begins the next.
  void fold(bool keep);
  /// Sum over steps of the weights times lengths in a cell, and how many steps were kept.
  [[nodiscard]] const double* total_flux(int group) const noexcept { return &total_flux_[start(group)]; }
  [[nodiscard]] std::int64_t kept() const noexcept { return kept_; }
  [[nodiscard]] double bytes() const noexcept;  ///< that a fold moves

 private:
  [[nodiscard]] std::size_t start(int group) const noexcept { return static_cast<std::size_t>(group) * size_; }
  std::size_t size_;
  std::vector<double> flux_, collisions_, absorbed_, produced_, total_flux_;
  std::int64_t kept_ = 0;
};

/// A box of whole cells over which a step is summed, in the part of it that this rank has.
struct Region {
  std::string name;
  PerAxis<std::int32_t> begin{}, end{};  ///< cells of the grid that are in this rank's box, [begin, end)
  int first_group = 0, end_group = 1;
  double volume = 0;                            ///< of the whole region [cm³]
  [[nodiscard]] double cells() const noexcept;  ///< of this rank's part, times groups
};
[[nodiscard]] Region make_region(const Geometry& geometry, const TransportCase& settings, const TallyRegion& tally);

/// Sums of weights times lengths, mean free paths, and expected absorptions and productions.
struct RegionSums {
  double flux = 0, flux_by_collisions = 0, absorption = 0, production = 0, production_by_collisions = 0;
};
[[nodiscard]] RegionSums sum_over(const Region& region, const Geometry& geometry, const MaterialTable& materials,
                                  CellTallies& cells);

/// A mean over batches, one value at a time.
// Welford, Technometrics 4 (1962), 419.
class BatchMean {
 public:
  void add(double value) noexcept {
    ++n_;
    const double off = value - mean_;
    mean_ += off / static_cast<double>(n_);
    squares_ += off * (value - mean_);
  }
  [[nodiscard]] Estimate estimate() const noexcept {
    const double n = static_cast<double>(n_);
    return {n_ < 1 ? std::nan("") : mean_, n_ < 2 ? std::nan("") : std::sqrt(squares_ / (n - 1) / n)};
  }

 private:
  std::int64_t n_ = 0;
  double mean_ = 0, squares_ = 0;
};

}  // namespace haloscope
