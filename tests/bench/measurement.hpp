// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file measurement.hpp
/// Times several candidates side by side: in every repeat each runs once, in an order shuffled anew, so that what
/// drifts on the machine strikes all alike; ratios are taken within a repeat (after Hoefler & Belli, SC15).
///
/// A sample is the time of the slowest rank from a common barrier on. The first @p warmup repeats are thrown away.
#include <mpi.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace haloscope::bench {

struct Candidate {
  std::string name;
  std::function<void()> run;              ///< what is timed; collective
  std::function<void()> prepare = [] {};  ///< before each run, not timed
};

using Samples = std::vector<double>;  ///< one a repeat [s]

/// Samples of each candidate, in their order. Collective; the same on every rank.
[[nodiscard]] std::vector<Samples> interleave(MPI_Comm comm, const std::vector<Candidate>& candidates, int repeats,
                                              int warmup, std::uint64_t seed = 1);

/// Rank 0 works; the others sleep, since one that polls may take a shared core's or cache's time from it. Collective.
void on_rank_0(MPI_Comm comm, const std::function<void()>& work);

struct Spread {
  double median = 0, low = 0, high = 0;  ///< low and high: the extreme samples
};
[[nodiscard]] Spread spread_of(Samples samples);
[[nodiscard]] Samples ratio(const Samples& above, const Samples& below);
[[nodiscard]] std::string text(const Spread& spread, double unit, int digits);  ///< "median (low - high)", in units

}  // namespace haloscope::bench
