// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file transport.hpp
/// Neutral particles on the decomposed grid: one step is one batch of histories, or of generations.
///
/// Surface tracking: a flight stops at each face of a cell. That costs a step a cell even in a void. In return the flux
/// of a cell is scored by track length with one addition, even in a void or a duct, where delta tracking has nothing to
/// score. And a dense cell slows down only the particles inside it. Where the border of a fill cuts a cell, the
/// particle is tracked by virtual collisions within that cell alone (Woodcock et al., ANL-7050, 1965), so a sphere is a
/// sphere. There the reactions, not the flux, are scored at collisions.
///
/// A history depends on its number and the seed alone, so it is the same on any number of ranks: random numbers are
/// drawn by key (random.hpp), faces are located from a flight's origin by their number in the whole grid, and children
/// take numbers mixed from their parents'. Whole-number tallies agree to the bit, real ones to the order of summation.
///
/// Particles that leave a rank's box migrate in rounds of messages between neighbours. A step takes as many rounds as
/// its longest-travelled history crosses borders between ranks, plus two. Each costs the tracking of the slowest rank
/// and the latency of a neighbour; the sum that ends them hides behind the next. Memory is bounded by the particles in
/// flight (and, for an eigenvalue, by the sites of a generation), not by the number of histories.
///
/// Eigenvalue: power iteration. Every site of a generation starts one history of the next, with the weight that
/// restores the nominal number; none is drawn by lot, so no order of sites is needed. The yield of fission is divided
/// by the k that the last generation's whole numbers give.
///
/// A segment costs about 6 ns in 64³ cells of one group (2 MB of fluxes; a core of an EPYC of the fourth generation),
/// bound by the chain of operations from one face to the next, and about 18 ns in 128³ (17 MB), bound by cache misses
/// of the flux. A collision costs about 90 ns more.
///
/// Errors come from the means of steps. These are independent for a fixed source; for an eigenvalue they nearly are, if
/// a step has many generations. See Lux & Koblinger, Monte Carlo Particle Transport Methods, CRC 1991.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

/// A mean over batches with its standard error; NaN where there are too few batches.
struct Estimate {
  double mean = 0, standard_error = 0;
};

/// What happened in one step, over all ranks; whole numbers that are the same on any number of ranks.
struct TransportCounts {
  std::int64_t histories = 0;    ///< that a source started, or all generations
  std::int64_t secondaries = 0;  ///< born by fission in a fixed-source step; every one is a history of its own
  std::int64_t segments = 0;     ///< from one face or collision, virtual ones included, to the next
  std::int64_t collisions = 0;   ///< without the virtual ones
  std::int64_t absorbed = 0, leaked = 0, rouletted = 0;  ///< ends of histories
  std::int64_t lost = 0;                                 ///< likewise; must be 0
  std::int64_t fission_sites = 0;
  std::int64_t fingerprint = 0;  ///< sum over histories of a mix of each one's number, end and number of draws
  friend bool operator==(const TransportCounts&, const TransportCounts&) = default;
};

class Transport {
 public:
  /// Collective. Keeps references to @p decomposition, @p settings and @p clock. @p decomposition must be periodic
  /// where the boundaries are. @throws UserError
  Transport(const Decomposition& decomposition, const Case& settings, PhaseClock& clock);
  ~Transport();

  /// One batch. Collective; not to be called once stopped() says something. @throws LibraryError
  void step();
  [[nodiscard]] const TransportCounts& counts() const noexcept;  ///< of the last step
  [[nodiscard]] std::int64_t rounds() const noexcept;            ///< of exchanges, in the last step
  [[nodiscard]] std::int64_t migrations() const noexcept;        ///< from rank to rank, over all, in the last step
  [[nodiscard]] double k_of_step() const noexcept;               ///< eigenvalue: of the last step, by track length
  /// Why the run cannot go on (a supercritical source); empty when it can. The same on every rank.
  [[nodiscard]] const std::string& stopped() const noexcept;
  /// Positions [cm] of the first lost particles of any rank, for people. Collective.
  [[nodiscard]] std::string lost_positions() const;

  /// Over the steps so far, without an eigenvalue's inactive ones; the same on every rank. Rates are in 1/s for a fixed
  /// source; for an eigenvalue they are for one neutron that starts. So are fluxes, in 1/(cm² s) or 1/cm². By name:
  /// k_effective, k_effective_by_collisions; leakage, leakage_SIDE, absorption (of weights as they happened);
  /// flux:TALLY (mean over the region), flux_by_collisions:TALLY; absorption:TALLY, production:TALLY (rates in the
  /// region as expected from its flux). Not means, and without an error: balance_error, the worst step's |source +
  /// production - absorption - leakage| over its source; lost_particles, of all steps. NaN for any other name.
  [[nodiscard]] Estimate estimate(const std::string& name) const;
  /// Mean flux in each cell of this rank's box, shape (nz, ny, nx), of @p group from 0. Not collective.
  [[nodiscard]] std::vector<double> cell_flux(int group) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace haloscope
