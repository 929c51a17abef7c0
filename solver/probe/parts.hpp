// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file parts.hpp
/// Inside the probe: its parts, each of which fills its share of the stage's time. All collective over the stage; what
/// they return is whole on rank 0.
#include <functional>
#include <string>
#include <vector>

#include "haloscope/base/clock_alignment.hpp"
#include "probe/report.hpp"
#include "probe/stage.hpp"

namespace haloscope {

/// Surveys @p pairs, then measures some of them at length.
void measure_latency(Stage& stage, const std::vector<Pair>& pairs, PathReport& path);

/// Curve, overheads, gap and eager limit between @p ranks.
[[nodiscard]] PathCosts measure_costs(Stage& stage, Pair ranks);

/// Repeats @p operation on all ranks from synchronised starts for @p seconds, at most @p most times. @p clock is this
/// rank's, compared with rank 0's.
[[nodiscard]] CollectiveReport measure_together(Stage& stage, const ClockModel& clock, const std::string& name,
                                                const std::function<void()>& operation, double seconds,
                                                std::size_t most);
[[nodiscard]] std::vector<CollectiveReport> measure_collectives(Stage& stage, const ClockModel& clock);
[[nodiscard]] std::vector<CollectiveReport> measure_halo(Stage& stage, const ClockModel& clock);

/// Detours of all cores at once, into @p report of every rank and the pooled ones on rank 0.
void measure_detours(Stage& stage, RankReport& mine, ProbeReport& report);

/// The triad on the first rank of each node alone, then on all ranks.
void measure_triad(Stage& stage, int mebibytes, bool first_of_node, RankReport& mine);

}  // namespace haloscope
