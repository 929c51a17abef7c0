// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "contenders.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/flow/poisson.hpp"

namespace haloscope::bench {

namespace {

Case settings_of(const PoissonProblem& problem, Precision precision, HaloMethod method) {
  Case settings;
  settings.name = "bench";
  settings.file = "bench";
  settings.cells = problem.where.cells();
  settings.periodic = problem.where.periodic();
  settings.process_grid = problem.where.process_grid();
  settings.precision = precision;
  settings.halo_method = method;
  settings.tolerance = problem.tolerance;
  return settings;
}

class Ours final : public Contender {
 public:
  Ours(std::string name, const PoissonProblem& problem, Precision precision, HaloMethod method)
      : Contender(std::move(name), "ours", problem),
        solver_(problem.where, settings_of(problem, precision, method), clock_) {}
  void load() override { std::ranges::copy(problem().right_side(), solver_.right_side().origin); }
  void solve() override {
    const SolveReport report = solver_.solve();
    require(report.converged, "our solver converges");
    iterations_ = report.iterations;
  }
  int iterations() const override { return iterations_; }
  std::vector<double> solution() override {
    const double* const x = solver_.solution().origin;
    return {x, x + problem().right_side().size()};
  }

 private:
  PhaseClock clock_;
  Poisson solver_;
  int iterations_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_ours(std::string name, const PoissonProblem& problem, Precision precision,
                                     HaloMethod method) {
  return std::make_unique<Ours>(std::move(name), problem, precision, method);
}

}  // namespace haloscope::bench
