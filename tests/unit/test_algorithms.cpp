// SPDX-License-Identifier: BSD-3-Clause
// Names, and the choice of an algorithm: by the default table, by the profile, inside the network, and where blocks
// differ.
#include <set>
#include <string>

#include "catch.hpp"
#include "haloscope/network/rounds.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

namespace {

Algorithm chosen(const Profile& profile, Collective collective, int ranks, std::int64_t bytes) {
  return choose_algorithm(profile, {.collective = collective, .ranks = ranks, .bytes = bytes});
}

}  // namespace

TEST_CASE("names lead there and back, and are all different") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Collective::reduce_scatter); ++i) {
    const auto collective = static_cast<Collective>(i);
    CHECK(find_collective(name(collective)) == collective);
    names.insert(name(collective));
  }
  for (int i = 0; i <= static_cast<int>(Algorithm::offload); ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    CHECK(find_algorithm(name(algorithm)) == algorithm);
    names.insert(name(algorithm));
  }
  CHECK(names.size() == 22);
  CHECK(name(Collective::reduce_scatter) == "reduce_scatter");
  CHECK(name(Algorithm::scatter_allgather) == "scatter_allgather");
  CHECK(!find_collective("ring"));
  CHECK(!find_algorithm("barrier"));
}

TEST_CASE("the default table has a line for everything and names what there is") {
  for (const DefaultChoice& line : default_choices()) CHECK(offers(line.collective, line.algorithm));
  int without = 0;
  for (int i = 0; i <= static_cast<int>(Collective::reduce_scatter); ++i)
    for (int ranks = 1; ranks < 70; ++ranks)
      for (const std::int64_t bytes : {std::int64_t{0}, std::int64_t{3000}, INT64_MAX / 70}) {
        const auto collective = static_cast<Collective>(i);
        without += !offers(collective, chosen({}, collective, ranks, bytes));
      }
  CHECK(without == 0);
}

TEST_CASE("the default choices are those of MPICH") {
  const Profile none;
  CHECK(chosen(none, Collective::barrier, 64, 0) == Algorithm::dissemination);
  CHECK(chosen(none, Collective::allreduce, 64, 2048) == Algorithm::recursive_doubling);
  CHECK(chosen(none, Collective::allreduce, 64, 2049) == Algorithm::rabenseifner);
  CHECK(chosen(none, Collective::reduce, 64, 2048) == Algorithm::binomial);
  CHECK(chosen(none, Collective::reduce, 64, 2049) == Algorithm::rabenseifner);
  CHECK(chosen(none, Collective::bcast, 64, 12287) == Algorithm::binomial);
  CHECK(chosen(none, Collective::bcast, 64, 12288) == Algorithm::scatter_allgather);
  CHECK(chosen(none, Collective::bcast, 7, 12288) == Algorithm::binomial);
  CHECK(chosen(none, Collective::allgather, 64, 8191) == Algorithm::recursive_doubling);  // 64 blocks: 524224 B
  CHECK(chosen(none, Collective::allgather, 64, 8192) == Algorithm::ring);
  CHECK(chosen(none, Collective::allgather, 10, 8191) == Algorithm::bruck);
  CHECK(chosen(none, Collective::allgather, 10, 8192) == Algorithm::ring);
  CHECK(chosen(none, Collective::alltoall, 8, 256) == Algorithm::bruck);
  CHECK(chosen(none, Collective::alltoall, 7, 256) == Algorithm::linear);
  CHECK(chosen(none, Collective::alltoall, 8, 257) == Algorithm::linear);
  CHECK(chosen(none, Collective::alltoall, 8, 32768) == Algorithm::linear);
  CHECK(chosen(none, Collective::alltoall, 8, 32769) == Algorithm::pairwise);
  CHECK(chosen(none, Collective::reduce_scatter, 8, 524287) == Algorithm::recursive_halving);
  CHECK(chosen(none, Collective::reduce_scatter, 8, 524288) == Algorithm::pairwise);
  CHECK(chosen(none, Collective::gather, 8, 1 << 20) == Algorithm::binomial);
  CHECK(chosen(none, Collective::scan, 8, 1 << 20) == Algorithm::recursive_doubling);
}

TEST_CASE("a profile's own table goes before the default one, its last line for all that is longer") {
  Profile profile;
  profile.collectives["allreduce"] = {{1000, "rabenseifner"}, {5000, "ring"}};
  CHECK(chosen(profile, Collective::allreduce, 8, 8) == Algorithm::rabenseifner);
  CHECK(chosen(profile, Collective::allreduce, 8, 1000) == Algorithm::rabenseifner);
  CHECK(chosen(profile, Collective::allreduce, 8, 1001) == Algorithm::ring);
  CHECK(chosen(profile, Collective::allreduce, 8, 1 << 20) == Algorithm::ring);
  CHECK(chosen(profile, Collective::reduce, 8, 8) == Algorithm::binomial);
}

TEST_CASE("inside the network: allreduce, barrier, bcast and reduce up to the limit") {
  Profile profile;
  profile.offload_us = 3.5;
  profile.offload_limit_bytes = 4096;
  CHECK(chosen(profile, Collective::allreduce, 8, 4096) == Algorithm::offload);
  CHECK(chosen(profile, Collective::allreduce, 8, 4097) == Algorithm::rabenseifner);
  CHECK(chosen(profile, Collective::barrier, 8, 0) == Algorithm::offload);
  CHECK(chosen(profile, Collective::bcast, 8, 8) == Algorithm::offload);
  CHECK(chosen(profile, Collective::reduce, 8, 8) == Algorithm::offload);
  CHECK(chosen(profile, Collective::allgather, 8, 8) == Algorithm::recursive_doubling);
  for (const Round& round : rounds(Algorithm::offload, {.collective = Collective::allreduce, .ranks = 8, .bytes = 8}))
    CHECK(round.sends.at(0).bytes == 0);
  // A rank in the middle of a tree would hold up those below it: with a root nobody is between.
  const auto only = [](Collective collective, int rank) {
    return rounds(Algorithm::offload, {.collective = collective, .rank = rank, .ranks = 8, .root = 3, .bytes = 8});
  };
  for (int rank = 0; rank < 8; ++rank) {
    const std::size_t others = rank == 3 ? 7 : 0, root = rank == 3 ? 0 : 1;
    const std::vector<Round> bcast = only(Collective::bcast, rank), reduce = only(Collective::reduce, rank);
    REQUIRE(bcast.size() == 1);
    REQUIRE(reduce.size() == 1);
    CHECK((bcast[0].sends.size() == others && bcast[0].receives.size() == root));
    CHECK((reduce[0].receives.size() == others && reduce[0].sends.size() == root));
  }
}

TEST_CASE("where ranks do not know the blocks of others, they send straight to them") {
  const std::vector<std::int64_t> blocks = {1, 2, 3, 4, 5, 6, 7, 8};
  Profile profile;
  profile.collectives["alltoall"] = {{INT64_MAX, "pairwise"}};
  for (const Collective collective : {Collective::gather, Collective::scatter, Collective::alltoall}) {
    const CollectiveShape shape{.collective = collective, .ranks = 8, .bytes = 1, .blocks = blocks};
    CHECK(choose_algorithm(profile, shape) == Algorithm::linear);
  }
  const CollectiveShape all{.collective = Collective::allgather, .ranks = 8, .blocks = blocks};
  CHECK(message_bytes(all) == 36);
  CHECK(choose_algorithm(profile, all) == Algorithm::recursive_doubling);
}
