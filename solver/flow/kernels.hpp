// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file kernels.hpp
/// The loops over cells of the flow: pure functions of views, no MPI, no allocation.
///
/// All views of a call have the same shape and strides. Rows along x are the inner loops, which GCC turns into vector
/// code (checked with -fopt-info-vec; the note in kernels.cpp). Every cell is computed by the same expression wherever
/// it lies, so splitting a box into ranges changes no bit. All kernels are bound by memory. The cost of each is given
/// as bytes a cell; a store counts with the read of its line.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "haloscope/grid/decomposition.hpp"
#include "haloscope/grid/field.hpp"

namespace haloscope::flow {

using Velocity = std::array<FieldView<double>, 3>;
using ConstVelocity = std::array<FieldView<const double>, 3>;
[[nodiscard]] inline ConstVelocity read_only(const Velocity& v) noexcept { return {v[0], v[1], v[2]}; }

/// Cells [begin, end) of the box of this rank.
struct CellRange {
  PerAxis<LocalIndex> begin{}, end{};
  [[nodiscard]] double cells() const noexcept {
    double product = 1;
    for (std::size_t a = 0; a < 3; ++a) product *= std::max(0, end[a] - begin[a]);
    return product;
  }
};

/// A box cut into the layers that neighbouring ranks wait for and the rest.
struct SplitBox {
  std::vector<CellRange> shells;  ///< one cell thick, disjoint, on the sides that face another rank
  CellRange interior;
};
[[nodiscard]] SplitBox split(const Decomposition& where);

struct MomentumTerms {
  PerAxis<double> inverse_spacing{};  ///< 1/dx [1/m], 0 for an axis of one cell
  double viscosity = 0;               ///< [m²/s]
  PerAxis<double> force{};            ///< [m/s²]
  double now = 0, before = 0;         ///< weights of the new and the kept tendency [s]
  bool keep = true;                   ///< store the new tendency for the next stage
  [[nodiscard]] double bytes_per_cell() const noexcept { return keep ? 120 : before != 0 ? 96 : 72; }
};

/// provisional = velocity + now N(velocity) + before tendency; tendency = N where kept. N is -∇·(uu) + ν∇²u + force in
/// flux form. The three components of a row follow each other while its neighbours are in cache. Values on high walls
/// are meaningless. 120 bytes a cell with a kept tendency, 72 with neither a kept nor a read one.
void momentum(const MomentumTerms& terms, const ConstVelocity& velocity, const Velocity& tendency,
              const Velocity& provisional, const CellRange& cells);

/// b = scale ∇·u for the whole box; @p b is dense. 40 bytes a cell.
void divergence(PerAxis<double> inverse_spacing, double scale, const ConstVelocity& u, FieldView<double> b);

/// u -= scale ∇p; p has its high ghosts. 56 bytes a cell.
void subtract_gradient(PerAxis<double> inverse_spacing, double scale, FieldView<const double> p, const Velocity& u,
                       const CellRange& cells);

/// p = x with @p x dense. 24 bytes a cell.
void copy(FieldView<const double> x, FieldView<double> p, const CellRange& cells);

/// Found in one pass over the velocity of this rank's cells.
struct Extremes {
  double divergence = 0;  ///< max |∇·u| [1/s]
  double rate = 0;        ///< max Σ|u_d|/dx_d [1/s]
  double speed = 0;       ///< max |u_d| [m/s]
  double energy = 0;      ///< Σ|u|²/2 [m²/s²]; not finite when any value is not
};
/// 24 bytes a cell. @p scratch: 4 nx numbers.
[[nodiscard]] Extremes survey(PerAxis<double> inverse_spacing, const ConstVelocity& u, std::span<double> scratch);

/// Σ over cells of Σ (∂u_d/∂x_e)²: the discrete partner of the viscous term. Between two walls a tangential component
/// has one difference more than cells; those at the walls span half a cell and get half the weight.
[[nodiscard]] double gradient_squared(PerAxis<double> inverse_spacing, const ConstVelocity& u);

/// No slip on the walls of this rank: the face on a wall is zero, a tangential ghost mirrors its inner cell about the
/// wall's velocity. Ghosts of the neighbouring ranks must be current: edges between walls and ranks are set as well.
void set_wall_ghosts(const Decomposition& where, const PerAxis<double> (&wall_velocity)[n_sides], const Velocity& u);
/// Pressure ghosts beyond walls: ∂p/∂n = 0.
void mirror_at_walls(const Decomposition& where, FieldView<double> p);
/// Zeroes the normal component on high walls, where the momentum kernel has written.
void zero_high_walls(const Decomposition& where, const Velocity& u);

}  // namespace haloscope::flow
