// SPDX-License-Identifier: BSD-3-Clause
#include "flow/multigrid.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numbers>
#include <optional>
#include <vector>

#include "flow/transfer.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/grid/redistribution.hpp"

namespace haloscope {

namespace {

constexpr GlobalIndex least_cells_per_rank = 4096;  ///< below, a message costs more than the cells of several ranks
constexpr GlobalIndex least_cells_per_axis = 8;     ///< below, cut() does not promise whole coarse cells
constexpr int coarsest_degree = 8;                  ///< leaves 0.2 % of the error on the two or so cells an axis there

/// Coarsens the axes whose coupling is near the strongest, so that the others catch up: a point smoother needs that.
PerAxis<bool> axes_to_coarsen(PerAxis<GlobalIndex> n, const Laplacian& a) {
  const double strongest = std::ranges::max(a.inverse_spacing_squared);
  PerAxis<bool> coarsen{};
  for (std::size_t d = 0; d < 3; ++d) coarsen[d] = n[d] > 1 && a.inverse_spacing_squared[d] > 0.4 * strongest;
  return coarsen;
}

Laplacian coarsened(Laplacian a, PerAxis<GlobalIndex> n, PerAxis<bool> coarsen) {
  for (std::size_t d = 0; d < 3; ++d) {
    if (!coarsen[d]) continue;
    const double widening = static_cast<double>(n[d]) / static_cast<double>(coarse_cells(n[d]));
    a.inverse_spacing_squared[d] /= widening * widening;
    if (coarse_cells(n[d]) == 1) a.inverse_spacing_squared[d] = 0;
  }
  return a;
}

/// The damping of each step of the Richardson iteration that is least on [low, high]: reciprocals of Chebyshev's zeros.
template <class T>
std::vector<T> chebyshev_steps(int degree, double low, double high) {
  if (high <= 0) return {T{0}};  // a single cell: nothing to solve
  std::vector<T> steps;
  for (int m = 1; m <= degree; ++m) {
    const double zero = std::cos(std::numbers::pi * (2 * m - 1) / (2.0 * degree));
    steps.push_back(static_cast<T>(1 / ((high + low) / 2 + (high - low) / 2 * zero)));
  }
  return steps;
}

/// The process grid of a level: the one it comes with, thinned until no rank is left with few cells.
PerAxis<int> thinned(PerAxis<int> grid, PerAxis<GlobalIndex> n) {
  for (std::size_t a = 0; a < 3; ++a) {
    grid[a] = std::min(grid[a], std::max(1, static_cast<int>(n[a] / least_cells_per_axis)));
  }
  const auto cells_per_rank = [&] { return n[0] * n[1] * n[2] / (GlobalIndex{grid[0]} * grid[1] * grid[2]); };
  while (cells_per_rank() < least_cells_per_rank && std::ranges::max(grid) > 1) {
    int& most = *std::ranges::max_element(grid);
    most = (most + 1) / 2;
  }
  return grid;
}

template <class From, class To>
void copy_cells(FieldView<const From> from, FieldView<To> to) {
  const LocalIndex n = from.cells[0];
  for (LocalIndex k = 0; k < from.cells[2]; ++k) {
    for (LocalIndex j = 0; j < from.cells[1]; ++j) {
      const From* const in = from.row(j, k);
      To* const out = to.row(j, k);
#pragma GCC ivdep
      for (LocalIndex i = 0; i < n; ++i) out[i] = static_cast<To>(in[i]);
    }
  }
}

/// The way of a right side to boxes elsewhere, and of its solution back.
template <class T>
struct Relocation {
  Redistribution<T> move;
  Field<T> b, x;  ///< in the boxes they leave

  Relocation(const Decomposition& from, const PerAxis<std::vector<GlobalIndex>>& cuts)
      : move(from, cuts), b(from.local_cells(), 0), x(from.local_cells(), 0) {}
};

template <class T>
struct Level {
  const Decomposition* where;
  StencilCoefficients<T> operator_;
  std::vector<T> steps;  ///< damping of the smoother, or of the solver on the coarsest level
  Phase phase;
  Halo<T> halo;
  Surroundings<T> around;
  Field<T> b, x, next_x;

  std::optional<Transfer<T>> transfer;      ///< empty on the coarsest level
  std::optional<Relocation<T>> relocation;  ///< empty when the coarse boxes stay where they are

  Level(const Decomposition& boxes, const Laplacian& a, std::vector<T> damping, HaloMethod method, Phase p,
        PhaseClock& clock)
      : where(&boxes),
        operator_(a),
        steps(std::move(damping)),
        phase(p),
        halo(boxes, method, HaloReach::faces, 1, 1, clock),
        around(boxes, halo),
        b(boxes.local_cells(), 0),
        x(boxes.local_cells(), 0),
        next_x(boxes.local_cells(), 0) {}
};

}  // namespace

template <class T>
struct Multigrid<T>::State {
  MultigridSettings settings;
  PhaseClock& clock;
  std::deque<Communicator> communicators;       ///< of levels on fewer ranks
  std::deque<Decomposition> decompositions;     ///< likewise; a deque, because levels point into it
  std::deque<Level<T>> levels;                  ///< those this rank takes part in, finest first
  std::optional<Relocation<T>> top_relocation;  ///< where the finest boxes cannot be coarsened as they are
  int total_levels = 0;
  std::vector<T> residual_row;

  State(const Decomposition& where, const Laplacian& laplacian, const MultigridSettings& s, PhaseClock& c)
      : settings(s), clock(c) {
    build(where, laplacian);
    residual_row.resize(static_cast<std::size_t>(where.cells()[0]));
    total_levels = static_cast<int>(levels.size());  // the one rank on the coarsest has seen them all
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &total_levels, 1, MPI_INT, MPI_MAX, where.comm()));
  }

  void build(const Decomposition& top, const Laplacian& laplacian) {
    const Decomposition* boxes = &top;  // where the level's cells come from
    Laplacian a = laplacian;
    for (bool finest = true;; finest = false) {
      const PerAxis<GlobalIndex> n = boxes->cells();
      const PerAxis<bool> coarsen = axes_to_coarsen(n, a);
      const bool coarsest = coarsen == PerAxis<bool>{false, false, false} || std::ranges::max(n) <= 2;
      boxes = settle(*boxes, n, coarsen, finest);
      if (boxes == nullptr) return;  // this rank waits for the correction
      const double weakest = weakest_coupling(a, coarsest ? PerAxis<bool>{true, true, true} : coarsen);
      const Phase phase = boxes->ranks() < top.ranks() ? Phase::coarse : Phase::smoother;
      const double high = 2 * a.diagonal();  // Gershgorin; reached on periodic axes of even size
      Level<T>& level = levels.emplace_back(
          *boxes, a, chebyshev_steps<T>(coarsest ? coarsest_degree : settings.smoothing, 2 * weakest, high),
          settings.halo_method, phase, clock);
      if (coarsest) return;
      level.transfer.emplace(*boxes, coarsen, settings.halo_method, clock);
      a = coarsened(a, n, coarsen);
      boxes = &level.transfer->coarse();
    }
  }

  static double weakest_coupling(const Laplacian& a, PerAxis<bool> axes) {
    double weakest = std::numeric_limits<double>::infinity();
    for (std::size_t d = 0; d < 3; ++d) {
      const double c = a.inverse_spacing_squared[d];
      if (axes[d] && c > 0) weakest = std::min(weakest, c);
    }
    return std::isfinite(weakest) ? weakest : 0;
  }

  /// Decides on which boxes a level works. Its cells stay in the boxes they come in where these can be coarsened and
  /// are not too small. Else they move to other boxes, on fewer ranks. Null on ranks without such a box.
  const Decomposition* settle(const Decomposition& from, PerAxis<GlobalIndex> n, PerAxis<bool> coarsen, bool finest) {
    const PerAxis<int> grid = thinned(from.process_grid(), n);
    const bool fits = Transfer<T>::possible(from, coarsen);
    if (fits && (finest || grid == from.process_grid())) return &from;
    PerAxis<std::vector<GlobalIndex>> cuts{cut(n[0], grid[0]), cut(n[1], grid[1]), cut(n[2], grid[2])};
    (finest ? top_relocation : levels.back().relocation).emplace(from, cuts);
    const std::optional<int> number = box_held(from, grid);
    communicators.push_back(split_communicator(from.comm(), number ? 0 : MPI_UNDEFINED, number.value_or(0)));
    if (!number) return nullptr;
    return &decompositions.emplace_back(communicators.back().get(), std::move(cuts), from.periodic());
  }

  // --- smoothing ---------------------------------------------------------------------------------------------------

  /// The polynomial applied to a zero guess. Its first two steps are one pass: x = (s0 + s1) b - s0 s1 A b.
  void smooth_from_zero(Level<T>& l) {
    if (l.steps.size() == 1) {
      const ScopedPhase scope(clock, l.phase);
      const T s = l.steps[0];
      const LocalIndex n = l.b.cells()[0];
      const FieldView<T> b = l.b.view(), x = l.x.view();
      clock.work(3 * sizeof(T) * cells_of(b));
      for_each_row(0, b.cells[1], 0, b.cells[2], row_bytes(b), [&](LocalIndex j, LocalIndex k) {
        const T* const in = b.row(j, k);
        T* const out = x.row(j, k);
#pragma GCC ivdep
        for (LocalIndex i = 0; i < n; ++i) out[i] = s * in[i];
      });
      return;
    }
    const T sum = l.steps[0] + l.steps[1], product = l.steps[0] * l.steps[1];
    const FieldView<T> x = l.x.view();
    const FieldView<const T> b = std::as_const(l.b).view();
    sweep(l, l.b.view(), 3 * sizeof(T),
          [&](const RowStar<T>& star, LocalIndex j, LocalIndex k, LocalIndex begin, LocalIndex end) {
            T* const out = x.row(j, k);
            stencil_row(star, l.operator_, b.cells[0], begin, end,
                        [=](LocalIndex i, T ab) { out[i] = sum * star.centre[i] - product * ab; });
          });
    for (std::size_t m = 2; m < l.steps.size(); ++m) step(l, l.steps[m]);
  }

  /// x += s (b - A x)
  void step(Level<T>& l, T s) {
    const FieldView<T> out = l.next_x.view();
    step_into(l, s, [&](LocalIndex j, LocalIndex k) { return out.row(j, k); });
    std::swap(l.x, l.next_x);
  }

  /// out = x + s (b - A x), where row(j, k) says where a row of out lies.
  template <class OutRow>
  void step_into(Level<T>& l, T s, const OutRow& row) {
    const FieldView<T> b = l.b.view();
    constexpr auto bytes = 2 * sizeof(T) + 2 * sizeof(*row(0, 0));  // x and b are read, out is written
    sweep(l, l.x.view(), bytes,
          [&](const RowStar<T>& star, LocalIndex j, LocalIndex k, LocalIndex begin, LocalIndex end) {
            const T* const right = b.row(j, k);
            auto* const out = row(j, k);
            stencil_row(star, l.operator_, b.cells[0], begin, end,
                        [=](LocalIndex i, T ax) { out[i] = star.centre[i] + s * (right[i] - ax); });
          });
  }

  template <class Row>
  void sweep(Level<T>& l, FieldView<T> field, std::size_t bytes_per_cell, const Row& row) {
    exchange_and_sweep(l.halo, l.around, field, settings.overlap, clock, l.phase, static_cast<double>(bytes_per_cell),
                       [&](LocalIndex j, LocalIndex k, LocalIndex begin, LocalIndex end) {
                         row(l.around.star(field, j, k), j, k, begin, end);
                       });
  }

  static double cells_of(FieldView<const T> f) { return 1.0 * f.cells[0] * f.cells[1] * f.cells[2]; }
  static std::size_t row_bytes(FieldView<const T> f) { return static_cast<std::size_t>(f.cells[0]) * sizeof(T); }

  // --- the cycle ---------------------------------------------------------------------------------------------------

  /// x = V-cycle(b) on level @p m, without its last smoothing step.
  void descend(std::size_t m) {
    Level<T>& l = levels[m];
    const ScopedPhase scope(clock, l.phase);
    smooth_from_zero(l);
    if (!l.transfer) return;
    restrict_residual(l, l.relocation ? l.relocation->b.view() : levels[m + 1].b.view());
    if (l.relocation) {
      cycle_elsewhere(*l.relocation, m + 1);
    } else {
      cycle(m + 1);
    }
    l.transfer->add_prolonged(l.relocation ? l.relocation->x.view() : levels[m + 1].x.view(), l.x.view(), l.phase);
    for (std::size_t s = 0; s + 1 < l.steps.size(); ++s) step(l, l.steps[s]);
  }

  void cycle(std::size_t m) {
    descend(m);
    if (levels[m].transfer) step(levels[m], levels[m].steps.back());
  }

  /// x = V-cycle(b) of a level whose boxes are elsewhere, maybe on fewer ranks. Phase::coarse gets the wait of the
  /// others.
  void cycle_elsewhere(Relocation<T>& relocation, std::size_t m) {
    const ScopedPhase scope(clock, Phase::coarse);
    const bool here = m < levels.size();
    clock.work(3 * sizeof(T) * (cells_of(relocation.b.view()) + (here ? cells_of(levels[m].b.view()) : 0)));
    relocation.move.forward(relocation.b.view(), here ? levels[m].b.view() : FieldView<T>{});
    if (here) cycle(m);
    clock.work(3 * sizeof(T) * (cells_of(relocation.x.view()) + (here ? cells_of(levels[m].x.view()) : 0)));
    relocation.move.backward(here ? levels[m].x.view() : FieldView<T>{}, relocation.x.view());
  }

  /// The transfer needs the full residual of a row, so rows come whole and there is nothing to overlap with.
  void restrict_residual(Level<T>& l, FieldView<T> coarse) {
    l.halo.exchange(l.x.view());
    {
      const ScopedPhase scope(clock, l.phase);
      const FieldView<T> b = l.b.view(), x = l.x.view();
      // b and x, and six more numbers a cell for the rows in between, which stay in the first-level cache.
      clock.work(8 * sizeof(T) * cells_of(b));
      l.transfer->begin_restriction(coarse);
      T* const r = residual_row.data();
      for_each_row(0, b.cells[1], 0, b.cells[2], row_bytes(b), [&](LocalIndex j, LocalIndex k) {
        const T* const right = b.row(j, k);
        stencil_row(l.around.star(x, j, k), l.operator_, b.cells[0], 0, b.cells[0],
                    [=](LocalIndex i, T ax) { r[i] = right[i] - ax; });
        l.transfer->restrict_row(r, j, k, coarse);
      });
    }
    l.transfer->end_restriction(coarse, l.phase);
  }
};

template <class T>
Multigrid<T>::Multigrid(const Decomposition& decomposition, const Laplacian& laplacian,
                        const MultigridSettings& settings, PhaseClock& clock)
    : state_(std::make_unique<State>(decomposition, laplacian, settings, clock)), box_(decomposition.local_cells()) {
  require(settings.smoothing >= 1, "the smoother has a degree of at least one");
}
template <class T>
Multigrid<T>::Multigrid(Multigrid&&) noexcept = default;
template <class T>
Multigrid<T>::~Multigrid() = default;

template <class T>
void Multigrid<T>::apply(const double* r, double* z) {
  State& s = *state_;
  const FieldView<const double> right = dense_view(r, box_);
  const FieldView<double> result = dense_view(z, box_);
  if (s.top_relocation) {
    Relocation<T>& relocation = *s.top_relocation;
    const ScopedPhase scope(s.clock, Phase::coarse);
    s.clock.work((8 + 2 * sizeof(T)) * s.cells_of(relocation.b.view()));
    copy_cells(right, relocation.b.view());
    s.cycle_elsewhere(relocation, 0);
    s.clock.work((16 + sizeof(T)) * s.cells_of(relocation.x.view()));
    copy_cells(FieldView<const T>(relocation.x.view()), result);
    return;
  }
  Level<T>& l = s.levels.front();
  const ScopedPhase scope(s.clock, l.phase);
  s.clock.work((8 + 2 * sizeof(T)) * s.cells_of(l.b.view()));
  copy_cells(right, l.b.view());
  s.descend(0);
  if (l.transfer) {
    s.step_into(l, l.steps.back(), [&](LocalIndex j, LocalIndex k) { return result.row(j, k); });
  } else {
    s.clock.work((16 + sizeof(T)) * s.cells_of(l.x.view()));
    copy_cells(FieldView<const T>(l.x.view()), result);
  }
}

template <class T>
int Multigrid<T>::levels() const noexcept {
  return state_->total_levels;
}

template class Multigrid<float>;
template class Multigrid<double>;

}  // namespace haloscope
