// SPDX-License-Identifier: BSD-3-Clause
// Collectives without a root in which every rank has or gets a block of its own.
#include <algorithm>
#include <bit>
#include <utility>

#include "network/round_parts.hpp"

namespace haloscope::interconnect {
namespace {

Rounds bruck_allgather(const CollectiveShape& shape, const Blocks& blocks) {
  Rounds rounds;
  for (int have = 1; have < shape.ranks; have *= 2) {
    const int count = std::min(have, shape.ranks - have), from = wrapped(shape.rank + have, shape.ranks);
    rounds.push_back(exchange(wrapped(shape.rank - have, shape.ranks), blocks.sum(shape.rank, count), from,
                              blocks.sum(from, count)));
  }
  return rounds;
}

Rounds doubling_allgather(const CollectiveShape& shape, const Blocks& blocks) {
  const Fold fold(shape.rank, shape.ranks);
  const std::int64_t folded = blocks.at(fold.giver());
  Rounds rounds;
  fold.add_before(rounds, folded);
  add_doubling_allgather(rounds, fold, blocks);
  fold.add_after(rounds, blocks.total() - folded);
  return rounds;
}

Rounds allgather(Algorithm algorithm, const CollectiveShape& shape) {
  const Blocks blocks = Blocks::each(shape, shape.bytes);
  if (algorithm == Algorithm::recursive_doubling) return doubling_allgather(shape, blocks);
  if (algorithm == Algorithm::bruck) return bruck_allgather(shape, blocks);
  Rounds rounds;
  if (algorithm == Algorithm::ring) {
    add_ring_allgather(rounds, shape, blocks);
    return rounds;
  }
  rounds.resize(1);
  for (int i = 1; i < shape.ranks; ++i) {
    const int from = wrapped(shape.rank - i, shape.ranks);
    rounds[0].sends.push_back({wrapped(shape.rank + i, shape.ranks), blocks.at(shape.rank)});
    rounds[0].receives.push_back({from, blocks.at(from)});
  }
  return rounds;
}

/// A block goes as far as its distance's binary digits say: with the k-th digit set it moves on 2^k ranks in round k.
Rounds bruck_alltoall(const CollectiveShape& shape) {
  Rounds rounds;
  for (int step = 1; step < shape.ranks; step *= 2) {
    std::int64_t bytes = 0;
    for (int distance = 1; distance < shape.ranks; ++distance)
      if ((distance & step) != 0) bytes += shape.bytes;
    rounds.push_back(
        exchange(wrapped(shape.rank + step, shape.ranks), bytes, wrapped(shape.rank - step, shape.ranks), bytes));
  }
  return rounds;
}

Rounds alltoall(Algorithm algorithm, const CollectiveShape& shape) {
  if (algorithm == Algorithm::bruck) return bruck_alltoall(shape);
  const auto bytes = [&](std::span<const std::int64_t> blocks, int rank) {
    return blocks.empty() ? shape.bytes : blocks[static_cast<std::size_t>(rank)];
  };
  const bool power_of_two = std::has_single_bit(static_cast<unsigned>(shape.ranks));
  const bool pairwise = algorithm == Algorithm::pairwise;
  Rounds rounds(pairwise ? static_cast<std::size_t>(shape.ranks - 1) : 1);
  for (int i = 1; i < shape.ranks; ++i) {
    const bool both_ways = pairwise && power_of_two;
    const int to = both_ways ? shape.rank ^ i : wrapped(shape.rank + i, shape.ranks);
    const int from = both_ways ? to : wrapped(shape.rank - i, shape.ranks);
    Round& round = rounds[pairwise ? static_cast<std::size_t>(i - 1) : 0];
    round.sends.push_back({to, bytes(shape.blocks, to)});
    round.receives.push_back({from, bytes(shape.receive_blocks, from)});
  }
  return rounds;
}

/// Windows that halve, farthest partner first, so that each ends with the blocks of its own place.
Rounds halving_reduce_scatter(const CollectiveShape& shape, const Blocks& blocks) {
  const Fold fold(shape.rank, shape.ranks);
  Rounds rounds;
  fold.add_before(rounds, blocks.total());
  for (int count = fold.power() / 2; count > 0; count /= 2) {
    Round round;
    if (fold.works()) {
      const int kept = fold.number() & ~(count - 1), partner = fold.rank(fold.number() ^ count);
      round = exchange(partner, fold.sum(blocks, kept ^ count, count), partner, fold.sum(blocks, kept, count));
    }
    rounds.push_back(std::move(round));
  }
  fold.add_after(rounds, blocks.at(fold.giver()));
  return rounds;
}

Rounds reduce_scatter(Algorithm algorithm, const CollectiveShape& shape) {
  const Blocks blocks = shape.blocks.empty() ? Blocks::parts(shape.bytes, shape.ranks) : Blocks(shape.blocks);
  if (algorithm == Algorithm::recursive_halving) return halving_reduce_scatter(shape, blocks);
  Rounds rounds;
  if (algorithm == Algorithm::ring) {
    add_ring_reduce_scatter(rounds, shape, blocks);
    return rounds;
  }
  for (int i = 1; i < shape.ranks; ++i) {
    const int to = wrapped(shape.rank - i, shape.ranks);
    rounds.push_back(exchange(to, blocks.at(to), wrapped(shape.rank + i, shape.ranks), blocks.at(shape.rank)));
  }
  return rounds;
}

}  // namespace

Rounds block_rounds(Algorithm algorithm, const CollectiveShape& shape) {
  if (shape.collective == Collective::allgather) return allgather(algorithm, shape);
  if (shape.collective == Collective::alltoall) return alltoall(algorithm, shape);
  return reduce_scatter(algorithm, shape);
}

}  // namespace haloscope::interconnect
