// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file multigrid.hpp
/// One geometric multigrid V-cycle for the 7-point Laplacian: a symmetric, constant preconditioner.
///
/// Cell-centred grids of any size (an odd axis of n cells gets (n+1)/2 wider ones), rediscretised on each level.
/// Transfers are linear through face neighbours only and adjoint to each other (after Kwak, SIAM J. Sci. Comput. 21,
/// 1999), the smoother is a polynomial in the operator (Chebyshev; Adams, Brezina, Hu & Tuminaro, J. Comput. Phys. 188,
/// 2003). So the result does not depend on the number of ranks but for rounding. When a rank would keep too few cells,
/// the level moves to fewer ranks, down to one; the others wait for its correction. Constants are in the null space
/// (walls and periodic only).
#include <memory>

#include "haloscope/field.hpp"
#include "haloscope/halo.hpp"
#include "haloscope/phases.hpp"

namespace haloscope {

/// The operator -(∂²/∂x² + ∂²/∂y² + ∂²/∂z²) by second differences; walls mirror (∂p/∂n = 0).
struct Laplacian {
  PerAxis<double> inverse_spacing_squared{};  ///< 1/dx², 1/dy², 1/dz² [1/m²]; 0 for an axis of one cell
  [[nodiscard]] double diagonal() const noexcept;
};

/// @tparam T float or double: the precision inside the cycle.
template <class T>
class Multigrid {
 public:
  /// Collective over the decomposition's ranks. @p smoothing: degree of the polynomial before and after.
  Multigrid(const Decomposition& decomposition, Laplacian laplacian, int smoothing, HaloMethod method,
            PhaseClock& clock);
  Multigrid(Multigrid&&) noexcept;
  ~Multigrid();

  /// z ≈ A⁻¹ r for dense arrays (nz, ny, nx) of this rank. Collective. @throws LibraryError
  void apply(const double* r, double* z);

  [[nodiscard]] int levels() const noexcept;  ///< of the whole hierarchy
  [[nodiscard]] int ranks_on_coarsest() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

extern template class Multigrid<float>;
extern template class Multigrid<double>;

}  // namespace haloscope
