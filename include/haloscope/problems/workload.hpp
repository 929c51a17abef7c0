// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file workload.hpp
/// What a run repeats: the flow, particles, a part of either or a proxy of other programs, behind one face.
///
/// Only step() is timed. What a measurement needs but must not pay for (restoring a right-hand side, checking ghost
/// cells) goes to prepare() before it and outcome() after it. One virtual call a step, none inside.
#include <mpi.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/problem.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

class Workload {
 public:
  virtual ~Workload() = default;
  /// Root attributes of the run file: cells, process_grid, method, work_unit, work_per_step. Collective.
  [[nodiscard]] virtual std::map<std::string, std::string> attributes() const = 0;
  /// Names of what outcome() returns, in that order: the data sets under /solver.
  [[nodiscard]] virtual std::vector<std::string> quantities() const = 0;
  virtual void prepare() {}                                      ///< Untimed. Collective.
  virtual void step() = 0;                                       ///< Timed, all of it. Collective. @throws LibraryError
  [[nodiscard]] virtual std::vector<double> outcome() = 0;       ///< Untimed. Collective; the same on every rank.
  [[nodiscard]] virtual bool finished() const { return false; }  ///< The end time is reached.
  [[nodiscard]] virtual double time() const { return 0; }        ///< simulated [s]
  /// The final profiles, under /profiles. Collective; the same on every rank.
  [[nodiscard]] virtual std::vector<LineProfile> profiles() { return {}; }
  /// A final value by the name an Expectation uses; NaN when there is none. Collective; the same on every rank.
  [[nodiscard]] virtual double quantity(const std::string& name) = 0;
  /// The standard error of that value; NaN for one that is not drawn at random. Collective; the same on every rank.
  [[nodiscard]] virtual double standard_error(const std::string& name);
  /// Why no further step can be taken; empty when one can. The same on every rank.
  [[nodiscard]] virtual std::string stopped() const { return {}; }
  /// Where particles were lost, which /solver/lost counts, for people. Collective; the same on every rank.
  [[nodiscard]] virtual std::string lost_positions() { return {}; }
};

/// What a workload runs on. The clock must outlive it.
struct Workplace {
  MPI_Comm comm;
  PhaseClock& clock;
};

/// Problem::make of a workload that is constructed from these three.
template <class Made>
std::unique_ptr<Workload> make_workload_of(const Case& settings, const Workplace& on) {
  return std::make_unique<Made>(on.comm, settings, on.clock);
}

/// Collective over @p comm. @throws UserError for settings that cannot run on so many ranks, LibraryError
[[nodiscard]] std::unique_ptr<Workload> make_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock);

/// "128 x 128 x 64", for attributes.
[[nodiscard]] std::string by_axes(PerAxis<std::int64_t> n);
[[nodiscard]] std::string by_axes(PerAxis<int> n);

}  // namespace haloscope
