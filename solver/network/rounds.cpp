// SPDX-License-Identifier: BSD-3-Clause
// Collectives on the whole vector without a root, and the way to all others.
#include "haloscope/network/rounds.hpp"

#include <utility>

#include "network/round_parts.hpp"

namespace haloscope::interconnect {
namespace {

/// Hensgen, Finkel & Manber, 1988: after round k each has heard from 2^(k+1) - 1 before it.
Rounds dissemination(const CollectiveShape& shape) {
  Rounds rounds;
  for (int step = 1; step < shape.ranks; step *= 2)
    rounds.push_back(exchange(wrapped(shape.rank + step, shape.ranks), 0, wrapped(shape.rank - step, shape.ranks), 0));
  return rounds;
}

Rounds recursive_doubling(const CollectiveShape& shape, std::int64_t bytes) {
  const Fold fold(shape.rank, shape.ranks);
  Rounds rounds;
  fold.add_before(rounds, bytes);
  for (int step = 1; step < fold.power(); step *= 2) {
    Round round;
    if (fold.works()) {
      const int partner = fold.rank(fold.number() ^ step);
      round = exchange(partner, bytes, partner, bytes);
    }
    rounds.push_back(std::move(round));
  }
  fold.add_after(rounds, bytes);
  return rounds;
}

/// No fold: a rank without partner has none above it to hear from.
Rounds scan(const CollectiveShape& shape) {
  Rounds rounds;
  for (int step = 1; step < shape.ranks; step *= 2) {
    const int partner = shape.rank ^ step;
    rounds.push_back(partner < shape.ranks ? exchange(partner, shape.bytes, partner, shape.bytes) : Round{});
  }
  return rounds;
}

Rounds ring_allreduce(const CollectiveShape& shape) {
  const Blocks parts = Blocks::parts(shape.bytes, shape.ranks);
  Rounds rounds;
  add_ring_reduce_scatter(rounds, shape, parts);
  add_ring_allgather(rounds, shape, parts);
  return rounds;
}

/// Whom each waits for: all for all, or one side for the other.
Rounds in_network(const CollectiveShape& shape) {
  if (shape.collective != Collective::bcast && shape.collective != Collective::reduce) return dissemination(shape);
  CollectiveShape nothing = shape;
  nothing.bytes = 0;
  return rooted_rounds(Algorithm::linear, nothing);
}

}  // namespace

// Thakur, Rabenseifner & Gropp, sections 4.4 and 4.5: halving, nearest partner first; then backwards, both ways for
// allreduce, and for reduce only what leads to the worker with number 0, so counting starts where that is the root.
Rounds rabenseifner(const CollectiveShape& shape) {
  const bool to_root = shape.collective == Collective::reduce;
  const bool folded = Fold(shape.rank, shape.ranks).power() != shape.ranks;
  const Fold fold(shape.rank, shape.ranks, to_root ? shape.root - (folded ? 1 : 0) : 0);
  const Blocks parts = Blocks::parts(shape.bytes, fold.power());
  Rounds rounds, back;
  fold.add_before(rounds, shape.bytes);
  int first = 0, count = fold.power();  // the window that is left
  for (int step = 1; step < fold.power(); step *= 2) {
    Round halving, joining;
    if (fold.works()) {
      count /= 2;
      const bool upper = (fold.number() & step) != 0;
      const int partner = fold.rank(fold.number() ^ step);
      const std::int64_t kept = parts.sum(upper ? first + count : first, count);
      const std::int64_t given = parts.sum(upper ? first : first + count, count);
      if (upper) first += count;
      halving = exchange(partner, given, partner, kept);
      joining = exchange(partner, kept, partner, given);
      if (to_root) {
        const bool done = fold.number() >= 2 * step;  // gave all at a later step, which comes earlier on the way back
        if (done || !upper) joining.sends.clear();
        if (done || upper) joining.receives.clear();
      }
    }
    rounds.push_back(std::move(halving));
    back.push_back(std::move(joining));
  }
  rounds.insert(rounds.end(), back.rbegin(), back.rend());
  if (!to_root) fold.add_after(rounds, shape.bytes);
  return rounds;
}

std::vector<Round> rounds(Algorithm algorithm, const CollectiveShape& shape) {
  if (shape.ranks == 1) return {};
  if (algorithm == Algorithm::offload) return in_network(shape);
  if (algorithm == Algorithm::dissemination) return dissemination(shape);
  switch (shape.collective) {
    case Collective::barrier:
      return recursive_doubling(shape, 0);
    case Collective::allreduce:
      if (algorithm == Algorithm::rabenseifner) return rabenseifner(shape);
      return algorithm == Algorithm::ring ? ring_allreduce(shape) : recursive_doubling(shape, shape.bytes);
    case Collective::scan:
    case Collective::exscan:
      return scan(shape);
    case Collective::bcast:
    case Collective::reduce:
    case Collective::gather:
    case Collective::scatter:
      return rooted_rounds(algorithm, shape);
    case Collective::allgather:
    case Collective::alltoall:
    case Collective::reduce_scatter:
      return block_rounds(algorithm, shape);
  }
  return {};
}

}  // namespace haloscope::interconnect
