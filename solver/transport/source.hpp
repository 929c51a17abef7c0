// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where the particles of a batch start. Every rank finds those that start in its own box, and touches few others.
//
// The cells of a source are counted along x, then y, then z. Particle i of its n starts at the part u = (i + ξ)/n of
// its volume, with ξ uniform by the particle's own number. So n particles are spread over n equal strata (stratified
// sampling lessens the variance). The particles of a row of cells have consecutive numbers, known without drawing the
// others; at either end of a row of this box one or two are drawn in vain. Therefore the particles of a batch are not
// independent of each other. Batches are, and errors are estimated from batches alone.
#include <cstdint>
#include <vector>

#include "haloscope/base/axes.hpp"
#include "haloscope/base/random.hpp"
#include "haloscope/case/transport_case.hpp"
#include "transport/geometry.hpp"
#include "transport/particle.hpp"

namespace haloscope {

/// One source of a case.
class SourceRegion {
 public:
  /// @p side -1: the volume; else a rectangle on that side.
  SourceRegion(const Geometry& geometry, const TransportCase& settings, const ParticleSource& source);

  /// Cells of the source and of this box, [begin, end).
  PerAxis<std::int32_t> own_begin{}, own_end{};
  [[nodiscard]] bool is_here() const noexcept;
  /// The particles whose number within the source lies in [first, last) hold all that start in the row (j, k) here.
  struct Numbers {
    std::int64_t first, last;
  };
  [[nodiscard]] Numbers row(std::int32_t j, std::int32_t k) const noexcept;
  /// The cell of particle @p i; @p xi in (0, 1).
  [[nodiscard]] PerAxis<std::int32_t> cell_of(std::int64_t i, double xi) const noexcept;
  [[nodiscard]] bool owns(PerAxis<std::int32_t> cell) const noexcept;
  /// A particle without its cell and number. It takes two draws of four numbers; @p place is the first.
  [[nodiscard]] Particle start(PerAxis<std::int32_t> cell, const FourNumbers& place,
                               const FourNumbers& aim) const noexcept;

  std::int64_t count = 0;   ///< particles a batch
  std::int64_t offset = 0;  ///< the number of the first
  double weight = 1;        ///< of each
  double strength = 0;      ///< [1/s]

 private:
  /// Along one axis: the cells that the source meets, the part of each that it covers.
  struct Axis {
    std::int32_t first = 0;
    std::vector<double> low, high;  ///< [cm]
    std::vector<double> sum;  ///< of the lengths up to each cell, the whole being 1; one more than there are cells
    [[nodiscard]] std::size_t find(double u) const noexcept;
    [[nodiscard]] double rest(double u, std::size_t at) const noexcept;
  };
  void cover(const Geometry& geometry, std::size_t axis, double low, double high);
  void cover_side(const Geometry& geometry);

  PerAxis<Axis> axes_;
  PerAxis<double> direction_{};
  int side_ = -1, group_ = 0;
  bool directed_ = false;
};

/// Draws the particles of one batch that start here, one after the other.
class Source {
 public:
  /// Not collective. @throws UserError
  Source(const Geometry& geometry, const TransportCase& settings, std::uint64_t seed);

  void begin(std::uint32_t batch);
  /// False when no further one starts here.
  [[nodiscard]] bool next(Particle& particle);
  [[nodiscard]] double strength() const noexcept { return strength_; }  ///< of all sources [1/s]

 private:
  [[nodiscard]] bool next_row();

  std::vector<SourceRegion> regions_;
  std::uint64_t seed_;
  double strength_ = 0;
  // Where the batch stands.
  std::uint32_t batch_ = 0;
  std::size_t region_ = 0;
  std::int32_t j_ = 0, k_ = 0;
  SourceRegion::Numbers numbers_{};
  std::int64_t next_ = 0;
};

/// A direction with cosine @p mu to the z axis, and @p azimuth round it.
[[nodiscard]] inline PerAxis<double> direction_at(double mu, CirclePoint azimuth) noexcept {
  const double sine = std::sqrt(std::max(0.0, 1 - mu * mu));
  return {sine * azimuth.cosine, sine * azimuth.sine, mu};
}

}  // namespace haloscope
