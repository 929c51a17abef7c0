// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file poisson_problem.hpp
/// The problem that all contenders solve, -∇²x = b on n³ cells of the unit cube, and the one residual that judges them.
///
/// b is noise in [-1, 1) by seed and cell, less its mean: every wavelength is in it, and it does not depend on the
/// ranks. Arrays are dense boxes (nz, ny, nx) of Decomposition, which DMDA and hypre's struct grids use too.
#include <cstdint>
#include <string>
#include <vector>

#include "haloscope/grid/decomposition.hpp"

namespace haloscope::bench {

class PoissonProblem {
 public:
  /// Collective over @p comm.
  PoissonProblem(MPI_Comm comm, GlobalIndex n, bool periodic, double tolerance, std::uint64_t seed = 1);

  const Decomposition where;
  const GlobalIndex n;
  const bool periodic;
  const double tolerance;  ///< ‖b - Ax‖₂ / ‖b‖₂
  [[nodiscard]] double spacing() const noexcept { return 1.0 / static_cast<double>(n); }
  [[nodiscard]] const std::vector<double>& right_side() const noexcept { return right_side_; }
  [[nodiscard]] double unknowns() const noexcept { return static_cast<double>(where.total_cells()); }

  /// ‖b - Ax‖₂ / ‖b‖₂ by a plain loop that shares nothing with any contender. Collective.
  [[nodiscard]] double relative_residual(const std::vector<double>& x) const;

 private:
  std::vector<double> right_side_;
};

/// One solver of one problem, set up when made.
class Contender {
 public:
  Contender(std::string name, std::string group, const PoissonProblem& problem)
      : name_(std::move(name)), group_(std::move(group)), problem_(problem) {}
  virtual ~Contender() = default;
  virtual void load() = 0;                     ///< takes the right side and a zero guess; not timed
  virtual void solve() = 0;                    ///< timed
  virtual int iterations() const = 0;          ///< of the last solve
  virtual std::vector<double> solution() = 0;  ///< in this rank's box
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& group() const noexcept { return group_; }
  [[nodiscard]] const PoissonProblem& problem() const noexcept { return problem_; }

 private:
  std::string name_, group_;
  const PoissonProblem& problem_;
};

}  // namespace haloscope::bench
