// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file round_parts.hpp
/// What the algorithms of rounds.hpp share: sums over blocks, folding to a power of two, a round with one partner.
/// Included by their sources only.
#include <vector>

#include "haloscope/network/rounds.hpp"

namespace haloscope::interconnect {

using Rounds = std::vector<Round>;

/// A vector's blocks in the order of ranks, the first following the last.
class Blocks {
 public:
  explicit Blocks(std::span<const std::int64_t> bytes);
  /// The shape's own blocks; where it has none, @p bytes for each rank.
  static Blocks each(const CollectiveShape& shape, std::int64_t bytes);
  /// @p bytes in @p count parts, the first ones a byte longer where they do not divide.
  static Blocks parts(std::int64_t bytes, int count);

  /// The bytes of @p count blocks from number @p first on, 0 <= count <= size; @p first may be any number.
  [[nodiscard]] std::int64_t sum(int first, int count) const noexcept;
  [[nodiscard]] std::int64_t at(int i) const noexcept { return sum(i, 1); }
  [[nodiscard]] std::int64_t total() const noexcept { return until_.back(); }

 private:
  std::vector<std::int64_t> until_ = {0};  ///< until_[i]: bytes of the first i blocks
};

/// A power of two of the ranks does the work: of the first 2 * extra ranks the even ones give theirs to the next before
/// and get the result after (Thakur, Rabenseifner & Gropp, section 4.5).
class Fold {
 public:
  /// Counts from rank @p start on instead of from rank 0.
  Fold(int rank, int ranks, int start = 0);

  [[nodiscard]] int power() const noexcept { return power_; }
  [[nodiscard]] bool works() const noexcept { return !gives(); }
  /// The number among those that work.
  [[nodiscard]] int number() const noexcept { return place_ < 2 * extra_ ? place_ / 2 : place_ - extra_; }
  /// The rank that works with @p number.
  [[nodiscard]] int rank(int number) const noexcept;
  /// The bytes in @p blocks of the ranks for which @p count workers from @p number on work.
  [[nodiscard]] std::int64_t sum(const Blocks& blocks, int number, int count) const noexcept;

  /// The round before: @p bytes are what this rank gives or gets; none where nothing is folded.
  void add_before(Rounds& rounds, std::int64_t given_or_got) const;
  /// The round after, the other way.
  void add_after(Rounds& rounds, std::int64_t got_or_given) const;
  /// The rank that gives its part: this one or the one before it; of no use to other ranks.
  [[nodiscard]] int giver() const noexcept;

 private:
  [[nodiscard]] bool gives() const noexcept { return place_ < 2 * extra_ && place_ % 2 == 0; }
  [[nodiscard]] bool takes() const noexcept { return place_ < 2 * extra_ && place_ % 2 == 1; }
  [[nodiscard]] int first_place(int number) const noexcept { return number < extra_ ? 2 * number : number + extra_; }

  int ranks_, start_, place_;  ///< place: the rank, counted from start
  int power_, extra_;
};

[[nodiscard]] inline int wrapped(int rank, int ranks) noexcept { return ((rank % ranks) + ranks) % ranks; }
/// One message each way.
[[nodiscard]] inline Round exchange(int to, std::int64_t given, int from, std::int64_t got) {
  return {.sends = {{to, given}}, .receives = {{from, got}}};
}
/// The same backwards in time: a gather for a scatter.
[[nodiscard]] Rounds reversed(Rounds rounds);

/// Nobody waits for a block that it has: P - 1 rounds from the rank before to the rank after.
void add_ring_allgather(Rounds& rounds, const CollectiveShape& shape, const Blocks& blocks);
void add_ring_reduce_scatter(Rounds& rounds, const CollectiveShape& shape, const Blocks& blocks);
/// Windows that double: 1, 2, 4 ... workers' blocks.
void add_doubling_allgather(Rounds& rounds, const Fold& fold, const Blocks& blocks);

/// One rank has or gets everything: bcast, reduce, gather, scatter.
[[nodiscard]] Rounds rooted_rounds(Algorithm algorithm, const CollectiveShape& shape);
/// Every rank has or gets a block: allgather, alltoall, reduce_scatter.
[[nodiscard]] Rounds block_rounds(Algorithm algorithm, const CollectiveShape& shape);
/// Allreduce, or reduce to the root.
[[nodiscard]] Rounds rabenseifner(const CollectiveShape& shape);

}  // namespace haloscope::interconnect
