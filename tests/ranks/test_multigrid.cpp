// SPDX-License-Identifier: BSD-3-Clause
// What a Krylov method asks of its preconditioner: symmetric, positive, linear; and of the parts it is made from.
#include <mpi.h>

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "flow/multigrid.hpp"
#include "flow/transfer.hpp"
#include "haloscope/grid/redistribution.hpp"

using namespace haloscope;

namespace {

double noise(const Decomposition& where, LocalIndex i, LocalIndex j, LocalIndex k, double seed) {
  const Box box = where.box();
  const auto cell = static_cast<double>(box.begin[0] + i + 101 * (box.begin[1] + j) + 10007 * (box.begin[2] + k));
  return std::sin(seed * cell * cell + cell);
}

template <class T>
void fill(FieldView<T> f, const Decomposition& where, double seed) {
  for (int k = 0; k < f.cells[2]; ++k)
    for (int j = 0; j < f.cells[1]; ++j)
      for (int i = 0; i < f.cells[0]; ++i) f(i, j, k) = static_cast<T>(noise(where, i, j, k, seed));
}

template <class T>
double dot(FieldView<const T> a, FieldView<const T> b) {
  double sum = 0;
  for (int k = 0; k < a.cells[2]; ++k)
    for (int j = 0; j < a.cells[1]; ++j)
      for (int i = 0; i < a.cells[0]; ++i) sum += static_cast<double>(a(i, j, k)) * static_cast<double>(b(i, j, k));
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

double dot(const std::vector<double>& a, const std::vector<double>& b, PerAxis<LocalIndex> n) {
  return dot(dense_view(a.data(), n), dense_view(b.data(), n));
}

template <class T>
double asymmetry(const Decomposition& where, PerAxis<double> coupling, const MultigridSettings& settings) {
  PhaseClock clock;
  Multigrid<T> multigrid(where, Laplacian{coupling}, settings, clock);
  const PerAxis<LocalIndex> n = where.local_cells();
  const auto size = static_cast<std::size_t>(n[0]) * static_cast<std::size_t>(n[1] * n[2]);
  std::vector<double> u(size), v(size), mu(size), mv(size);
  fill(dense_view(u.data(), n), where, 0.3);
  fill(dense_view(v.data(), n), where, 0.7);
  multigrid.apply(u.data(), mu.data());
  multigrid.apply(v.data(), mv.data());
  CHECK(dot(u, mu, n) > 0);
  return std::abs(dot(mu, v, n) - dot(u, mv, n)) / std::sqrt(dot(mu, mu, n) * dot(v, v, n));
}

}  // namespace

TEST_CASE("the cycle is symmetric and positive on any grid, equal or stretched") {
  const auto cells =
      GENERATE(PerAxis<GlobalIndex>{48, 32, 40}, PerAxis<GlobalIndex>{33, 25, 17}, PerAxis<GlobalIndex>{64, 48, 1});
  const auto periodic = GENERATE(PerAxis<bool>{true, true, true}, PerAxis<bool>{false, true, false});
  const auto coupling = GENERATE(PerAxis<double>{1, 1, 1}, PerAxis<double>{1, 30, 4});
  MultigridSettings settings;
  settings.smoothing = GENERATE(1, 2, 3);
  PerAxis<double> c = coupling;
  if (cells[2] == 1) c[2] = 0;
  const Decomposition where(MPI_COMM_WORLD, cells, periodic);
  CHECK(asymmetry<double>(where, c, settings) < 1e-12);
  CHECK(asymmetry<float>(where, c, settings) < 1e-4);
}

TEST_CASE("restriction is the transpose of prolongation over the ratio of volumes, and both keep constants") {
  const auto cells = GENERATE(PerAxis<GlobalIndex>{32, 48, 40}, PerAxis<GlobalIndex>{33, 49, 41});
  const auto periodic = GENERATE(PerAxis<bool>{true, true, true}, PerAxis<bool>{false, false, false});
  const auto coarsen =
      GENERATE(PerAxis<bool>{true, true, true}, PerAxis<bool>{true, false, true}, PerAxis<bool>{false, true, true});
  PhaseClock clock;
  const Decomposition where(MPI_COMM_WORLD, cells, periodic);
  Transfer<double> transfer(where, coarsen, HaloMethod::persistent, clock);
  const Decomposition& coarse_boxes = transfer.coarse();
  Field<double> fine(where.local_cells(), 0), up(where.local_cells(), 0), coarse(coarse_boxes.local_cells(), 0),
      down(coarse_boxes.local_cells(), 0);
  const auto restrict_all = [&] {
    transfer.begin_restriction(down.view());
    for (int k = 0; k < fine.cells()[2]; ++k)
      for (int j = 0; j < fine.cells()[1]; ++j) transfer.restrict_row(fine.view().row(j, k), j, k, down.view());
    transfer.end_restriction(down.view(), Phase::smoother);
  };
  fill(fine.view(), where, 0.3);
  fill(coarse.view(), coarse_boxes, 0.7);
  restrict_all();
  transfer.add_prolonged(coarse.view(), up.view(), Phase::smoother);
  const auto fines = static_cast<double>(where.total_cells()),
             coarses = static_cast<double>(coarse_boxes.total_cells());
  const double forth = dot<double>(down.view(), coarse.view()) * fines / coarses,
               back = dot<double>(fine.view(), up.view());
  CHECK(forth == Approx(back).epsilon(1e-12));

  fine.fill(1);
  up.fill(0);
  coarse.fill(1);
  restrict_all();
  transfer.add_prolonged(coarse.view(), up.view(), Phase::smoother);
  Field<double> ones(where.local_cells(), 0), coarse_ones(coarse_boxes.local_cells(), 0);
  ones.fill(1);
  coarse_ones.fill(1);
  CHECK(dot<double>(up.view(), up.view()) == Approx(fines).epsilon(1e-12));
  CHECK(dot<double>(up.view(), ones.view()) == Approx(fines).epsilon(1e-12));
  CHECK(dot<double>(down.view(), coarse_ones.view()) == Approx(coarses).epsilon(1e-12));
}

TEST_CASE("cells that move to fewer ranks and back are the same cells") {
  const Decomposition where(MPI_COMM_WORLD, {19, 23, 11}, {true, true, true});
  const PerAxis<int> grid = where.process_grid();
  const PerAxis<int> fewer{(grid[0] + 1) / 2, (grid[1] + 1) / 2, (grid[2] + 1) / 2};
  const PerAxis<std::vector<GlobalIndex>> cuts{cut(19, fewer[0]), cut(23, fewer[1]), cut(11, fewer[2])};
  Redistribution<double> move(where, cuts);
  Field<double> here(where.local_cells(), 0), again(where.local_cells(), 0), there;
  for (int z = 0; z < fewer[2]; ++z)
    for (int y = 0; y < fewer[1]; ++y)
      for (int x = 0; x < fewer[0]; ++x) {
        if (rank_holding(where, fewer, {x, y, z}) != where.rank()) continue;
        const auto width = [](const std::vector<GlobalIndex>& c, int p) {
          return static_cast<LocalIndex>(c[static_cast<std::size_t>(p) + 1] - c[static_cast<std::size_t>(p)]);
        };
        there = Field<double>({width(cuts[0], x), width(cuts[1], y), width(cuts[2], z)}, 0);
      }
  fill(here.view(), where, 0.3);
  move.forward(here.view(), there.view());
  move.backward(there.view(), again.view());
  double difference = 0;
  for (int k = 0; k < here.cells()[2]; ++k)
    for (int j = 0; j < here.cells()[1]; ++j)
      for (int i = 0; i < here.cells()[0]; ++i)
        difference = std::max(difference, std::abs(here(i, j, k) - again(i, j, k)));
  CHECK(difference == 0);
  const double sum_here = dot<double>(here.view(), here.view());
  CHECK(sum_here > 0);
  CHECK((there.cells()[0] == 0 ? dot<double>(FieldView<const double>{}, FieldView<const double>{})
                               : dot<double>(there.view(), there.view())) == Approx(sum_here));
}
