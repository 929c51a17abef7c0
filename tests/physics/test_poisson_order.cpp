// SPDX-License-Identifier: BSD-3-Clause
// Against a manufactured solution: the error and its order. And the multigrid's promise: iterations that do not grow.
#include <mpi.h>

#include <cmath>
#include <numbers>

#include "catch.hpp"
#include "haloscope/flow/poisson.hpp"
#include "petsc.hpp"

using namespace haloscope;
using std::numbers::pi;

namespace {

struct Outcome {
  double error = 0;  ///< largest, against the solution of the differential equation
  int iterations = 0;
};

/// x = cos(kx x) cos(ky y) cos(kz z), whose normal derivative vanishes on walls at 0 and 1, and which is periodic for
/// even k/π.
Outcome solve(GlobalIndex n, bool periodic, Precision precision) {
  Case settings;
  settings.cells = {n, n, n};
  settings.periodic = {periodic, periodic, periodic};
  settings.precision = precision;
  settings.tolerance = 1e-8;
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, settings.cells, settings.periodic);
  Poisson poisson(where, settings, clock);
  const PerAxis<double> wave = periodic ? PerAxis<double>{2 * pi, 4 * pi, 2 * pi} : PerAxis<double>{pi, 2 * pi, 3 * pi};
  const double square = wave[0] * wave[0] + wave[1] * wave[1] + wave[2] * wave[2];
  const auto exact = [&](int i, int j, int k) {
    const double h = 1.0 / static_cast<double>(n);
    const Box box = where.box();
    return std::cos(wave[0] * h * (static_cast<double>(box.begin[0] + i) + 0.5)) *
           std::cos(wave[1] * h * (static_cast<double>(box.begin[1] + j) + 0.5)) *
           std::cos(wave[2] * h * (static_cast<double>(box.begin[2] + k) + 0.5));
  };
  const FieldView<double> b = poisson.right_side();
  for (int k = 0; k < b.cells[2]; ++k)
    for (int j = 0; j < b.cells[1]; ++j)
      for (int i = 0; i < b.cells[0]; ++i) b(i, j, k) = square * exact(i, j, k);
  Outcome outcome;
  outcome.iterations = poisson.solve().iterations;
  const FieldView<double> x = poisson.solution();
  for (int k = 0; k < x.cells[2]; ++k)
    for (int j = 0; j < x.cells[1]; ++j)
      for (int i = 0; i < x.cells[0]; ++i)
        outcome.error = std::max(outcome.error, std::abs(x(i, j, k) - exact(i, j, k)));
  MPI_Allreduce(MPI_IN_PLACE, &outcome.error, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return outcome;
}

}  // namespace

TEST_CASE("second order, with walls and periodic, in either precision of the cycle") {
  start_petsc();
  const bool periodic = GENERATE(true, false);
  const Precision precision = GENERATE(Precision::single, Precision::double_);
  const double coarse = solve(24, periodic, precision).error, fine = solve(48, periodic, precision).error;
  CHECK(fine < 5e-3);
  CHECK(std::log2(coarse / fine) == Approx(2.0).margin(0.05));
}

TEST_CASE("at most 12 iterations at 64, 128 and 256 cells an axis") {
  start_petsc();
  const GlobalIndex n = GENERATE(64, 128, 256);
  const bool periodic = GENERATE(true, false);
  const int iterations = solve(n, periodic, Precision::single).iterations;
  INFO(n << " cells an axis: " << iterations << " iterations");
  CHECK(iterations >= 1);
  CHECK(iterations <= 12);
}
