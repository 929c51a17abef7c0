// SPDX-License-Identifier: BSD-3-Clause
// Collectives with a root: bcast and scatter; reduce and gather are the same backwards in time.
#include <bit>
#include <utility>

#include "network/round_parts.hpp"

namespace haloscope::interconnect {
namespace {

int tree_top(int ranks) { return static_cast<int>(std::bit_ceil(static_cast<unsigned>(ranks))) / 2; }

/// Down the tree in ceil(log2 P) rounds, farthest first: each rank that has it sends to the one @p span places on. @p
/// bytes(place, count) says how much, for the @p count places from there.
template <class Bytes>
Rounds down_the_tree(const CollectiveShape& shape, Bytes bytes) {
  const int place = wrapped(shape.rank - shape.root, shape.ranks);
  const auto rank_at = [&](int of) { return wrapped(of + shape.root, shape.ranks); };
  Rounds rounds;
  for (int span = tree_top(shape.ranks); span > 0; span /= 2) {
    Round round;
    const auto subtree = [&](int head) { return bytes(head, std::min(span, shape.ranks - head)); };
    if (place % (2 * span) == 0 && place + span < shape.ranks)
      round.sends = {{rank_at(place + span), subtree(place + span)}};
    if (place % (2 * span) == span) round.receives = {{rank_at(place - span), subtree(place)}};
    rounds.push_back(std::move(round));
  }
  return rounds;
}

/// From the root to each at once; @p bytes(rank).
template <class Bytes>
Rounds all_at_once(const CollectiveShape& shape, Bytes bytes) {
  Round round;
  if (shape.rank != shape.root) {
    round.receives = {{shape.root, bytes(shape.rank)}};
  } else {
    for (int i = 1; i < shape.ranks; ++i) {
      const int to = wrapped(shape.root + i, shape.ranks);
      round.sends.push_back({to, bytes(to)});
    }
  }
  return {round};
}

Rounds scatter_blocks(const CollectiveShape& shape, const Blocks& blocks) {
  return down_the_tree(shape, [&](int place, int count) { return blocks.sum(shape.root + place, count); });
}

/// Van de Geijn's: long messages in parts, the allgather by doubling up to 512 KiB on powers of two, else round the
/// ring.
Rounds scatter_allgather(const CollectiveShape& shape) {
  constexpr std::int64_t long_bytes = 524288;
  const Blocks parts = Blocks::parts(shape.bytes, shape.ranks);
  Rounds rounds = scatter_blocks(shape, parts);
  if (shape.bytes < long_bytes && std::has_single_bit(static_cast<unsigned>(shape.ranks)))
    add_doubling_allgather(rounds, Fold(shape.rank, shape.ranks, shape.root), parts);
  else
    add_ring_allgather(rounds, shape, parts);
  return rounds;
}

Rounds bcast(Algorithm algorithm, const CollectiveShape& shape) {
  if (algorithm == Algorithm::scatter_allgather) return scatter_allgather(shape);
  if (algorithm == Algorithm::linear) return all_at_once(shape, [&](int) { return shape.bytes; });
  return down_the_tree(shape, [&](int, int) { return shape.bytes; });
}

Rounds scatter(Algorithm algorithm, const CollectiveShape& shape) {
  const Blocks blocks = Blocks::each(shape, shape.bytes);
  if (algorithm == Algorithm::linear) return all_at_once(shape, [&](int rank) { return blocks.at(rank); });
  return scatter_blocks(shape, blocks);
}

}  // namespace

Rounds rooted_rounds(Algorithm algorithm, const CollectiveShape& shape) {
  if (shape.collective == Collective::bcast) return bcast(algorithm, shape);
  if (shape.collective == Collective::scatter) return scatter(algorithm, shape);
  if (shape.collective == Collective::gather) return reversed(scatter(algorithm, shape));
  if (algorithm == Algorithm::rabenseifner) return rabenseifner(shape);
  return reversed(bcast(algorithm, shape));
}

}  // namespace haloscope::interconnect
