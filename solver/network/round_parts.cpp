// SPDX-License-Identifier: BSD-3-Clause
#include "network/round_parts.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace haloscope::interconnect {

Blocks::Blocks(std::span<const std::int64_t> bytes) {
  until_.reserve(bytes.size() + 1);
  for (const std::int64_t block : bytes) until_.push_back(until_.back() + block);
}

Blocks Blocks::each(const CollectiveShape& shape, std::int64_t bytes) {
  if (!shape.blocks.empty()) return Blocks(shape.blocks);
  return Blocks(std::vector<std::int64_t>(static_cast<std::size_t>(shape.ranks), bytes));
}

Blocks Blocks::parts(std::int64_t bytes, int count) {
  std::vector<std::int64_t> equal(static_cast<std::size_t>(count), bytes / count);
  for (std::int64_t i = 0; i < bytes % count; ++i) ++equal[static_cast<std::size_t>(i)];
  return Blocks(equal);
}

std::int64_t Blocks::sum(int first, int count) const noexcept {
  const int n = static_cast<int>(until_.size()) - 1;
  const auto begin = static_cast<std::size_t>(wrapped(first, n));
  const auto end = begin + static_cast<std::size_t>(count);
  if (end < until_.size()) return until_[end] - until_[begin];
  return total() - until_[begin] + until_[end - static_cast<std::size_t>(n)];
}

Fold::Fold(int rank, int ranks, int start)
    : ranks_(ranks),
      start_(start),
      place_(wrapped(rank - start, ranks)),
      power_(static_cast<int>(std::bit_floor(static_cast<unsigned>(ranks)))),
      extra_(ranks - power_) {}

int Fold::rank(int number) const noexcept {
  return wrapped(start_ + (number < extra_ ? 2 * number + 1 : number + extra_), ranks_);
}

std::int64_t Fold::sum(const Blocks& blocks, int number, int count) const noexcept {
  const int first = first_place(number);
  return blocks.sum(start_ + first, first_place(number + count) - first);
}

int Fold::giver() const noexcept { return wrapped(start_ + (takes() ? place_ - 1 : place_), ranks_); }

void Fold::add_before(Rounds& rounds, std::int64_t given_or_got) const {
  if (extra_ == 0) return;
  Round round;
  if (gives()) round.sends = {{wrapped(start_ + place_ + 1, ranks_), given_or_got}};
  if (takes()) round.receives = {{giver(), given_or_got}};
  rounds.push_back(std::move(round));
}

void Fold::add_after(Rounds& rounds, std::int64_t got_or_given) const {
  if (extra_ == 0) return;
  Round round;
  if (takes()) round.sends = {{giver(), got_or_given}};
  if (gives()) round.receives = {{wrapped(start_ + place_ + 1, ranks_), got_or_given}};
  rounds.push_back(std::move(round));
}

Rounds reversed(Rounds rounds) {
  std::reverse(rounds.begin(), rounds.end());
  for (Round& round : rounds) {
    std::swap(round.sends, round.receives);
    std::reverse(round.sends.begin(), round.sends.end());
    std::reverse(round.receives.begin(), round.receives.end());
  }
  return rounds;
}

void add_ring_allgather(Rounds& rounds, const CollectiveShape& shape, const Blocks& blocks) {
  const int next = wrapped(shape.rank + 1, shape.ranks), previous = wrapped(shape.rank - 1, shape.ranks);
  for (int k = 0; k + 1 < shape.ranks; ++k)
    rounds.push_back(exchange(next, blocks.at(shape.rank - k), previous, blocks.at(shape.rank - k - 1)));
}

void add_ring_reduce_scatter(Rounds& rounds, const CollectiveShape& shape, const Blocks& blocks) {
  const int next = wrapped(shape.rank + 1, shape.ranks), previous = wrapped(shape.rank - 1, shape.ranks);
  for (int k = 0; k + 1 < shape.ranks; ++k)
    rounds.push_back(exchange(next, blocks.at(shape.rank - k - 1), previous, blocks.at(shape.rank - k - 2)));
}

void add_doubling_allgather(Rounds& rounds, const Fold& fold, const Blocks& blocks) {
  for (int count = 1; count < fold.power(); count *= 2) {
    Round round;
    if (fold.works()) {
      const int own = fold.number() & ~(count - 1), partner = fold.rank(fold.number() ^ count);
      round = exchange(partner, fold.sum(blocks, own, count), partner, fold.sum(blocks, own ^ count, count));
    }
    rounds.push_back(std::move(round));
  }
}

}  // namespace haloscope::interconnect
