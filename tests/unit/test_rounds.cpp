// SPDX-License-Identifier: BSD-3-Clause
// Every algorithm at 1 ... 33 and 64 ranks: sends meet receives, what must be known gets known, rounds and bytes are
// those of the published closed forms.
#include "haloscope/network/rounds.hpp"

#include <bit>
#include <cstdint>
#include <numeric>
#include <vector>

#include "catch.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

namespace {

using PerRank = std::vector<std::vector<Round>>;

std::vector<int> counts_of_ranks() {
  std::vector<int> counts(33);
  std::iota(counts.begin(), counts.end(), 1);
  counts.push_back(64);
  return counts;
}

std::vector<std::pair<Collective, Algorithm>> all_offers() {
  std::vector<std::pair<Collective, Algorithm>> found;
  for (int c = 0; c <= static_cast<int>(Collective::reduce_scatter); ++c)
    for (int a = 0; a <= static_cast<int>(Algorithm::offload); ++a)
      if (offers(static_cast<Collective>(c), static_cast<Algorithm>(a)))
        found.emplace_back(static_cast<Collective>(c), static_cast<Algorithm>(a));
  return found;
}

PerRank all_ranks(Algorithm algorithm, CollectiveShape shape) {
  PerRank per_rank;
  for (shape.rank = 0; shape.rank < shape.ranks; ++shape.rank) per_rank.push_back(rounds(algorithm, shape));
  return per_rank;
}

/// What is wrong: sends without their receive or the other way round, in order, and ranks with fewer rounds.
int mismatches(const PerRank& per_rank) {
  int wrong = 0;
  const int ranks = static_cast<int>(per_rank.size());
  for (const auto& rounds_of_one : per_rank) wrong += rounds_of_one.size() != per_rank[0].size();
  if (wrong > 0) return wrong;
  for (std::size_t k = 0; k < per_rank[0].size(); ++k) {
    const auto n = static_cast<std::size_t>(ranks);
    std::vector<std::vector<std::int64_t>> sent(n * n), received(n * n);
    for (std::size_t rank = 0; rank < n; ++rank) {
      for (const Exchange& to : per_rank[rank][k].sends) {
        if (to.rank < 0 || to.rank >= ranks || to.rank == static_cast<int>(rank) || to.bytes < 0) return 1000;
        sent[rank * n + static_cast<std::size_t>(to.rank)].push_back(to.bytes);
      }
      for (const Exchange& from : per_rank[rank][k].receives) {
        if (from.rank < 0 || from.rank >= ranks) return 1000;
        received[static_cast<std::size_t>(from.rank) * n + rank].push_back(from.bytes);
      }
    }
    wrong += sent != received;
  }
  return wrong;
}

/// Bit x of known[rank]: what rank x brought has come to the rank, over however many others.
std::vector<std::uint64_t> knowledge(const PerRank& per_rank) {
  std::vector<std::uint64_t> known(per_rank.size());
  for (std::size_t rank = 0; rank < known.size(); ++rank) known[rank] = std::uint64_t{1} << rank;
  for (std::size_t k = 0; k < per_rank[0].size(); ++k) {
    const std::vector<std::uint64_t> before = known;
    for (std::size_t rank = 0; rank < known.size(); ++rank)
      for (const Exchange& from : per_rank[rank][k].receives)
        known[rank] |= before[static_cast<std::size_t>(from.rank)];
  }
  return known;
}

/// What the rank must have heard of in the end.
std::uint64_t needed(const CollectiveShape& shape, int rank) {
  const std::uint64_t everybody = ~std::uint64_t{0} >> (64 - shape.ranks);
  const std::uint64_t self = std::uint64_t{1} << rank, root = std::uint64_t{1} << shape.root;
  switch (shape.collective) {
    case Collective::bcast:
    case Collective::scatter:
      return root | self;
    case Collective::reduce:
    case Collective::gather:
      return rank == shape.root ? everybody : self;
    case Collective::scan:
    case Collective::exscan:
      return self | (self - 1);
    default:
      return everybody;
  }
}

std::int64_t sent_by(const std::vector<Round>& part) {
  std::int64_t bytes = 0;
  for (const Round& round : part)
    for (const Exchange& to : round.sends) bytes += to.bytes;
  return bytes;
}
std::int64_t got_by(const std::vector<Round>& part) {
  std::int64_t bytes = 0;
  for (const Round& round : part)
    for (const Exchange& from : round.receives) bytes += from.bytes;
  return bytes;
}
std::int64_t sent_by_all(const PerRank& per_rank) {
  std::int64_t bytes = 0;
  for (const auto& part : per_rank) bytes += sent_by(part);
  return bytes;
}

int ceil_log2(int ranks) { return std::bit_width(static_cast<unsigned>(ranks - 1)); }
int floor_log2(int ranks) { return std::bit_width(static_cast<unsigned>(ranks)) - 1; }

/// The published number of rounds.
int published_rounds(Collective collective, Algorithm algorithm, int ranks, std::int64_t bytes) {
  const bool power = std::has_single_bit(static_cast<unsigned>(ranks));
  const int halves = floor_log2(ranks), folds = power ? 0 : 1;
  if (ranks == 1) return 0;
  switch (algorithm) {
    case Algorithm::recursive_doubling:
      if (collective == Collective::scan || collective == Collective::exscan) return ceil_log2(ranks);
      return halves + 2 * folds;
    case Algorithm::rabenseifner:
      return 2 * halves + (collective == Collective::reduce ? 1 : 2) * folds;
    case Algorithm::recursive_halving:
      return halves + 2 * folds;
    case Algorithm::ring:
      return (collective == Collective::allreduce ? 2 : 1) * (ranks - 1);
    case Algorithm::pairwise:
      return ranks - 1;
    case Algorithm::scatter_allgather:
      return ceil_log2(ranks) + (power && bytes < 524288 ? halves : ranks - 1);
    case Algorithm::linear:
      return 1;
    case Algorithm::offload:
      return collective == Collective::bcast || collective == Collective::reduce ? 1 : ceil_log2(ranks);
    default:
      return ceil_log2(ranks);  // dissemination, bruck, binomial
  }
}

CollectiveShape of(Collective collective, int ranks, std::int64_t bytes, int root = 0) {
  return {.collective = collective, .ranks = ranks, .root = root, .bytes = bytes};
}

}  // namespace

TEST_CASE("sends meet receives, what must be known gets known, in the published number of rounds") {
  CHECK(all_offers().size() == 31);
  for (const auto& [collective, algorithm] : all_offers())
    for (const int ranks : counts_of_ranks())
      for (const std::int64_t bytes : {0, 8, 1000003})
        for (const int root : {0, 1, ranks / 2, ranks - 1}) {
          if (root >= ranks) continue;
          const CollectiveShape shape = of(collective, ranks, bytes, root);
          const PerRank per_rank = all_ranks(algorithm, shape);
          int ignorant = 0;
          if (mismatches(per_rank) == 0) {
            const std::vector<std::uint64_t> known = knowledge(per_rank);
            for (int rank = 0; rank < ranks; ++rank) {
              const std::uint64_t must = needed(shape, rank);
              ignorant += (known[static_cast<std::size_t>(rank)] & must) != must;
            }
          }
          const int expected = published_rounds(collective, algorithm, ranks, bytes);
          const bool right =
              mismatches(per_rank) == 0 && ignorant == 0 && per_rank[0].size() == static_cast<std::size_t>(expected);
          if (right) continue;  // a check for each of 12000 would take longer than all the rest
          CAPTURE(name(collective), name(algorithm), ranks, bytes, root, ignorant, mismatches(per_rank));
          CHECK(per_rank[0].size() == static_cast<std::size_t>(expected));
          CHECK(right);
        }
}

TEST_CASE("a message is one also with 0 bytes") {
  const auto per_rank = all_ranks(Algorithm::recursive_doubling, of(Collective::allreduce, 8, 0));
  for (const Round& round : per_rank[5]) {
    CHECK(round.sends.size() == 1);
    CHECK(round.receives.size() == 1);
  }
}

TEST_CASE("each rank sends what the closed forms say, at powers of two") {
  for (int ranks = 2; ranks <= 64; ranks *= 2) {
    const std::int64_t p = ranks, n = 64 * 1000, log = floor_log2(ranks);
    const auto all_send = [&](Collective collective, Algorithm algorithm, std::int64_t bytes, std::int64_t wanted) {
      const PerRank per_rank = all_ranks(algorithm, of(collective, ranks, bytes));
      int wrong = 0;
      for (const auto& part : per_rank) wrong += sent_by(part) != wanted || got_by(part) != wanted;
      CAPTURE(name(collective), name(algorithm), ranks, wanted, sent_by(per_rank[0]));
      CHECK(wrong == 0);
    };
    all_send(Collective::allreduce, Algorithm::recursive_doubling, n, log * n);
    all_send(Collective::allreduce, Algorithm::rabenseifner, n, 2 * (p - 1) * n / p);
    all_send(Collective::allreduce, Algorithm::ring, n, 2 * (p - 1) * n / p);
    all_send(Collective::reduce_scatter, Algorithm::recursive_halving, n, (p - 1) * n / p);
    all_send(Collective::reduce_scatter, Algorithm::pairwise, n, (p - 1) * n / p);
    all_send(Collective::reduce_scatter, Algorithm::ring, n, (p - 1) * n / p);
    for (const Algorithm algorithm :
         {Algorithm::recursive_doubling, Algorithm::bruck, Algorithm::ring, Algorithm::linear})
      all_send(Collective::allgather, algorithm, n, (p - 1) * n);
    all_send(Collective::alltoall, Algorithm::pairwise, n, (p - 1) * n);
    all_send(Collective::alltoall, Algorithm::linear, n, (p - 1) * n);
    all_send(Collective::alltoall, Algorithm::bruck, n, log * p / 2 * n);
    all_send(Collective::scan, Algorithm::recursive_doubling, n, log * n);
    all_send(Collective::barrier, Algorithm::dissemination, n, 0);
    for (const std::int64_t odd : {5, 1000003}) {  // in parts of different size; each is left out by one rank
      const auto together = [&](Collective collective, Algorithm algorithm) {
        return sent_by_all(all_ranks(algorithm, of(collective, ranks, odd)));
      };
      CHECK(together(Collective::allreduce, Algorithm::rabenseifner) == 2 * (p - 1) * odd);
      CHECK(together(Collective::allreduce, Algorithm::ring) == 2 * (p - 1) * odd);
      CHECK(together(Collective::reduce_scatter, Algorithm::recursive_halving) == (p - 1) * odd);
    }
    const auto total = [&](Collective collective, Algorithm algorithm) {
      return sent_by_all(all_ranks(algorithm, of(collective, ranks, n, ranks - 1)));
    };
    CHECK(total(Collective::bcast, Algorithm::binomial) == (p - 1) * n);
    CHECK(total(Collective::bcast, Algorithm::linear) == (p - 1) * n);
    CHECK(total(Collective::bcast, Algorithm::scatter_allgather) == log * n / 2 + (p - 1) * n);
    CHECK(total(Collective::reduce, Algorithm::binomial) == (p - 1) * n);
    CHECK(total(Collective::reduce, Algorithm::rabenseifner) == (p - 1) * n + log * n / 2);
    CHECK(total(Collective::gather, Algorithm::binomial) == log * p / 2 * n);
    CHECK(total(Collective::scatter, Algorithm::binomial) == log * p / 2 * n);
    CHECK(total(Collective::gather, Algorithm::linear) == (p - 1) * n);
  }
}

TEST_CASE("blocks of different size: each rank gets what it lacks, no more, at any number of ranks") {
  for (const int ranks : counts_of_ranks()) {
    std::vector<std::int64_t> blocks;
    for (int rank = 0; rank < ranks; ++rank) blocks.push_back(rank % 3 == 1 ? 0 : 100 + 7 * rank);
    const std::int64_t total = std::accumulate(blocks.begin(), blocks.end(), std::int64_t{0});
    const auto shape = [&](Collective collective) {
      CollectiveShape with = of(collective, ranks, 0, ranks / 3);
      with.blocks = blocks;
      return with;
    };
    const auto root = static_cast<std::size_t>(ranks / 3);
    int wrong = 0;
    for (const Algorithm algorithm :
         {Algorithm::recursive_doubling, Algorithm::bruck, Algorithm::ring, Algorithm::linear}) {
      const PerRank per_rank = all_ranks(algorithm, shape(Collective::allgather));
      wrong += mismatches(per_rank);
      for (std::size_t rank = 0; rank < per_rank.size(); ++rank)
        wrong += got_by(per_rank[rank]) != total - blocks[rank];
    }
    for (const Algorithm algorithm : {Algorithm::pairwise, Algorithm::ring}) {
      const PerRank per_rank = all_ranks(algorithm, shape(Collective::reduce_scatter));
      wrong += mismatches(per_rank);
      for (std::size_t rank = 0; rank < per_rank.size(); ++rank)
        wrong += sent_by(per_rank[rank]) != total - blocks[rank];
    }
    const PerRank halving = all_ranks(Algorithm::recursive_halving, shape(Collective::reduce_scatter));
    wrong += mismatches(halving);
    for (const Algorithm algorithm : {Algorithm::binomial, Algorithm::linear}) {
      const PerRank gather = all_ranks(algorithm, shape(Collective::gather));
      const PerRank scatter = all_ranks(algorithm, shape(Collective::scatter));
      wrong += mismatches(gather) + mismatches(scatter);
      wrong += got_by(gather[root]) != total - blocks[root];
      wrong += sent_by(scatter[root]) != total - blocks[root];
    }
    CAPTURE(ranks);
    CHECK(wrong == 0);
  }
}

TEST_CASE("alltoallv: each rank knows its own row and column") {
  const auto bytes = [](int from, int to) { return std::int64_t{100} * from + to; };
  for (const int ranks : {2, 5, 8})
    for (const Algorithm algorithm : {Algorithm::linear, Algorithm::pairwise}) {
      PerRank per_rank;
      for (int rank = 0; rank < ranks; ++rank) {
        std::vector<std::int64_t> row, column;
        for (int other = 0; other < ranks; ++other) {
          row.push_back(bytes(rank, other));
          column.push_back(bytes(other, rank));
        }
        CollectiveShape shape = of(Collective::alltoall, ranks, 0);
        shape.rank = rank;
        shape.blocks = row;
        shape.receive_blocks = column;
        per_rank.push_back(rounds(algorithm, shape));
      }
      CHECK(mismatches(per_rank) == 0);
      std::int64_t wanted = 0;
      for (int other = 0; other < ranks; ++other) wanted += other == 1 ? 0 : bytes(1, other);
      CHECK(sent_by(per_rank[1]) == wanted);
    }
}
