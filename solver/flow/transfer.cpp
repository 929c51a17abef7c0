// SPDX-License-Identifier: BSD-3-Clause
#include "flow/transfer.hpp"

#include <algorithm>
#include <cmath>

#include "haloscope/base/errors.hpp"

namespace haloscope {

template <class T>
bool Transfer<T>::possible(const Decomposition& fine, PerAxis<bool> coarsen) noexcept {
  for (std::size_t a = 0; a < 3; ++a) {
    if (!coarsen[a]) continue;
    const GlobalIndex n = fine.cells()[a];
    for (const GlobalIndex offset : fine.cuts()[a]) {
      if (offset < n && first_fine(coarse_index(offset, n), n) != offset) return false;
    }
  }
  return true;
}

template <class T>
Transfer<T>::Transfer(const Decomposition& fine, PerAxis<bool> coarsen, HaloMethod method, PhaseClock& clock)
    : clock_(&clock) {
  require(possible(fine, coarsen), "boxes are whole coarse cells");
  PerAxis<std::vector<GlobalIndex>> cuts;
  for (std::size_t a = 0; a < 3; ++a) {
    const GlobalIndex n = fine.cells()[a];
    for (const GlobalIndex offset : fine.cuts()[a]) {
      cuts[a].push_back(!coarsen[a] ? offset : offset == n ? coarse_cells(n) : coarse_index(offset, n));
    }
  }
  coarse_.emplace(fine.comm(), cuts, fine.periodic());
  halo_.emplace(*coarse_, method, HaloReach::faces, 1, 1, clock);
  around_.emplace(*coarse_, *halo_);
  for (std::size_t a = 0; a < 3; ++a) {
    const GlobalIndex n = fine.cells()[a], nc = coarse_->cells()[a];
    for (GlobalIndex i = fine.box().begin[a]; i < fine.box().end[a]; ++i) {
      if (!coarsen[a]) {
        places_[a].push_back({static_cast<LocalIndex>(i - fine.box().begin[a]), 1, T{0}});
        continue;
      }
      const GlobalIndex c = coarse_index(i, n);
      const double lean = (static_cast<double>(i) + 0.5) * static_cast<double>(nc) / static_cast<double>(n) -
                          (static_cast<double>(c) + 0.5);  // of the fine centre, in coarse widths
      places_[a].push_back(
          {static_cast<LocalIndex>(c - coarse_->box().begin[a]), lean < 0 ? -1 : 1, static_cast<T>(std::abs(lean))});
    }
    volume_ratio_ *= static_cast<T>(static_cast<double>(nc) / static_cast<double>(n));
  }
  for (int s = 0; s < n_sides; ++s) beyond_[static_cast<std::size_t>(s)] = beyond(*coarse_, static_cast<Side>(s));
  same_in_x_ = !coarsen[0];
  pairs_in_x_ = coarsen[0] && fine.cells()[0] % 2 == 0;
  const auto width = static_cast<std::size_t>(coarse_->local_cells()[0]);
  row_.resize(width);
  west_.resize(width);
  east_.resize(width);
}

template <class T>
void Transfer<T>::begin_restriction(FieldView<T> coarse) {
  for (LocalIndex k = 0; k < coarse.cells[2]; ++k) {
    for (LocalIndex j = 0; j < coarse.cells[1]; ++j) std::fill_n(coarse.row(j, k), coarse.cells[0], T{0});
  }
  for (int s = 0; s < n_sides; ++s) std::ranges::fill(halo_->to_send(static_cast<Side>(s)), T{0});
}

/// The coarse row that row (j, k), one beyond @p side of the box, stands for: in the message to that side, wrapped
/// around, or mirrored.
template <class T>
T* Transfer<T>::target_row(FieldView<T> coarse, Side side, LocalIndex j, LocalIndex k) noexcept {
  const bool in_y = axis_of(side) == 1;
  switch (beyond_[static_cast<std::size_t>(side)]) {
    case Beyond::rank:
      return halo_->to_send(side).data() + static_cast<std::ptrdiff_t>(in_y ? k : j) * coarse.cells[0];
    case Beyond::itself: {
      const LocalIndex opposite = is_high(side) ? 0 : coarse.cells[in_y ? 1 : 2] - 1;
      return in_y ? coarse.row(opposite, k) : coarse.row(j, opposite);
    }
    case Beyond::wall:
      return coarse.row(j, k);
  }
  return coarse.row(j, k);
}

template <class T>
T& Transfer<T>::target_cell(FieldView<T> coarse, Side side, LocalIndex j, LocalIndex k) noexcept {
  const LocalIndex last = coarse.cells[0] - 1;
  switch (beyond_[static_cast<std::size_t>(side)]) {
    case Beyond::rank:
      return halo_->to_send(
          side)[static_cast<std::size_t>(k) * static_cast<std::size_t>(coarse.cells[1]) + static_cast<std::size_t>(j)];
    case Beyond::itself:
      return coarse(is_high(side) ? 0 : last, j, k);
    case Beyond::wall:
      break;
  }
  return coarse(is_high(side) ? last : 0, j, k);
}

template <class T>
void Transfer<T>::restrict_row(const T* fine_row, LocalIndex j, LocalIndex k, FieldView<T> coarse) noexcept {
  const Place py = places_[1][static_cast<std::size_t>(j)], pz = places_[2][static_cast<std::size_t>(k)];
  const LocalIndex n = coarse.cells[0], cj = py.index, ck = pz.index;
  T* const sum = row_.data();    // of the row's cells in each coarse cell, averaged
  T* const west = west_.data();  // what leans west, and east, of them
  T* const east = east_.data();
  const T scale = volume_ratio_;
  if (pairs_in_x_) {
    const T quarter = scale / 4;
#pragma GCC ivdep
    for (LocalIndex i = 0; i < n; ++i) {
      const T a = fine_row[2 * i], b = fine_row[2 * i + 1];
      sum[i] = scale * (a + b);
      west[i] = quarter * a;
      east[i] = quarter * b;
    }
  } else if (same_in_x_) {
    for (LocalIndex i = 0; i < n; ++i) sum[i] = scale * fine_row[i];
  } else {
    std::fill_n(sum, n, T{0});
    std::fill_n(west, n, T{0});
    std::fill_n(east, n, T{0});
    for (std::size_t i = 0; i < places_[0].size(); ++i) {
      const Place p = places_[0][i];
      const T value = scale * fine_row[i];
      sum[p.index] += value;
      (p.step < 0 ? west : east)[p.index] += p.weight * value;
    }
  }
  const T own = T{1} - py.weight - pz.weight;
  T* const centre = coarse.row(cj, ck);
  if (same_in_x_) {
#pragma GCC ivdep
    for (LocalIndex i = 0; i < n; ++i) centre[i] += own * sum[i];
  } else {
    target_cell(coarse, Side::west, cj, ck) += west[0];
    target_cell(coarse, Side::east, cj, ck) += east[n - 1];
#pragma GCC ivdep
    for (LocalIndex i = 0; i < n; ++i) centre[i] += own * sum[i] - west[i] - east[i];
#pragma GCC ivdep
    for (LocalIndex i = 1; i < n; ++i) centre[i] += east[i - 1];
#pragma GCC ivdep
    for (LocalIndex i = 0; i < n - 1; ++i) centre[i] += west[i + 1];
  }
  const auto add = [&](T* row, T weight) {
#pragma GCC ivdep
    for (LocalIndex i = 0; i < n; ++i) row[i] += weight * sum[i];
  };
  if (py.weight > 0) {
    const LocalIndex to = cj + py.step;
    const bool inside = to >= 0 && to < coarse.cells[1];
    add(inside ? coarse.row(to, ck) : target_row(coarse, to < 0 ? Side::south : Side::north, cj, ck), py.weight);
  }
  if (pz.weight > 0) {
    const LocalIndex to = ck + pz.step;
    const bool inside = to >= 0 && to < coarse.cells[2];
    add(inside ? coarse.row(cj, to) : target_row(coarse, to < 0 ? Side::below : Side::above, cj, ck), pz.weight);
  }
}

template <class T>
void Transfer<T>::end_restriction(FieldView<T> coarse, Phase phase) {
  if (halo_->alone()) return;
  {
    const ScopedPhase exchange(*clock_, Phase::halo);
    halo_->end(halo_->begin_packed());
  }
  const ScopedPhase scope(*clock_, phase);
  std::size_t received = 0;
  for (int s = 0; s < n_sides; ++s) received += halo_->received(static_cast<Side>(s)).size();
  clock_->work(2 * sizeof(T) * static_cast<double>(received));
  for (int s = 0; s < n_sides; ++s) {
    const Side side = static_cast<Side>(s);
    const std::span<const T> face = halo_->received(side);
    if (face.empty()) continue;
    const auto axis = static_cast<std::size_t>(axis_of(side));
    PerAxis<LocalIndex> begin{}, end = coarse.cells;
    (is_high(side) ? begin : end)[axis] = is_high(side) ? coarse.cells[axis] - 1 : 1;
    const T* value = face.data();
    for (LocalIndex k = begin[2]; k < end[2]; ++k) {
      for (LocalIndex j = begin[1]; j < end[1]; ++j) {
        for (LocalIndex i = begin[0]; i < end[0]; ++i) coarse(i, j, k) += *value++;
      }
    }
  }
}

template <class T>
void Transfer<T>::add_prolonged(FieldView<T> coarse, FieldView<T> fine, Phase phase) {
  halo_->exchange(coarse);
  const ScopedPhase scope(*clock_, phase);
  const auto cells = [](FieldView<const T> f) { return 1.0 * f.cells[0] * f.cells[1] * f.cells[2]; };
  clock_->work(sizeof(T) * (cells(coarse) + 2 * cells(fine)));
  const LocalIndex n = coarse.cells[0];
  T* const base = row_.data();  // the part of the interpolation that the fine cells of a coarse cell share
  for_each_row(0, fine.cells[1], 0, fine.cells[2], static_cast<std::size_t>(fine.cells[0]) * sizeof(T),
               [&](LocalIndex j, LocalIndex k) {
                 const Place py = places_[1][static_cast<std::size_t>(j)], pz = places_[2][static_cast<std::size_t>(k)];
                 const RowStar<T> star = around_->star(coarse, py.index, pz.index);
                 const T* const c = star.centre;
                 const T* const y = py.step < 0 ? star.south : star.north;
                 const T* const z = pz.step < 0 ? star.below : star.above;
                 const T wy = py.weight, wz = pz.weight, own = T{1} - wy - wz;
                 T* const out = fine.row(j, k);
#pragma GCC ivdep
                 for (LocalIndex i = 0; i < n; ++i) base[i] = own * c[i] + wy * y[i] + wz * z[i];
                 if (same_in_x_) {
#pragma GCC ivdep
                   for (LocalIndex i = 0; i < n; ++i) out[i] += base[i];
                 } else if (pairs_in_x_) {
                   const T quarter = T{1} / 4;
                   const auto pair = [&](LocalIndex i, T west, T east) {
                     out[2 * i] += base[i] + quarter * (west - c[i]);
                     out[2 * i + 1] += base[i] + quarter * (east - c[i]);
                   };
                   pair(0, star.west, n > 1 ? c[1] : star.east);
#pragma GCC ivdep
                   for (LocalIndex i = 1; i < n - 1; ++i) pair(i, c[i - 1], c[i + 1]);
                   if (n > 1) pair(n - 1, c[n - 2], star.east);
                 } else {
                   for (std::size_t i = 0; i < places_[0].size(); ++i) {
                     const Place p = places_[0][i];
                     const LocalIndex to = p.index + p.step;
                     const T neighbour = to < 0 ? star.west : to >= n ? star.east : c[to];
                     out[i] += base[p.index] + p.weight * (neighbour - c[p.index]);
                   }
                 }
               });
}

template class Transfer<float>;
template class Transfer<double>;

}  // namespace haloscope
