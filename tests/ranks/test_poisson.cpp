// SPDX-License-Identifier: BSD-3-Clause
// The solve on any number of ranks against one rank, a formula, and its own promises.
#include <mpi.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/flow/poisson.hpp"
#include "petsc.hpp"

using namespace haloscope;
using std::numbers::pi;

namespace {

Case settings_for(PerAxis<GlobalIndex> cells, bool periodic) {
  Case c;
  c.file = "test.toml";
  c.cells = cells;
  c.periodic = {periodic, periodic, periodic};
  return c;
}

/// A number in [-1/2, 1/2) from a cell's place in the whole grid (the finaliser of SplitMix64).
double noise(PerAxis<GlobalIndex> cell, PerAxis<GlobalIndex> n) {
  auto h = static_cast<std::uint64_t>(cell[0] + n[0] * (cell[1] + n[1] * cell[2]) + 1) * 0x9E3779B97F4A7C15u;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
  return static_cast<double>((h ^ (h >> 31)) >> 11) / 9007199254740992.0 - 0.5;
}

template <class Value>
void fill(FieldView<double> f, const Box& box, const Value& value) {
  for (int k = 0; k < f.cells[2]; ++k)
    for (int j = 0; j < f.cells[1]; ++j)
      for (int i = 0; i < f.cells[0]; ++i)
        f(i, j, k) = value(PerAxis<GlobalIndex>{box.begin[0] + i, box.begin[1] + j, box.begin[2] + k});
}

double largest(double mine) {
  double all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return all;
}

/// Solves noise on the world and, whole, on this rank alone; the largest difference over the largest value.
double difference_from_one_rank(const Case& settings) {
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, settings.cells, settings.periodic),
      alone(MPI_COMM_SELF, settings.cells, settings.periodic);
  Poisson parallel(where, settings, clock), serial(alone, settings, clock);
  const auto value = [&](PerAxis<GlobalIndex> cell) { return noise(cell, settings.cells); };
  fill(parallel.right_side(), where.box(), value);
  fill(serial.right_side(), alone.box(), value);
  CHECK(parallel.solve().converged);
  CHECK(serial.solve().converged);
  const FieldView<double> x = parallel.solution(), y = serial.solution();
  const Box box = where.box();
  double difference = 0, size = 0;
  for (int k = 0; k < x.cells[2]; ++k)
    for (int j = 0; j < x.cells[1]; ++j)
      for (int i = 0; i < x.cells[0]; ++i) {
        const double there = y(static_cast<int>(box.begin[0]) + i, static_cast<int>(box.begin[1]) + j,
                               static_cast<int>(box.begin[2]) + k);
        difference = std::max(difference, std::abs(x(i, j, k) - there));
        size = std::max(size, std::abs(there));
      }
  return largest(difference) / largest(size);
}

}  // namespace

TEST_CASE("the operator is the 7-point formula, to the bit by every halo method, overlapped or not") {
  start_petsc();
  const bool periodic = GENERATE(true, false);
  const auto cells =
      GENERATE(PerAxis<GlobalIndex>{20, 12, 18}, PerAxis<GlobalIndex>{17, 1, 9}, PerAxis<GlobalIndex>{64, 1, 1});
  PhaseClock clock;
  Case settings = settings_for(cells, periodic);
  settings.preconditioner = Preconditioner::none;
  const Decomposition where(MPI_COMM_WORLD, settings.cells, settings.periodic);
  const PerAxis<LocalIndex> n = where.local_cells();
  const auto size = static_cast<std::size_t>(n[0] * n[1] * n[2]);
  std::vector<double> x(size), y(size), again(size);
  fill(dense_view(x.data(), n), where.box(), [&](PerAxis<GlobalIndex> cell) { return noise(cell, cells); });
  Poisson reference(where, settings, clock);
  reference.apply_operator(x.data(), y.data());
  double error = 0;
  fill(dense_view(again.data(), n), where.box(), [&](PerAxis<GlobalIndex> cell) {
    double sum = 0;
    for (std::size_t a = 0; a < 3; ++a) {
      const double c = cells[a] > 1 ? static_cast<double>(cells[a] * cells[a]) : 0;
      for (const int s : {-1, 1}) {
        PerAxis<GlobalIndex> other = cell;
        other[a] += s;
        if (periodic) other[a] = (other[a] + cells[a]) % cells[a];
        if (other[a] < 0 || other[a] >= cells[a]) other = cell;
        sum += c * (noise(cell, cells) - noise(other, cells));
      }
    }
    return sum;
  });
  for (std::size_t i = 0; i < size; ++i) error = std::max(error, std::abs(y[i] - again[i]));
  CHECK(error < 1e-9);
  for (const HaloMethod method :
       {HaloMethod::point_to_point, HaloMethod::persistent, HaloMethod::neighbor_collective}) {
    for (const bool overlap : {false, true}) {
      settings.halo_method = method;
      settings.overlap = overlap;
      Poisson other(where, settings, clock);
      std::fill(again.begin(), again.end(), 0);
      other.apply_operator(x.data(), again.data());
      CHECK(again == y);
    }
  }
}

TEST_CASE("any grid on any number of ranks solves to what one rank finds") {
  start_petsc();
  const bool periodic = GENERATE(true, false);
  const auto cells =
      GENERATE(PerAxis<GlobalIndex>{32, 32, 32}, PerAxis<GlobalIndex>{33, 21, 19}, PerAxis<GlobalIndex>{96, 40, 1},
               PerAxis<GlobalIndex>{7, 11, 13}, PerAxis<GlobalIndex>{257, 1, 1});
  Case settings = settings_for(cells, periodic);
  settings.overlap = GENERATE(false, true);
  settings.tolerance = 1e-11;
  CHECK(difference_from_one_rank(settings) < 1e-9);
}

TEST_CASE("every Krylov method and preconditioner on offer reaches the tolerance") {
  start_petsc();
  const bool periodic = GENERATE(true, false);
  Case settings = settings_for({24, 24, 24}, periodic);
  settings.krylov = GENERATE("cg", "pipecg", "groppcg", "chebyshev", "gmres", "bcgs");
  settings.preconditioner = GENERATE(Preconditioner::none, Preconditioner::jacobi, Preconditioner::multigrid);
  settings.precision = GENERATE(Precision::single, Precision::double_);
  settings.max_iterations = 3000;
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, settings.cells, settings.periodic);
  Poisson poisson(where, settings, clock);
  fill(poisson.right_side(), where.box(), [&](PerAxis<GlobalIndex> cell) { return noise(cell, settings.cells); });
  const SolveReport report = poisson.solve();
  INFO(poisson.describe() << " " << report.iterations << " iterations, residual " << report.relative_residual);
  CHECK(report.converged);
  // A method that watches the preconditioned residual may stop at another multiple of the true one.
  CHECK(report.relative_residual < (settings.krylov == "gmres" || settings.krylov == "bcgs" ? 1e-6 : 1.001e-8));
}

TEST_CASE("fixed work is exactly as many iterations as asked for") {
  start_petsc();
  Case settings = settings_for({16, 16, 16}, true);
  settings.iterations = GENERATE(1, 3, 20);
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, settings.cells, settings.periodic);
  Poisson poisson(where, settings, clock);
  fill(poisson.right_side(), where.box(), [&](PerAxis<GlobalIndex> cell) { return noise(cell, settings.cells); });
  const SolveReport report = poisson.solve();
  CHECK(report.iterations == settings.iterations);
  CHECK(report.converged);
}

TEST_CASE("a good guess is used, a zero right side is no work, a mean is removed") {
  start_petsc();
  const Case settings = settings_for({16, 16, 16}, false);
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, settings.cells, settings.periodic);
  Poisson poisson(where, settings, clock);
  const auto with_mean = [&](PerAxis<GlobalIndex> cell) { return 3 + noise(cell, settings.cells); };
  fill(poisson.right_side(), where.box(), with_mean);
  CHECK(poisson.solve().converged);
  double mean = 0;
  const FieldView<double> x = poisson.solution();
  for (int k = 0; k < x.cells[2]; ++k)
    for (int j = 0; j < x.cells[1]; ++j)
      for (int i = 0; i < x.cells[0]; ++i) mean += x(i, j, k);
  MPI_Allreduce(MPI_IN_PLACE, &mean, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  CHECK(std::abs(mean) < 1e-12);
  CHECK(poisson.solve(true).iterations <= 1);
  fill(poisson.right_side(), where.box(), [](PerAxis<GlobalIndex>) { return 0.0; });
  CHECK(poisson.solve().iterations == 0);
}

TEST_CASE("an unknown Krylov method is the user's mistake and names the key") {
  start_petsc();
  Case settings = settings_for({8, 8, 8}, true);
  settings.krylov = "conjugate";
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, settings.cells, settings.periodic);
  try {
    const Poisson poisson(where, settings, clock);
    FAIL("no error");
  } catch (const UserError& error) {
    CHECK(std::string(error.what()).find("test.toml:poisson.krylov: conjugate: must be") == 0);
  }
}
