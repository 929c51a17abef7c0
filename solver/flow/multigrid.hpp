// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file multigrid.hpp
/// One geometric multigrid V-cycle for the 7-point Laplacian: a symmetric, constant preconditioner.
///
/// Cell-centred grids of any size (an odd axis of n cells gets (n+1)/2 wider ones), rediscretised on each level.
/// Transfers are linear through face neighbours only and adjoint to each other (after Kwak, SIAM J. Sci. Comput. 21,
/// 1999). The smoother is a polynomial in the operator (Chebyshev; Adams, Brezina, Hu & Tuminaro, J. Comput. Phys. 188,
/// 2003). So the result is the same on any number of ranks, except for rounding. When a rank would keep too few cells,
/// the level moves to fewer ranks, down to one; the others wait for its correction. Constants are in the null space
/// (walls and periodic only).
#include <memory>

#include "flow/stencil.hpp"
#include "haloscope/grid/halo.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

struct MultigridSettings {
  int smoothing = 2;  ///< degree of the polynomial before and after the coarse correction
  HaloMethod halo_method = HaloMethod::persistent;
  bool overlap = false;  ///< smooth the interior while messages fly
};

/// @tparam T float or double: the precision inside the cycle.
template <class T>
class Multigrid {
 public:
  /// Collective over the decomposition's ranks. The decomposition and @p clock must outlive it.
  Multigrid(const Decomposition& decomposition, const Laplacian& laplacian, const MultigridSettings& settings,
            PhaseClock& clock);
  Multigrid(Multigrid&&) noexcept;
  ~Multigrid();

  /// z ≈ A⁻¹ r for dense arrays (nz, ny, nx) of this rank. Collective. @throws LibraryError
  void apply(const double* r, double* z);

  [[nodiscard]] int levels() const noexcept;  ///< of the whole hierarchy, the same on every rank

 private:
  struct State;
  std::unique_ptr<State> state_;
  PerAxis<LocalIndex> box_;
};

extern template class Multigrid<float>;
extern template class Multigrid<double>;

}  // namespace haloscope
