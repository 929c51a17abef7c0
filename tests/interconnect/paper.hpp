// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// Holds what a call takes in virtual time against model/collective_time.hpp, which prices the same rounds on paper,
/// all ranks at once. The network is lab.toml, without jitter, so every rank's time is equal to the picosecond.
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "interconnect/logical_clock.hpp"
#include "network/collective_time.hpp"
#include "world.hpp"

using haloscope::Profile;
using haloscope::interconnect::Path;
using haloscope::interconnect::Round;
using haloscope::interconnect::Time;

// Of lab.toml. [ps], G a byte
inline constexpr Time L = 8'000'000, o = 1'000'000, G = 100;
inline constexpr Time us = 1'000'000;

inline const Profile& lab() {
  static const Profile profile = haloscope::read_profile(std::getenv("HALOSCOPE_NETWORK"));
  return profile;
}

/// When each rank comes to the call, after the meeting.
struct Skew {
  const char* name;
  std::function<Time(int)> of;
};
inline const std::vector<Skew>& skews() {
  static const std::vector<Skew> all = {
      {"together", [](int) { return Time{0}; }},
      {"the last rank late", [](int rank) { return rank == ranks_of_world() - 1 ? 300 * us : 0; }},
      {"rank 0 late", [](int rank) { return rank == 0 ? 77 * us : 0; }},
      {"scattered", [](int rank) { return (rank * 7 % 5) * 13 * us + rank * 1234; }},
  };
  return all;
}

/// What @p call takes this rank from the meeting on when each rank comes to it as @p skew says.
template <class Call>
Time measured(const Skew& skew, Call call) {
  const Ticks meeting = meet();
  compute_for(skew.of(rank_of_world()));
  call();
  return logical_now() - meeting;
}

/// @p rounds_of(rank) are what @p call should make each rank do.
inline void compare_rounds(const std::string& what, const std::function<std::vector<Round>(int)>& rounds_of,
                           const std::function<void()>& call) {
  static const Path between(lab().between_nodes, {}, 1);
  std::vector<std::vector<Round>> per_rank;
  for (int rank = 0; rank < ranks_of_world(); ++rank) per_rank.push_back(rounds_of(rank));
  for (const Skew& skew : skews()) {
    std::vector<Time> entry;
    for (int rank = 0; rank < ranks_of_world(); ++rank) entry.push_back(skew.of(rank));
    const Time paper = collective_exit(per_rank, between, entry)[static_cast<std::size_t>(rank_of_world())];
    CAPTURE(what, skew.name);
    CHECK(measured(skew, call) == paper);
  }
}
