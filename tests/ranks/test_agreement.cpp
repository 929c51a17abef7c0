// SPDX-License-Identifier: BSD-3-Clause
// Texts and errors that all ranks must share.
#include <string>

#include "catch.hpp"
#include "haloscope/base/agreement.hpp"
#include "world.hpp"

using namespace haloscope;
using Texts = std::vector<std::string>;

namespace {

std::string own_text() { return std::string(static_cast<std::size_t>(rank_of_world()), 'x'); }

}  // namespace

TEST_CASE("every rank gets the text of the root, of any length") {
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  const int last = ranks_of_world() - 1;
  CHECK(broadcast(comm.get(), own_text()).empty());
  CHECK(broadcast(comm.get(), own_text(), last) == std::string(static_cast<std::size_t>(last), 'x'));
  const Texts texts = {"one", "", "two\nlines"};
  CHECK(broadcast(comm.get(), rank_of_world() == 0 ? texts : Texts{}) == texts);
  CHECK(broadcast(comm.get(), Texts{}).empty());
}

TEST_CASE("rank 0 gets the texts of all ranks in their order") {
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  const Texts all = gather(comm.get(), own_text());
  REQUIRE(all.size() == static_cast<std::size_t>(rank_of_world() == 0 ? ranks_of_world() : 0));
  for (std::size_t rank = 0; rank < all.size(); ++rank) CHECK(all[rank].size() == rank);
}

TEST_CASE("the failure of the lowest rank that has one is thrown on all ranks") {
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  CHECK_NOTHROW(agree<UserError>(comm.get(), ""));
  const std::string mine =
      rank_of_world() == 0 && ranks_of_world() > 1 ? "" : "rank " + std::to_string(rank_of_world());
  CHECK_THROWS_WITH(agree<UserError>(comm.get(), mine), ranks_of_world() > 1 ? "rank 1" : "rank 0");
}

TEST_CASE("rank 0 alone works; its text and its mistakes are those of all") {
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  int calls = 0;
  CHECK(from_rank_0(comm.get(), [&] { return ++calls, std::string("text"); }) == "text");
  CHECK(calls == (rank_of_world() == 0 ? 1 : 0));
  const auto fail = []() -> std::string { throw UserError("no such file"); };
  CHECK_THROWS_WITH(from_rank_0(comm.get(), fail), "no such file");
}
