// SPDX-License-Identifier: BSD-3-Clause
#include "poisson_problem.hpp"

#include <cmath>

#include "haloscope/base/errors.hpp"
#include "haloscope/grid/halo.hpp"

namespace haloscope::bench {

namespace {

/// A number in [-1, 1) by seed and cell: the finalizer of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014, section 4).
double noise(std::uint64_t seed, std::uint64_t cell) {
  std::uint64_t z = (seed << 40) + (cell + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

double sum_over_ranks(MPI_Comm comm, double value) {
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_SUM, comm));
  return value;
}

}  // namespace

PoissonProblem::PoissonProblem(MPI_Comm comm, GlobalIndex cells, bool is_periodic, double relative_tolerance,
                               std::uint64_t seed)
    : where(comm, {cells, cells, cells}, {is_periodic, is_periodic, is_periodic}),
      n(cells),
      periodic(is_periodic),
      tolerance(relative_tolerance) {
  const Box box = where.box();
  double sum = 0;
  for (GlobalIndex k = box.begin[2]; k < box.end[2]; ++k) {
    for (GlobalIndex j = box.begin[1]; j < box.end[1]; ++j) {
      for (GlobalIndex i = box.begin[0]; i < box.end[0]; ++i) {
        right_side_.push_back(noise(seed, static_cast<std::uint64_t>(i + n * (j + n * k))));
        sum += right_side_.back();
      }
    }
  }
  const double mean = sum_over_ranks(where.comm(), sum) / unknowns();
  for (double& b : right_side_) b -= mean;
}

double PoissonProblem::relative_residual(const std::vector<double>& x) const {
  const PerAxis<LocalIndex> cells = where.local_cells();
  require(x.size() == right_side_.size(), "a solution covers this rank's box");
  PhaseClock clock;
  Halo<double> halo(where, HaloMethod::point_to_point, HaloReach::faces, 1, 1, clock);
  Field<double> field(cells, 1);
  const FieldView<double> v = field.view();
  std::size_t at = 0;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) v(i, j, k) = x[at++];
  halo.end(halo.begin(v));

  const double scale = static_cast<double>(n) * static_cast<double>(n);
  double residual = 0, size = 0;
  at = 0;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) {
        double ax = 0;
        for (int side = 0; side < n_sides; ++side) {
          const Direction d = direction_of(static_cast<Side>(side));
          const std::size_t a = static_cast<std::size_t>(side) / 2;
          const int there = PerAxis<int>{i, j, k}[a] + d[a];
          const bool outside = there < 0 || there >= cells[a];
          if (outside && where.at_wall(static_cast<Side>(side))) continue;
          ax += scale * (v(i, j, k) - v(i + d[0], j + d[1], k + d[2]));
        }
        const double b = right_side_[at++];
        residual += (b - ax) * (b - ax);
        size += b * b;
      }
  return std::sqrt(sum_over_ranks(where.comm(), residual) / sum_over_ranks(where.comm(), size));
}

}  // namespace haloscope::bench
