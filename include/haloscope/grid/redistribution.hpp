// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file redistribution.hpp
/// Moves a cell array between two decompositions of one grid, the second on some of the ranks of the first.
///
/// Each rank sends the part of its box that lies in each box of the other side: persistent messages, no collective.
/// What stays on a rank is copied. A coarse grid moves to fewer ranks this way, so that none is left with a handful of
/// cells.
#include <memory>
#include <optional>

#include "haloscope/grid/decomposition.hpp"
#include "haloscope/grid/field.hpp"

namespace haloscope {

/// The ranks of @p from that hold the boxes of a process grid no larger in any axis: spread evenly over the old grid.
[[nodiscard]] int rank_holding(const Decomposition& from, PerAxis<int> to_grid, PerAxis<int> to_coordinates) noexcept;

/// Which of these boxes the calling rank holds, numbered x fastest; empty where it holds none. The inverse of
/// rank_holding().
[[nodiscard]] std::optional<int> box_held(const Decomposition& from, PerAxis<int> to_grid) noexcept;

template <class T>
class Redistribution {
 public:
  /// Collective over the ranks of @p from. @p to_cuts are the cuts of the other decomposition, whose boxes are held by
  /// rank_holding(). @p from must outlive it.
  Redistribution(const Decomposition& from, PerAxis<std::vector<GlobalIndex>> to_cuts);
  Redistribution(Redistribution&&) noexcept;
  ~Redistribution();

  /// Dense or padded views without ghosts; @p there is ignored on ranks that hold no box of the other decomposition.
  void forward(FieldView<const T> here, FieldView<T> there);
  void backward(FieldView<const T> there, FieldView<T> here);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

extern template class Redistribution<float>;
extern template class Redistribution<double>;

}  // namespace haloscope
