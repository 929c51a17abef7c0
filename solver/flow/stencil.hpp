// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file stencil.hpp
/// The 7-point Laplacian on rows of ghost-free arrays. Each row comes together with the five rows and two cells around
/// it, wherever these lie: in the array, in a halo's receive buffer, or mirrored at a wall. Nothing is copied into
/// ghost layers.
///
/// A pass reads each array once from memory as long as three planes of a block of rows stay in the second-level cache;
/// rows are walked in such blocks. A cell's arithmetic is the same at the edge of a box as inside, so results do not
/// depend on the decomposition.
#include <algorithm>

#include "haloscope/grid/field.hpp"
#include "haloscope/grid/halo.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

/// The operator -(∂²/∂x² + ∂²/∂y² + ∂²/∂z²) by second differences; walls mirror (∂p/∂n = 0).
struct Laplacian {
  PerAxis<double> inverse_spacing_squared{};  ///< 1/dx², 1/dy², 1/dz² [1/m²]; 0 for an axis of one cell
  [[nodiscard]] double diagonal() const noexcept {
    return 2 * (inverse_spacing_squared[0] + inverse_spacing_squared[1] + inverse_spacing_squared[2]);
  }
};

/// What lies beyond a side of a box.
enum class Beyond { rank, itself, wall };
[[nodiscard]] inline Beyond beyond(const Decomposition& where, Side side) noexcept {
  const int there = where.neighbour(direction_of(side));
  return there == MPI_PROC_NULL ? Beyond::wall : there == where.rank() ? Beyond::itself : Beyond::rank;
}

/// A row of cells and what surrounds it; the five rows have equal length.
template <class T>
struct RowStar {
  const T *centre, *south, *north, *below, *above;
  T west, east;  ///< the cells before the first and after the last
};

/// Finds the surroundings of each row of ghost-free arrays on one box. The halo must outlive it.
template <class T>
class Surroundings {
 public:
  Surroundings(const Decomposition& where, const Halo<T>& halo) noexcept : n_(where.local_cells()) {
    for (int s = 0; s < n_sides; ++s) {
      beyond_[s] = beyond(where, static_cast<Side>(s));
      face_[s] = halo.received(static_cast<Side>(s)).data();
    }
  }
  [[nodiscard]] PerAxis<LocalIndex> cells() const noexcept { return n_; }
  [[nodiscard]] bool remote(Side side) const noexcept { return beyond_[static_cast<int>(side)] == Beyond::rank; }

  [[nodiscard]] RowStar<T> star(FieldView<const T> f, LocalIndex j, LocalIndex k) const noexcept {
    const T* const c = f.row(j, k);
    RowStar<T> r{c, c, c, c, c, c[0], c[n_[0] - 1]};
    r.south = j > 0 ? f.row(j - 1, k) : row_beyond(Side::south, f.row(n_[1] - 1, k), c, k);
    r.north = j < n_[1] - 1 ? f.row(j + 1, k) : row_beyond(Side::north, f.row(0, k), c, k);
    r.below = k > 0 ? f.row(j, k - 1) : row_beyond(Side::below, f.row(j, n_[2] - 1), c, j);
    r.above = k < n_[2] - 1 ? f.row(j, k + 1) : row_beyond(Side::above, f.row(j, 0), c, j);
    const std::ptrdiff_t on_face = std::ptrdiff_t{k} * n_[1] + j;
    if (beyond_[0] == Beyond::rank) r.west = face_[0][on_face];
    if (beyond_[0] == Beyond::itself) r.west = c[n_[0] - 1];
    if (beyond_[1] == Beyond::rank) r.east = face_[1][on_face];
    if (beyond_[1] == Beyond::itself) r.east = c[0];
    return r;
  }

 private:
  [[nodiscard]] const T* row_beyond(Side side, const T* wrapped, const T* mirrored, LocalIndex line) const noexcept {
    switch (beyond_[static_cast<int>(side)]) {
      case Beyond::rank:
        return face_[static_cast<int>(side)] + std::ptrdiff_t{line} * n_[0];
      case Beyond::itself:
        return wrapped;
      case Beyond::wall:
        return mirrored;
    }
    return mirrored;
  }
  PerAxis<LocalIndex> n_;
  std::array<Beyond, n_sides> beyond_;
  std::array<const T*, n_sides> face_;
};

/// Coefficients of the operator in the precision of the arrays.
template <class T>
struct StencilCoefficients {
  explicit StencilCoefficients(const Laplacian& a)
      : diagonal(static_cast<T>(a.diagonal())),
        x(static_cast<T>(a.inverse_spacing_squared[0])),
        y(static_cast<T>(a.inverse_spacing_squared[1])),
        z(static_cast<T>(a.inverse_spacing_squared[2])) {}
  T diagonal, x, y, z;
};

/// Calls emit(i, (A f)_i) for cells [begin, end) of a row of n. The loop vectorises as far as @p emit does.
template <class T, class Emit>
inline void stencil_row(const RowStar<T>& r, const StencilCoefficients<T>& a, LocalIndex n, LocalIndex begin,
                        LocalIndex end, const Emit& emit) {
  const T *const c = r.centre, *const s = r.south, *const t = r.north, *const u = r.below, *const v = r.above;
  const auto value = [&](T west, T east, LocalIndex i) {
    return a.diagonal * c[i] - a.x * (west + east) - a.y * (s[i] + t[i]) - a.z * (u[i] + v[i]);
  };
  if (begin == 0) emit(0, value(r.west, n > 1 ? c[1] : r.east, 0));
  const LocalIndex last = std::min(end, n - 1);
#pragma GCC ivdep
  for (LocalIndex i = std::max(begin, 1); i < last; ++i) emit(i, value(c[i - 1], c[i + 1], i));
  if (end == n && n > 1) emit(n - 1, value(c[n - 2], r.east, n - 1));
}

/// Calls row(j, k) for j in [j0, j1), k in [k0, k1), in blocks of rows of which three planes fit half a second-level
/// cache of 512 KiB, the smallest in use.
template <class Row>
inline void for_each_row(LocalIndex j0, LocalIndex j1, LocalIndex k0, LocalIndex k1, std::size_t row_bytes,
                         const Row& row) {
  const auto fitting = static_cast<LocalIndex>(std::size_t{256} * 1024 / (3 * row_bytes));
  const LocalIndex block = std::max(fitting, 8);
  for (LocalIndex j = j0; j < j1; j += block) {
    const LocalIndex past = std::min(j + block, j1);
    for (LocalIndex k = k0; k < k1; ++k) {
      for (LocalIndex jj = j; jj < past; ++jj) row(jj, k);
    }
  }
}

/// Exchanges the faces of @p field and calls row(j, k, begin, end) once for every cell, as ranges of rows, charged to
/// @p phase; a cell moves @p bytes_per_cell. With @p overlap, cells that need no other rank come first, while messages
/// fly. @p row must not write @p field.
template <class T, class Row>
void exchange_and_sweep(Halo<T>& halo, const Surroundings<T>& around, FieldView<T> field, bool overlap,
                        PhaseClock& clock, Phase phase, double bytes_per_cell, const Row& row) {
  const PerAxis<LocalIndex> n = around.cells();
  const auto bytes_of = [bytes_per_cell](PerAxis<LocalIndex> begin, PerAxis<LocalIndex> end) {
    double bytes = bytes_per_cell;
    for (std::size_t a = 0; a < 3; ++a) bytes *= std::max(0, end[a] - begin[a]);
    return bytes;
  };
  const auto row_bytes = static_cast<std::size_t>(n[0]) * sizeof(T);
  if (!overlap) {
    halo.exchange(field);
    const ScopedPhase scope(clock, phase);
    clock.work(bytes_of({}, n));
    for_each_row(0, n[1], 0, n[2], row_bytes, [&](LocalIndex j, LocalIndex k) { row(j, k, 0, n[0]); });
    return;
  }
  HaloTicket ticket = halo.begin(field);
  PerAxis<LocalIndex> low{}, high = n;
  for (std::size_t a = 0; a < 3; ++a) {
    if (around.remote(static_cast<Side>(2 * a))) low[a] = 1;
    if (around.remote(static_cast<Side>(2 * a + 1))) high[a] = std::max(n[a] - 1, low[a]);
  }
  {
    const ScopedPhase scope(clock, phase);
    clock.work(bytes_of(low, high));
    for_each_row(low[1], high[1], low[2], high[2], row_bytes,
                 [&](LocalIndex j, LocalIndex k) { row(j, k, low[0], high[0]); });
  }
  halo.end(std::move(ticket));
  const ScopedPhase scope(clock, phase);
  clock.work(bytes_of({}, n) - bytes_of(low, high));
  for (LocalIndex k = 0; k < n[2]; ++k) {
    for (LocalIndex j = 0; j < n[1]; ++j) {
      const bool inside = k >= low[2] && k < high[2] && j >= low[1] && j < high[1];
      if (!inside) {
        row(j, k, 0, n[0]);
        continue;
      }
      if (low[0] > 0) row(j, k, 0, low[0]);
      if (high[0] < n[0]) row(j, k, high[0], n[0]);
    }
  }
}

}  // namespace haloscope
