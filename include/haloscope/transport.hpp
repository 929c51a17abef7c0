// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file transport.hpp
/// Neutral particles on the decomposed grid: one step is one batch of histories, or of generations.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "haloscope/case.hpp"
#include "haloscope/decomposition.hpp"
#include "haloscope/phases.hpp"

namespace haloscope {

/// A mean over batches with its standard error, both NaN where there is none.
struct Estimate {
  double mean = 0, standard_error = 0;
};

/// What happened in one step, over all ranks; whole numbers that are the same on any number of ranks.
struct TransportCounts {
  std::int64_t histories = 0;    ///< source particles, or those of all generations
  std::int64_t secondaries = 0;  ///< born by fission in a fixed-source step
  std::int64_t segments = 0;     ///< flights from face or collision to face or collision
  std::int64_t collisions = 0;
  std::int64_t absorbed = 0, leaked = 0, rouletted = 0;  ///< ends of histories
  std::int64_t lost = 0;                                 ///< must be 0
  std::int64_t fission_sites = 0;
  std::int64_t fingerprint = 0;  ///< sum over histories of a mix of each one's end and number of draws
};

class Transport {
 public:
  /// Collective. Keeps references to @p decomposition, @p settings and @p clock. @throws UserError
  Transport(const Decomposition& decomposition, const Case& settings, PhaseClock& clock);
  ~Transport();

  /// One batch. Collective. @throws LibraryError
  void step();
  [[nodiscard]] const TransportCounts& counts() const noexcept;  ///< of the last step
  [[nodiscard]] std::int64_t rounds() const noexcept;            ///< of exchanges, in the last step
  [[nodiscard]] std::int64_t migrations() const noexcept;        ///< particles this rank sent away in the last step
  [[nodiscard]] double k_of_step() const noexcept;               ///< eigenvalue: of the last step
  /// Why the run cannot go on (a supercritical source); empty when it can. The same on every rank.
  [[nodiscard]] const std::string& stopped() const noexcept;
  /// Positions [cm] of the first lost particles of any rank, for people. Collective.
  [[nodiscard]] std::string lost_positions() const;

  /// By the names that cases/README.md lists: k_effective, leakage, leakage_SIDE, absorption, balance_error,
  /// lost_particles, flux:TALLY, flux_by_collisions:TALLY, absorption:TALLY, production:TALLY. The same on every rank.
  [[nodiscard]] Estimate estimate(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace haloscope
