// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file field.hpp
/// Cell arrays of one rank: memory with ghost layers (Field), and the view of it that kernels and halos share
/// (FieldView).
///
/// Shape (nz+2g, ny+2g, nx+2g), x fastest, cell (0,0,0) is the first that the rank owns, ghosts have indices -g … -1
/// and n … n+g-1. Rows are padded so that cell (0,j,k) of every row starts a 64-byte line.
#include <cstddef>
#include <memory>

#include "haloscope/base/axes.hpp"

namespace haloscope {

/// A view of cells that somebody else owns. Copies are cheap. @p T may be const.
template <class T>
struct FieldView {
  T* origin = nullptr;          ///< cell (0,0,0)
  PerAxis<LocalIndex> cells{};  ///< owned cells: nx, ny, nz
  PerAxis<std::ptrdiff_t> stride{1, 0, 0};
  int ghost = 0;  ///< ghost layers on every side

  [[nodiscard]] T* row(LocalIndex j, LocalIndex k) const noexcept { return origin + j * stride[1] + k * stride[2]; }
  [[nodiscard]] T& operator()(LocalIndex i, LocalIndex j, LocalIndex k) const noexcept { return row(j, k)[i]; }
  operator FieldView<const T>() const noexcept { return {origin, cells, stride, ghost}; }
};

/// A view of a dense array without ghosts or padding, as PETSc's vectors are.
template <class T>
[[nodiscard]] FieldView<T> dense_view(T* data, PerAxis<LocalIndex> cells) noexcept {
  return {data, cells, {1, cells[0], std::ptrdiff_t{cells[0]} * cells[1]}, 0};
}

/// Owns its cells; starts as zeros (first touched by the rank that uses them). Move-only.
template <class T>
class Field {
 public:
  Field() = default;
  Field(PerAxis<LocalIndex> cells, int ghost);
  [[nodiscard]] FieldView<T> view() noexcept { return view_; }
  [[nodiscard]] FieldView<const T> view() const noexcept { return view_; }
  [[nodiscard]] T& operator()(LocalIndex i, LocalIndex j, LocalIndex k) noexcept { return view_(i, j, k); }
  [[nodiscard]] const T& operator()(LocalIndex i, LocalIndex j, LocalIndex k) const noexcept { return view_(i, j, k); }
  [[nodiscard]] PerAxis<LocalIndex> cells() const noexcept { return view_.cells; }
  void fill(T value) noexcept;

 private:
  struct Free {
    void operator()(void* memory) const noexcept;
  };
  std::unique_ptr<T[], Free> memory_;
  std::size_t size_ = 0;
  FieldView<T> view_;
};

extern template class Field<float>;
extern template class Field<double>;

}  // namespace haloscope
