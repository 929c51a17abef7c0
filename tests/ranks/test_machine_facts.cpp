// SPDX-License-Identifier: BSD-3-Clause
// Each rank plays the leader of a node of its own: what of their facts and warnings comes out on rank 0.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "catch.hpp"
#include "haloscope/base/handles.hpp"
#include "machine/compare.hpp"
#include "world.hpp"

using namespace haloscope;

TEST_CASE("a fact that all nodes share is told once, one that differs with its values and their counts of nodes") {
  const Communicator leaders = make_communicator(MPI_COMM_WORLD);
  const int rank = rank_of_world(), ranks = ranks_of_world();
  const bool last = rank == ranks - 1;
  const Facts all = compared_facts(leaders.get(), {{"empty", ""},
                                                   {"governor", last ? "powersave" : "performance"},
                                                   {"kernel", "6.12"},
                                                   {"memory", last ? "" : "64 GB"},
                                                   {"microcode", std::string(2, static_cast<char>('a' + rank))}});
  CHECK(all.size() == 5);
  if (rank != 0) return;
  CHECK(all.at("kernel") == "6.12");
  CHECK(all.at("empty") == "");
  if (ranks == 2) {  // the two are as frequent, so either may come first
    const std::string one = "performance (1 node); powersave (1 node)",
                      other = "powersave (1 node); performance (1 node)";
    CHECK((all.at("governor") == one || all.at("governor") == other));
  } else {
    CHECK(all.at("governor") == fmt::format("performance ({} nodes); powersave (1 node)", ranks - 1));
    CHECK(all.at("memory") == fmt::format("64 GB ({} nodes);  (1 node)", ranks - 1));
  }
  const std::string& microcode = all.at("microcode");
  int listed = 0;
  for (int node = 0; node < ranks; ++node)
    listed +=
        microcode.find(fmt::format("{0}{0} (1 node)", static_cast<char>('a' + node))) != std::string::npos ? 1 : 0;
  CHECK(listed == std::min(ranks, 8));
  CHECK(microcode.ends_with(fmt::format("; others ({} nodes)", ranks - 8)) == (ranks > 8));
}

TEST_CASE("a warning of several nodes is told once, in the words of the lowest, with the count of nodes") {
  const Communicator leaders = make_communicator(MPI_COMM_WORLD);
  const int rank = rank_of_world(), ranks = ranks_of_world();
  const std::string of_all = fmt::format("unbound ranks: on node {}", rank);
  const std::string of_last = rank == ranks - 1 ? fmt::format("quota: on node {}", rank) : "";
  const std::string of_others = rank > 0 ? fmt::format("governor: on node {}{}", rank, std::string(20, '!')) : "";
  const auto warnings = compared_warnings(leaders.get(), {of_all, "", of_last, of_others});
  if (rank != 0) return;
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0] == fmt::format("unbound ranks: on node 0; the same kind on {0} nodes of {0}", ranks));
  CHECK(warnings[1] == fmt::format("quota: on node {}", ranks - 1));
  const std::string like = ranks > 2 ? fmt::format("; the same kind on {} nodes of {}", ranks - 1, ranks) : "";
  CHECK(warnings[2] == "governor: on node 1!!!!!!!!!!!!!!!!!!!!" + like);
}
