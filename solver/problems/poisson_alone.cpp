// SPDX-License-Identifier: BSD-3-Clause
// The bare pressure solve. Each step solves -∇²x = b from zero for a solution that is known in closed form:
//
//   x = Π g(θ_d) - mean,  g(θ) = exp(cos θ - 1),  θ_d = π x_d/L_d between walls, 2π x_d/L_d on a periodic axis,
//   b = -∇²x = Σ_d (θ_d')² (cos θ_d - sin² θ_d) Π g.
//
// g is smooth and its slope vanishes on walls. A single product of cosines would be an eigenvector of the operator,
// solved by any Krylov method in one iteration; g has all wave numbers. The error that remains is the stencil's, of
// second order.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "haloscope/case/growth.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/flow/poisson.hpp"
#include "haloscope/problems/workload.hpp"
#include "problems/pressure.hpp"

namespace haloscope {

namespace {

/// What can be the name of a method; only PETSc knows which there are.
Kind<std::string> krylov_method() {
  return text(R"("cg", "pipecg", "groppcg", "chebyshev" or another KSP type of PETSc)", [](const std::string& s) {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    return !s.empty() && s.size() <= 80 && std::all_of(s.begin(), s.end(), allowed);
  });
}

void add_poisson_keys(Schema<Case>& keys) {
  keys.table("poisson", "The pressure solve, in cases of problem `flow` and `poisson`.");
  keys.add("krylov", krylov_method(), &Case::krylov).means("the Krylov method");
  keys.add("preconditioner",
           one_of<Preconditioner>({{"none", Preconditioner::none},
                                   {"jacobi", Preconditioner::jacobi},
                                   {"multigrid", Preconditioner::multigrid}}),
           &Case::preconditioner)
      .means("`multigrid` is our own geometric V-cycle");
  keys.add("precision", one_of<Precision>({{"single", Precision::single}, {"double", Precision::double_}}),
           &Case::precision)
      .means(
          "of the multigrid cycle; the Krylov method is always double. \"single\" holds for cg, fcg, chebyshev and "
          "richardson; others (pipecg, groppcg, bcgs, …) carry the rounding of early cycles along and get the cycle in "
          "double");
  keys.add("tolerance", fraction(), &Case::tolerance).means("on the relative residual: norm(b - A x) / norm(b)");
  keys.add("iterations", integer<int>(0), &Case::iterations)
      .means(
          "above 0: exactly so many iterations a solve, whatever the residual. Constant work: the step time then shows "
          "the machine, not the convergence");
  keys.add("max_iterations", integer<int>(1), &Case::max_iterations).means("a solve that needs more has failed");
  keys.add("smoothing", integer<int>(1, 16), &Case::smoothing)
      .means("degree of the smoother before and after each coarse correction");
}

/// g and -g'' of one axis at the cells of this rank, without and with (θ')².
struct AxisTable {
  std::vector<double> g, minus_second_derivative;
};

AxisTable tabulate(const Decomposition& decomposition, const Case& settings, std::size_t axis) {
  const Box box = decomposition.box();
  const GlobalIndex cells = settings.cells[axis];
  const double slope = (settings.periodic[axis] ? 2 : 1) * std::numbers::pi / settings.length_m[axis];  // [1/m]
  AxisTable table;
  for (GlobalIndex i = box.begin[axis]; i < box.end[axis]; ++i) {
    const double theta = slope * (static_cast<double>(i) + 0.5) * settings.length_m[axis] / static_cast<double>(cells);
    const double g = cells == 1 ? 1 : std::exp(std::cos(theta) - 1);  // nothing varies along an axis of one cell
    const double curvature = cells == 1 ? 0 : slope * slope * (std::cos(theta) - std::sin(theta) * std::sin(theta));
    table.g.push_back(g);
    table.minus_second_derivative.push_back(curvature * g);
  }
  return table;
}

class PoissonWorkload final : public Workload {
 public:
  PoissonWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock)
      : decomposition_(comm, settings.cells, settings.periodic, settings.process_grid),
        poisson_(decomposition_, settings, clock) {
    const AxisTable x = tabulate(decomposition_, settings, 0);
    const AxisTable y = tabulate(decomposition_, settings, 1);
    const AxisTable z = tabulate(decomposition_, settings, 2);
    double sum = 0;
    for (std::size_t k = 0; k < z.g.size(); ++k)
      for (std::size_t j = 0; j < y.g.size(); ++j)
        for (std::size_t i = 0; i < x.g.size(); ++i) {
          exact_.push_back(x.g[i] * y.g[j] * z.g[k]);
          right_side_.push_back(x.minus_second_derivative[i] * y.g[j] * z.g[k] +
                                x.g[i] * y.minus_second_derivative[j] * z.g[k] +
                                x.g[i] * y.g[j] * z.minus_second_derivative[k]);
          sum += exact_.back();
        }
    sum = reduce(sum, MPI_SUM);
    for (double& value : exact_) value -= sum / static_cast<double>(decomposition_.total_cells());
  }

  std::map<std::string, std::string> attributes() const override {
    return {{"cells", by_axes(decomposition_.cells())},
            {"process_grid", by_axes(decomposition_.process_grid())},
            {"method", poisson_.describe()},
            {"work_unit", "unknowns solved"},
            {"work_per_step", std::to_string(decomposition_.total_cells())}};
  }

  std::vector<std::string> quantities() const override { return {"iterations", "residual"}; }

  void prepare() override {
    std::ranges::copy(right_side_, poisson_.right_side().origin);
  }  // the last solve overwrote it
  void step() override { last_ = poisson_.solve(); }
  std::vector<double> outcome() override {
    iterations_max_ = std::max(iterations_max_, last_.iterations);
    return {static_cast<double>(last_.iterations), last_.relative_residual};
  }

  double quantity(const std::string& name) override {
    if (name == "iterations_per_solve_max") return iterations_max_;
    if (name != "solution_error_max" && name != "solution_error_l2") return std::nan("");
    const double* const solution = poisson_.solution().origin;
    double largest = 0, squares = 0;
    for (std::size_t i = 0; i < exact_.size(); ++i) {
      const double error = std::abs(solution[i] - exact_[i]);
      if (!(error <= largest)) largest = error;  // a NaN is kept
      squares += error * error;
    }
    if (name == "solution_error_max") return reduce(largest, MPI_MAX);
    return std::sqrt(reduce(squares, MPI_SUM) / static_cast<double>(decomposition_.total_cells()));
  }

 private:
  double reduce(double value, MPI_Op operation) const {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, operation, decomposition_.comm()));
    return value;
  }

  Decomposition decomposition_;
  Poisson poisson_;
  std::vector<double> exact_, right_side_;
  SolveReport last_;
  int iterations_max_ = 0;
};

}  // namespace

const Problem& poisson_problem() {
  static const Problem problem = {
      .name = "poisson",
      .add_keys = add_poisson_keys,
      .shared = {"grid", "halo", "run.end_time_s"},
      .phases = {solver_phases.begin(), solver_phases.end()},
      .quantities = {{.name = "solution_error_l2"},
                     {.name = "solution_error_max"},
                     {.name = "iterations_per_solve_max"}},
      .expects_for = {"grid."},
      .needs_ghosts = true,
      .calibrated_sizes = cells_halved_twice,
      .grow = grow_grid,
      .shrink = halve_grid,
      .judge = judge_pressure,
      .make = make_workload_of<PoissonWorkload>,
  };
  return problem;
}

}  // namespace haloscope
