// SPDX-License-Identifier: BSD-3-Clause
// The momentum kernel against the derivatives of a smooth field: advection and diffusion, each component, order two.
#include <mpi.h>

#include <cmath>
#include <numbers>

#include "catch.hpp"
#include "flow/kernels.hpp"

using namespace haloscope;

namespace {

constexpr double viscosity = 0.3;

// Divergence-free: u_d depends on the two other coordinates only (the ABC flow; Dombre et al., J. Fluid Mech. 167,
// 1986).
double velocity(std::size_t d, PerAxis<double> x) {
  const double p = x[(d + 2) % 3], q = x[(d + 1) % 3];
  return std::sin(p) * (1.0 + 0.5 * static_cast<double>(d)) + std::cos(q) * 0.7;
}

/// -(u·∇)u_d + ν∇²u_d.
double tendency(std::size_t d, PerAxis<double> x) {
  const std::size_t e = (d + 2) % 3, f = (d + 1) % 3;
  const double amplitude = 1.0 + 0.5 * static_cast<double>(d);
  const double by_e = std::cos(x[e]) * amplitude, by_f = -std::sin(x[f]) * 0.7;
  return -velocity(e, x) * by_e - velocity(f, x) * by_f - viscosity * velocity(d, x);
}

PerAxis<double> place(std::size_t d, PerAxis<int> cell, PerAxis<double> h) {
  PerAxis<double> x{};
  for (std::size_t a = 0; a < 3; ++a) x[a] = (cell[a] + (a == d ? 1.0 : 0.5)) * h[a];
  return x;
}

/// The largest error of N over the grid, for each component; grids are refined by @p n, unequal along the axes.
PerAxis<double> errors(int n) {
  const PerAxis<LocalIndex> cells{n, n + n / 4, n + n / 2};
  PerAxis<double> h{}, inverse{};
  std::array<Field<double>, 3> u, kept, next;
  for (std::size_t d = 0; d < 3; ++d) {
    h[d] = 2 * std::numbers::pi / cells[d];
    inverse[d] = 1 / h[d];
    for (auto* f : {&u[d], &kept[d], &next[d]}) *f = Field<double>(cells, 1);
  }
  for (std::size_t d = 0; d < 3; ++d)
    for (int k = -1; k <= cells[2]; ++k)
      for (int j = -1; j <= cells[1]; ++j)
        for (int i = -1; i <= cells[0]; ++i) u[d](i, j, k) = velocity(d, place(d, {i, j, k}, h));
  const flow::Velocity in{u[0].view(), u[1].view(), u[2].view()};
  const flow::Velocity tendencies{kept[0].view(), kept[1].view(), kept[2].view()};
  const flow::Velocity out{next[0].view(), next[1].view(), next[2].view()};
  flow::momentum(
      {.inverse_spacing = inverse, .viscosity = viscosity, .force = {}, .now = 0.5, .before = 0, .keep = true},
      flow::read_only(in), tendencies, out, {{0, 0, 0}, cells});
  PerAxis<double> greatest{};
  for (std::size_t d = 0; d < 3; ++d)
    for (int k = 0; k < cells[2]; ++k)
      for (int j = 0; j < cells[1]; ++j)
        for (int i = 0; i < cells[0]; ++i) {
          const double error = kept[d](i, j, k) - tendency(d, place(d, {i, j, k}, h));
          greatest[d] = std::max(greatest[d], std::abs(error));
          const double step = next[d](i, j, k) - u[d](i, j, k) - 0.5 * kept[d](i, j, k);
          REQUIRE(std::abs(step) < 1e-14);
        }
  return greatest;
}

}  // namespace

TEST_CASE("advection and diffusion are second order for every component") {
  const PerAxis<double> coarse = errors(8), middle = errors(16), fine = errors(32);
  for (std::size_t d = 0; d < 3; ++d) {
    CHECK(fine[d] < 0.04);
    CHECK(std::log2(coarse[d] / middle[d]) > 1.8);
    const double order = std::log2(middle[d] / fine[d]);
    CHECK(order > 1.9);
    CHECK(order < 2.1);
  }
}

TEST_CASE("a tendency kept is used by the next stage, and the last stage keeps none") {
  const PerAxis<LocalIndex> cells{5, 4, 3};
  std::array<Field<double>, 3> u, kept, next;
  for (std::size_t d = 0; d < 3; ++d) {
    for (auto* f : {&u[d], &kept[d], &next[d]}) *f = Field<double>(cells, 1);
    kept[d].fill(2.0);
  }
  const flow::Velocity in{u[0].view(), u[1].view(), u[2].view()};
  const flow::Velocity tendencies{kept[0].view(), kept[1].view(), kept[2].view()};
  const flow::Velocity out{next[0].view(), next[1].view(), next[2].view()};
  const flow::MomentumTerms terms{
      .inverse_spacing = {1, 1, 1}, .viscosity = 0, .force = {1, 3, 5}, .now = 0.5, .before = -0.25, .keep = false};
  flow::momentum(terms, flow::read_only(in), tendencies, out, {{0, 0, 0}, cells});
  CHECK(next[0](4, 3, 2) == Approx(0.5 * 1 - 0.25 * 2));
  CHECK(next[2](0, 0, 0) == Approx(0.5 * 5 - 0.25 * 2));
  CHECK(kept[1](2, 2, 1) == 2.0);
}
