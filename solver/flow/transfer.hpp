// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file transfer.hpp
/// Between a grid and its coarser one, box by box: linear interpolation through face neighbours only, and its adjoint.
///
/// A fine value is its coarse cell's plus, for each coarsened axis, w times the difference to the nearer coarse
/// neighbour. w is the distance of the centres over the coarse width: 1/4 where two cells become one (Kwak, SIAM J.
/// Sci. Comput. 21, 1999, has the 2-D case). Exact for linear functions without edge or corner ghosts. Restriction is
/// the transpose, scaled by the ratio of volumes so that it averages. Contributions to a neighbour's coarse cells
/// travel there in one face message.
#include <optional>
#include <vector>

#include "flow/stencil.hpp"
#include "haloscope/grid/halo.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

template <class T>
class Transfer {
 public:
  /// True where every cut of a coarsened axis falls between coarse cells, as the constructor needs.
  [[nodiscard]] static bool possible(const Decomposition& fine, PerAxis<bool> coarsen) noexcept;

  /// Collective over the ranks of @p fine. The clock must outlive it.
  Transfer(const Decomposition& fine, PerAxis<bool> coarsen, HaloMethod method, PhaseClock& clock);

  /// Coarse boxes on the same ranks: each the coarse cells of the fine box.
  [[nodiscard]] const Decomposition& coarse() const noexcept { return *coarse_; }

  /// Restriction in three parts, so that a fine row is used while it is in cache: clear, add each row, exchange. Only
  /// the third is collective over neighbours. Values are scaled to averages.
  void begin_restriction(FieldView<T> coarse);
  void restrict_row(const T* fine_row, LocalIndex j, LocalIndex k, FieldView<T> coarse) noexcept;
  void end_restriction(FieldView<T> coarse, Phase phase);

  /// fine += P coarse. Collective over neighbours.
  void add_prolonged(FieldView<T> coarse, FieldView<T> fine, Phase phase);

 private:
  /// Where a fine cell of one axis lies on the coarse axis.
  struct Place {
    LocalIndex index;  ///< coarse cell of this box
    int step;          ///< to the coarse neighbour the fine centre leans to: -1 or 1
    T weight;          ///< of that neighbour; 0 for an axis that is not coarsened
  };
  [[nodiscard]] T* target_row(FieldView<T> coarse, Side side, LocalIndex j, LocalIndex k) noexcept;
  [[nodiscard]] T& target_cell(FieldView<T> coarse, Side side, LocalIndex j, LocalIndex k) noexcept;

  std::optional<Decomposition> coarse_;
  std::optional<Halo<T>> halo_;
  std::optional<Surroundings<T>> around_;
  PhaseClock* clock_;
  PerAxis<std::vector<Place>> places_;
  std::array<Beyond, n_sides> beyond_{};
  bool pairs_in_x_ = false;  ///< two to one along x: the fast row loops
  bool same_in_x_ = false;   ///< x is not coarsened
  T volume_ratio_ = 1;
  std::vector<T> row_, west_, east_;  ///< one coarse row each
};

extern template class Transfer<float>;
extern template class Transfer<double>;

}  // namespace haloscope
