// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file halo.hpp
/// Fills the ghost cells of fields from the neighbouring ranks.
///
/// All messages of an exchange are in flight at once: 6 for faces, 18 with edges. Fields of one exchange share a
/// message a direction: fewer, longer messages, at the price of one copy. A neighbour that is the rank itself (a
/// periodic axis with one process) is a copy, never a message. Ghosts beyond a wall are left alone: boundary values are
/// physics. Views without ghost layers (PETSc's vectors) are packed the same; their neighbours' cells stay in the
/// receive buffers, to be read where they lie through received().
#include <memory>
#include <span>

#include "haloscope/grid/decomposition.hpp"
#include "haloscope/grid/field.hpp"
#include "haloscope/grid/halo_method.hpp"
#include "haloscope/timing/phases.hpp"

namespace haloscope {

enum class HaloReach { faces, edges };  ///< edges: faces and edges, what a staggered stencil reads; never corners

/// An exchange in flight. Move-only; must be given to Halo::end before it dies.
class HaloTicket {
 public:
  HaloTicket(HaloTicket&& other) noexcept : open_(std::exchange(other.open_, false)) {}
  HaloTicket& operator=(HaloTicket&&) = delete;
  ~HaloTicket();

 private:
  template <class T>
  friend class Halo;
  HaloTicket() = default;
  bool open_ = true;
};

/// The buffers and requests of one repeated exchange of a fixed number of fields of the same box.
template <class T>
class Halo {
 public:
  /// Collective over the decomposition's ranks. @p layers ghost layers are sent in each direction (1 for every stencil
  /// here), for exactly @p n_fields fields. The decomposition and @p clock must outlive the halo, which charges its
  /// exchanges to Phase::halo.
  Halo(const Decomposition& decomposition, HaloMethod method, HaloReach reach, int layers, int n_fields,
       PhaseClock& clock);
  Halo(Halo&&) noexcept;
  Halo& operator=(Halo&&) noexcept;
  ~Halo();

  /// Packs and posts. Collective over the neighbours. Ghost cells must not be read, and the outermost owned cells not
  /// written, until end(). The views must stay valid until then; at most one exchange is in flight. @throws
  /// LibraryError
  [[nodiscard]] HaloTicket begin(std::span<const FieldView<T>> fields);
  [[nodiscard]] HaloTicket begin(FieldView<T> field) { return begin(std::span<const FieldView<T>>(&field, 1)); }
  /// Waits, and unpacks into the ghost layers of the fields given to begin(), where they have them.
  void end(HaloTicket ticket);

  /// True when no other rank is a neighbour. Then ghost-free fields need no exchange.
  [[nodiscard]] bool alone() const noexcept;

  /// begin() and end() in one, for callers with nothing to do meanwhile. Costs nothing where there is nothing to
  /// exchange.
  void exchange(std::span<const FieldView<T>> fields);
  void exchange(FieldView<T> field) { exchange(std::span<const FieldView<T>>(&field, 1)); }

  /// As begin(), for one ghost-free field whose faces the caller has written into to_send() itself.
  [[nodiscard]] HaloTicket begin_packed();
  /// The face that will travel to the neighbour at @p side: shape (nz, ny) for x, (nz, nx) for y, (ny, nx) for z.
  /// Empty where no rank is there or the rank is its own neighbour.
  [[nodiscard]] std::span<T> to_send(Side side, int field = 0) noexcept;
  /// The face that arrived from the neighbour at @p side; same shape as to_send. Valid from end() to the next begin().
  [[nodiscard]] std::span<const T> received(Side side, int field = 0) const noexcept;

  /// Messages that this rank sends in one exchange, and their bytes: the cost model of a benchmark row.
  [[nodiscard]] int messages() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

extern template class Halo<float>;
extern template class Halo<double>;

}  // namespace haloscope
