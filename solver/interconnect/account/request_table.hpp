// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file request_table.hpp
/// What a request stands for, where its handle does not tell: a persistent send or collective, a collective in flight.
///
/// Open addressing with linear probing (Knuth, TAOCP 3, section 6.4, algorithms L and R); it allocates only when it
/// doubles, at half full. Ordinary sends and receives are never entered, so most waits look up nothing.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace haloscope::interconnect {

/// What modelled time keeps with a request; the engine's own types derive from it.
class Modelled {
 public:
  virtual ~Modelled() = default;
};

struct Remembered {
  bool collective = false;                ///< its time is a collective's; else point-to-point
  bool persistent = false;                ///< outlives its completion
  long long messages = 0;                 ///< each start sends so many …
  long long bytes = 0;                    ///< … of so many bytes together …
  long long reductions = 0;               ///< … or is so many collectives
  std::unique_ptr<Modelled> operation{};  ///< an Operation: what is in flight
  std::unique_ptr<Modelled> recipe{};     ///< a Recipe, of a persistent request: what each start posts
  bool active = false;                    ///< modelled time, persistent: started and not complete
};

class RequestTable {
 public:
  using Key = std::uint64_t;

  /// The handle's bits: a pointer in Open MPI, an int in MPICH.
  template <class Request>
  [[nodiscard]] static Key key_of(Request request) noexcept {
    static_assert(sizeof(Request) <= sizeof(Key));
    Key key = 0;
    std::memcpy(&key, &request, sizeof request);
    return key;
  }

  /// Null when @p key is not there. Valid until the next remember() or forget().
  [[nodiscard]] const Remembered* find(Key key) const noexcept {
    if (size_ == 0) return nullptr;
    for (std::size_t i = home(key);; i = next(i)) {
      if (!cells_[i].used) return nullptr;
      if (cells_[i].key == key) return &cells_[i].what;
    }
  }
  [[nodiscard]] Remembered* find(Key key) noexcept {
    return const_cast<Remembered*>(static_cast<const RequestTable*>(this)->find(key));
  }

  /// Replaces what stood under @p key: MPI hands out a freed handle again.
  void remember(Key key, Remembered what) {
    forget(key);
    if (2 * (size_ + 1) > cells_.size()) grow();
    place(key, std::move(what));
  }

  void forget(Key key) noexcept {
    if (size_ == 0) return;
    std::size_t hole = home(key);
    for (; cells_[hole].key != key || !cells_[hole].used; hole = next(hole))
      if (!cells_[hole].used) return;
    --size_;
    const Remembered forgotten = std::move(cells_[hole].what);  // destroyed when the table is in order again
    if (forgotten.collective) --collectives_;
    // Whatever follows moves up, unless it would move before its home.
    for (std::size_t i = next(hole); cells_[i].used; i = next(i)) {
      const std::size_t from_home = (i - home(cells_[i].key)) & mask(), from_hole = (i - hole) & mask();
      if (from_home < from_hole) continue;
      cells_[hole] = std::move(cells_[i]);
      hole = i;
    }
    cells_[hole].used = false;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t collectives() const noexcept { return collectives_; }

 private:
  struct Cell {
    Key key = 0;
    Remembered what;
    bool used = false;
  };

  [[nodiscard]] std::size_t mask() const noexcept { return cells_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t i) const noexcept { return (i + 1) & mask(); }
  /// Multiplicative hashing (Knuth, TAOCP 3, section 6.4): the high bits of the product with 2^64 / golden ratio.
  [[nodiscard]] std::size_t home(Key key) const noexcept {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> 20) & mask();
  }
  void place(Key key, Remembered what) noexcept {
    std::size_t i = home(key);
    while (cells_[i].used) i = next(i);
    if (what.collective) ++collectives_;
    cells_[i] = {key, std::move(what), true};
    ++size_;
  }
  void grow() {
    std::vector<Cell> old = std::move(cells_);
    cells_ = std::vector<Cell>(old.empty() ? 64 : 2 * old.size());
    size_ = collectives_ = 0;
    for (Cell& cell : old)
      if (cell.used) place(cell.key, std::move(cell.what));
  }

  std::vector<Cell> cells_;  ///< a power of two
  std::size_t size_ = 0, collectives_ = 0;
};

}  // namespace haloscope::interconnect
