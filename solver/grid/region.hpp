// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file region.hpp
/// Blocks of cells at the rim of a box, and how they are copied.
#include <algorithm>
#include <cstddef>

#include "haloscope/grid/field.hpp"

namespace haloscope {

/// Cells [begin, end) of a view, ghosts included as negative and past-the-end indices.
struct Region {
  PerAxis<LocalIndex> begin, end;
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t product = 1;
    for (std::size_t a = 0; a < 3; ++a) product *= static_cast<std::size_t>(end[a] - begin[a]);
    return product;
  }
};

/// What travels in direction @p d: the outermost owned layers on that side.
inline Region outgoing(Direction d, PerAxis<LocalIndex> n, int layers) {
  Region r{{0, 0, 0}, n};
  for (std::size_t a = 0; a < 3; ++a) {
    if (d[a] > 0) r.begin[a] = n[a] - layers;
    if (d[a] < 0) r.end[a] = layers;
  }
  return r;
}

/// Where what travels in direction @p d arrives: the ghost layers on the opposite side.
inline Region incoming(Direction d, PerAxis<LocalIndex> n, int layers) {
  Region r{{0, 0, 0}, n};
  for (std::size_t a = 0; a < 3; ++a) {
    if (d[a] > 0) r.begin[a] = -layers, r.end[a] = 0;
    if (d[a] < 0) r.begin[a] = n[a], r.end[a] = n[a] + layers;
  }
  return r;
}

/// Where the cells of a region lie: the first, and the distance to the next row and plane.
template <class T>
struct Block {
  T* first;
  std::ptrdiff_t row, plane;
};

template <class T>
Block<T> block_of(FieldView<T> field, const Region& r) {
  return {field.row(r.begin[1], r.begin[2]) + r.begin[0], field.stride[1], field.stride[2]};
}

/// The same cells packed without gaps.
template <class T>
Block<T> packed(T* buffer, const Region& r) {
  const std::ptrdiff_t width = r.end[0] - r.begin[0];
  return {buffer, width, width * (r.end[1] - r.begin[1])};
}

/// Faces along x are one cell wide: a call of memcpy for each cell would cost more than all the rest.
template <class From, class To>
void copy(Block<From> from, Block<To> to, const Region& shape) {
  const LocalIndex width = shape.end[0] - shape.begin[0], rows = shape.end[1] - shape.begin[1];
  for (LocalIndex k = shape.begin[2]; k < shape.end[2]; ++k, from.first += from.plane, to.first += to.plane) {
    const From* in = from.first;
    To* out = to.first;
    if (width == 1) {
      for (LocalIndex j = 0; j < rows; ++j) out[j * to.row] = in[j * from.row];
    } else {
      for (LocalIndex j = 0; j < rows; ++j, in += from.row, out += to.row) std::copy_n(in, width, out);
    }
  }
}

}  // namespace haloscope
