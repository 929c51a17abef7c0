// SPDX-License-Identifier: BSD-3-Clause
// Vectorised, by `g++ -O3 -march=native -fopt-info-vec`: each loop over i below that is marked ivdep.
#include "flow/kernels.hpp"

#include <algorithm>
#include <cmath>

namespace haloscope::flow {

namespace {

using Offset = std::ptrdiff_t;

/// Four times the momentum that crosses the face after sample @p i along e: the carrier u_e and the carried q are
/// averaged to it (Harlow & Welch 1965, eqs. 6-8).
inline double crossing(const double* carrier, const double* q, Offset i, Offset along_e, Offset along_d) noexcept {
  return (carrier[i] + carrier[i + along_d]) * (q[i] + q[i + along_e]);
}

/// What component d gains along axis e by advection and diffusion. @p advect = 1/(4 dx_e), @p diffuse = ν/dx_e².
inline double gain(const double* carrier, const double* q, Offset i, Offset along_e, Offset along_d, double advect,
                   double diffuse) noexcept {
  const double out = crossing(carrier, q, i, along_e, along_d),
               in = crossing(carrier, q, i - along_e, along_e, along_d);
  return ((q[i + along_e] - q[i]) - (q[i] - q[i - along_e])) * diffuse - (out - in) * advect;
}

struct RowCoefficients {
  PerAxis<double> advect, diffuse;
  PerAxis<Offset> stride;
  double force, now, before;
};

template <bool has_before, bool keep>
void momentum_row(const RowCoefficients& c, Offset along_d, const double* __restrict q, const double* __restrict u,
                  const double* __restrict v, const double* __restrict w, double* __restrict tendency,
                  double* __restrict provisional, LocalIndex begin, LocalIndex end) {
  const Offset sy = c.stride[1], sz = c.stride[2];
  const double ax = c.advect[0], ay = c.advect[1], az = c.advect[2];
  const double dx = c.diffuse[0], dy = c.diffuse[1], dz = c.diffuse[2];
  const double force = c.force, now = c.now, before = c.before;
#pragma GCC ivdep
  for (Offset i = begin; i < end; ++i) {
    const double n = force + gain(u, q, i, 1, along_d, ax, dx) + gain(v, q, i, sy, along_d, ay, dy) +
                     gain(w, q, i, sz, along_d, az, dz);
    double change = now * n;
    if constexpr (has_before) change += before * tendency[i];
    if constexpr (keep) tendency[i] = n;
    provisional[i] = q[i] + change;
  }
}

template <bool has_before, bool keep>
void momentum_in(const MomentumTerms& terms, const ConstVelocity& u, const Velocity& tendency,
                 const Velocity& provisional, const CellRange& cells) {
  std::array<RowCoefficients, 3> rows{};
  for (std::size_t d = 0; d < 3; ++d) {
    for (std::size_t e = 0; e < 3; ++e) {
      rows[d].advect[e] = 0.25 * terms.inverse_spacing[e];
      rows[d].diffuse[e] = terms.viscosity * terms.inverse_spacing[e] * terms.inverse_spacing[e];
      rows[d].stride[e] = u[0].stride[e];
    }
    rows[d].force = terms.force[d], rows[d].now = terms.now, rows[d].before = terms.before;
  }
  for (LocalIndex k = cells.begin[2]; k < cells.end[2]; ++k) {
    for (LocalIndex j = cells.begin[1]; j < cells.end[1]; ++j) {
      for (std::size_t d = 0; d < 3; ++d) {
        momentum_row<has_before, keep>(rows[d], rows[d].stride[d], u[d].row(j, k), u[0].row(j, k), u[1].row(j, k),
                                       u[2].row(j, k), tendency[d].row(j, k), provisional[d].row(j, k), cells.begin[0],
                                       cells.end[0]);
      }
    }
  }
}

/// Calls @p visit(j, k) for every row of the box.
template <class Visit>
void for_rows(PerAxis<LocalIndex> cells, Visit visit) {
  for (LocalIndex k = 0; k < cells[2]; ++k) {
    for (LocalIndex j = 0; j < cells[1]; ++j) visit(j, k);
  }
}

/// Calls @p visit(cell) for the layer at index @p layer of axis @p a, ghosts of the other axes included.
template <class Visit>
void for_layer(PerAxis<LocalIndex> cells, std::size_t a, LocalIndex layer, Visit visit) {
  PerAxis<LocalIndex> begin{-1, -1, -1}, end{cells[0] + 1, cells[1] + 1, cells[2] + 1};
  begin[a] = layer, end[a] = layer + 1;
  for (LocalIndex k = begin[2]; k < end[2]; ++k) {
    for (LocalIndex j = begin[1]; j < end[1]; ++j) {
      for (LocalIndex i = begin[0]; i < end[0]; ++i) visit(i, j, k);
    }
  }
}

inline double larger(double a, double b) noexcept { return a < b ? b : a; }

}  // namespace

SplitBox split(const Decomposition& where) {
  SplitBox parts{{}, {{0, 0, 0}, where.local_cells()}};
  CellRange& rest = parts.interior;
  for (const std::size_t a : {2u, 1u, 0u}) {
    for (const int high : {0, 1}) {
      const int peer = where.neighbour(direction_of(static_cast<Side>(2 * static_cast<int>(a) + high)));
      if (peer == MPI_PROC_NULL || peer == where.rank() || rest.begin[a] == rest.end[a]) continue;
      CellRange shell = rest;
      if (high == 1) {
        shell.begin[a] = --rest.end[a];
      } else {
        shell.end[a] = ++rest.begin[a];
      }
      parts.shells.push_back(shell);
    }
  }
  return parts;
}

void momentum(const MomentumTerms& terms, const ConstVelocity& velocity, const Velocity& tendency,
              const Velocity& provisional, const CellRange& cells) {
  const bool has_before = terms.before != 0;
  const auto kernel = has_before ? (terms.keep ? momentum_in<true, true> : momentum_in<true, false>)
                                 : (terms.keep ? momentum_in<false, true> : momentum_in<false, false>);
  kernel(terms, velocity, tendency, provisional, cells);
}

void divergence(PerAxis<double> inverse_spacing, double scale, const ConstVelocity& u, FieldView<double> b) {
  const Offset sy = u[1].stride[1], sz = u[2].stride[2];
  const double cx = scale * inverse_spacing[0], cy = scale * inverse_spacing[1], cz = scale * inverse_spacing[2];
  for_rows(b.cells, [&](LocalIndex j, LocalIndex k) {
    const double* __restrict x = u[0].row(j, k);
    const double* __restrict y = u[1].row(j, k);
    const double* __restrict z = u[2].row(j, k);
    double* __restrict out = b.row(j, k);
#pragma GCC ivdep
    for (Offset i = 0; i < b.cells[0]; ++i) {
      out[i] = cx * (x[i] - x[i - 1]) + cy * (y[i] - y[i - sy]) + cz * (z[i] - z[i - sz]);
    }
  });
}

void subtract_gradient(PerAxis<double> inverse_spacing, double scale, FieldView<const double> p, const Velocity& u,
                       const CellRange& cells) {
  const Offset sy = p.stride[1], sz = p.stride[2];
  const double cx = scale * inverse_spacing[0], cy = scale * inverse_spacing[1], cz = scale * inverse_spacing[2];
  for (LocalIndex k = cells.begin[2]; k < cells.end[2]; ++k) {
    for (LocalIndex j = cells.begin[1]; j < cells.end[1]; ++j) {
      const double* __restrict q = p.row(j, k);
      double* __restrict x = u[0].row(j, k);
      double* __restrict y = u[1].row(j, k);
      double* __restrict z = u[2].row(j, k);
#pragma GCC ivdep
      for (Offset i = cells.begin[0]; i < cells.end[0]; ++i) {
        x[i] -= cx * (q[i + 1] - q[i]);
        y[i] -= cy * (q[i + sy] - q[i]);
        z[i] -= cz * (q[i + sz] - q[i]);
      }
    }
  }
}

void copy(FieldView<const double> x, FieldView<double> p, const CellRange& cells) {
  for (LocalIndex k = cells.begin[2]; k < cells.end[2]; ++k) {
    for (LocalIndex j = cells.begin[1]; j < cells.end[1]; ++j) {
      std::copy(x.row(j, k) + cells.begin[0], x.row(j, k) + cells.end[0], p.row(j, k) + cells.begin[0]);
    }
  }
}

Extremes survey(PerAxis<double> inverse_spacing, const ConstVelocity& u, std::span<double> scratch) {
  const PerAxis<LocalIndex> n = u[0].cells;
  const auto width = static_cast<std::size_t>(n[0]);
  const Offset sy = u[1].stride[1], sz = u[2].stride[2];
  const double cx = inverse_spacing[0], cy = inverse_spacing[1], cz = inverse_spacing[2];
  // One accumulator a column: sums and maxima of a single number do not vectorise without reordering the arithmetic.
  std::fill(scratch.begin(), scratch.end(), 0.0);
  double* __restrict divergence = scratch.data();
  double* __restrict rate = divergence + width;
  double* __restrict speed = rate + width;
  double* __restrict energy = speed + width;
  for_rows(n, [&](LocalIndex j, LocalIndex k) {
    const double* __restrict x = u[0].row(j, k);
    const double* __restrict y = u[1].row(j, k);
    const double* __restrict z = u[2].row(j, k);
#pragma GCC ivdep
    for (Offset i = 0; i < n[0]; ++i) {
      const double a = std::abs(x[i]), b = std::abs(y[i]), c = std::abs(z[i]);
      divergence[i] =
          larger(divergence[i], std::abs(cx * (x[i] - x[i - 1]) + cy * (y[i] - y[i - sy]) + cz * (z[i] - z[i - sz])));
      rate[i] = larger(rate[i], cx * a + cy * b + cz * c);
      speed[i] = larger(speed[i], larger(a, larger(b, c)));
      energy[i] += 0.5 * (a * a + b * b + c * c);
    }
  });
  Extremes all;
  for (std::size_t i = 0; i < width; ++i) {
    all.divergence = larger(all.divergence, divergence[i]);
    all.rate = larger(all.rate, rate[i]);
    all.speed = larger(all.speed, speed[i]);
    all.energy += energy[i];
  }
  return all;
}

double gradient_squared(PerAxis<double> inverse_spacing, const ConstVelocity& u) {
  double sum = 0;
  for (std::size_t d = 0; d < 3; ++d) {
    for (std::size_t e = 0; e < 3; ++e) {
      const Offset s = u[d].stride[e];
      const double scale = inverse_spacing[e] * inverse_spacing[e] * (d == e ? 1.0 : 0.5);
      const double with_high = d == e ? 0.0 : 1.0;  // ∂u_d/∂x_d lies in the cells, the others between them
      for_rows(u[d].cells, [&](LocalIndex j, LocalIndex k) {
        const double* q = u[d].row(j, k);
        double row = 0;
        for (Offset i = 0; i < u[d].cells[0]; ++i) {
          const double low = q[i] - q[i - s], high = q[i + s] - q[i];
          row += low * low + with_high * high * high;
        }
        sum += scale * row;
      });
    }
  }
  return sum;
}

void set_wall_ghosts(const Decomposition& where, const PerAxis<double> (&wall_velocity)[n_sides], const Velocity& u) {
  const PerAxis<LocalIndex> n = u[0].cells;
  for (int s = 0; s < n_sides; ++s) {
    const Side side = static_cast<Side>(s);
    if (!where.at_wall(side)) continue;
    const auto a = static_cast<std::size_t>(axis_of(side));
    const LocalIndex ghost = is_high(side) ? n[a] : -1;
    const Offset inward = is_high(side) ? -u[0].stride[a] : u[0].stride[a];
    for (std::size_t d = 0; d < 3; ++d) {
      if (d == a) {
        for_layer(n, a, is_high(side) ? n[a] - 1 : -1, [&](int i, int j, int k) { u[d](i, j, k) = 0; });
      } else {
        const double twice = 2 * wall_velocity[s][d];
        for_layer(n, a, ghost, [&](int i, int j, int k) {
          double* const cell = &u[d](i, j, k);
          *cell = twice - cell[inward];
        });
      }
    }
  }
}

void mirror_at_walls(const Decomposition& where, FieldView<double> p) {
  for (int s = 0; s < n_sides; ++s) {
    const Side side = static_cast<Side>(s);
    if (!where.at_wall(side)) continue;
    const auto a = static_cast<std::size_t>(axis_of(side));
    const Offset inward = is_high(side) ? -p.stride[a] : p.stride[a];
    for_layer(p.cells, a, is_high(side) ? p.cells[a] : -1, [&](int i, int j, int k) {
      double* const cell = &p(i, j, k);
      *cell = cell[inward];
    });
  }
}

void zero_high_walls(const Decomposition& where, const Velocity& u) {
  for (std::size_t a = 0; a < 3; ++a) {
    if (!where.at_wall(static_cast<Side>(2 * static_cast<int>(a) + 1))) continue;
    for_layer(u[a].cells, a, u[a].cells[a] - 1, [&](int i, int j, int k) { u[a](i, j, k) = 0; });
  }
}

}  // namespace haloscope::flow
