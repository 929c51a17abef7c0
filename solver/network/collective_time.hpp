// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file collective_time.hpp
/// How long a collective takes on paper: its rounds priced by a path without jitter, all ranks at once. For the tests,
/// which hold the interposer's virtual time against it.
#include <vector>

#include "haloscope/network/path.hpp"
#include "haloscope/network/rounds.hpp"

namespace haloscope::interconnect {

/// The clock of each rank after the rounds (per_rank[rank][round]), begun at @p entry. In a round a rank pays o for
/// each send, then completes its receives as they arrive: max(own clock, arrival) + o. Its interface takes one message
/// at a time, in the order in which they are ready; a rendezvous message is ready a hand-shake after both sides have
/// come to the round, and its sender does not end the round before it has entered.
[[nodiscard]] std::vector<Time> collective_exit(const std::vector<std::vector<Round>>& per_rank, const Path& path,
                                                std::vector<Time> entry);

}  // namespace haloscope::interconnect
