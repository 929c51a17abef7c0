// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file report.hpp
/// Inside the probe: all that is measured, and its forms: a table, a profile, a file.
#include <mpi.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "haloscope/network/profile.hpp"
#include "haloscope/probe/probe.hpp"
#include "probe/selfish.hpp"
#include "probe/tournament.hpp"

namespace haloscope {

/// A first look at a pair: about a thousand ping-pongs of 1 byte.
struct SurveyedPair {
  Pair ranks;
  double p50 = 0, p99 = 0;  ///< half round trip [s]
};

/// A pair measured at length.
struct PairLatency {
  Pair ranks;
  std::int64_t warmup = 0;               ///< first samples, kept but left out of every number
  std::vector<double> half_round_trips;  ///< of 1 byte, in their order, less the cost of reading the clock [s]
  [[nodiscard]] std::vector<double> warm() const {
    return {half_round_trips.begin() + static_cast<std::ptrdiff_t>(warmup), half_round_trips.end()};
  }
};

/// What else a message costs, measured between one pair.
struct PathCosts {
  Pair ranks;
  std::vector<std::int64_t> bytes;
  std::vector<double> half_round_trips;       ///< median for each size [s]
  double send_seconds = 0;                    ///< in MPI_Isend of 1 byte, median [s]
  double receive_seconds = 0;                 ///< in MPI_Recv of 1 byte that is there, median [s]
  double gap_seconds = 0;                     ///< a message of 1 byte more in a row takes so much more [s]
  std::int64_t eager_limit_bytes = no_limit;  ///< the longest that is sent before its receiver asks
  static constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();  ///< none up to 4 MiB
};

/// One kind of path: within a node, or between nodes.
struct PathReport {
  std::int64_t pairs = 0;            ///< chosen to be looked at: pairs_between_nodes, pairs_within_nodes
  std::vector<SurveyedPair> survey;  ///< of so many of them, in their order
  std::size_t typical = 0;           ///< of survey: the one whose median is the median
  std::size_t slowest = 0;           ///< of survey: the one whose median is largest
  std::vector<PairLatency> latency;  ///< of some of them: the typical one first, then the slowest
  PathCosts costs;                   ///< of the typical one
  [[nodiscard]] bool measured() const noexcept { return !latency.empty(); }
};

/// Something that all ranks do together, again and again: from when the last rank begins until the last one ends.
struct CollectiveReport {
  std::string name;
  std::int64_t warmup = 0;      ///< first repetitions, as above
  std::vector<double> seconds;  ///< [s]
  double skew = 0;              ///< between the first and the last rank to begin, median [s]
};

/// What one rank found out about its host.
struct RankReport {
  std::string host, cores;  ///< cores as core_list() writes them
  bool bound = false;
  int node = 0;
  DetourSummary detours;
  double triad_together = 0;  ///< while all ranks sweep [B/s]; NaN where the clock stands still while computing
  double triad_alone = std::numeric_limits<double>::quiet_NaN();  ///< first rank of each node only [B/s]
};

/// All of it; on rank 0.
struct ProbeReport {
  std::map<std::string, std::string> text;  ///< what the file says about program, machine and network
  double seconds_asked = 0, seconds_taken = 0;
  double clock_step = 0, clock_cost = 0;  ///< of MPI_Wtime: least change, and what a reading takes [s]
  PathReport within_node, between_nodes;
  std::vector<CollectiveReport> collectives;
  std::vector<RankReport> ranks;
  std::vector<double> detour_seconds, detour_intervals;  ///< of all ranks, one rank after the other [s]
  int triad_mebibytes = 0;
  std::vector<std::string> cut;  ///< what there was no time for, a line each
  std::vector<std::string> warnings;
};

/// Measures. Collective over @p world. @throws LibraryError
[[nodiscard]] ProbeReport measure(MPI_Comm world, const ProbeOptions& options);

/// A table for people. @p report is rank 0's.
[[nodiscard]] std::string table_of(const ProbeReport& report);

/// The measurement as a profile of evidence `probed`; @p name is its file. A path without measurements becomes a copy
/// of the other one, and the caveat says so. @pre one of the two was measured
[[nodiscard]] Profile profile_of(const ProbeReport& report, const std::string& name);

/// o: the mean of what sending and receiving take, but no more than half of the shortest half round trips. @pre the
/// table is not empty [us]
[[nodiscard]] double overhead_us(const PathCosts& costs, const Quantiles& half_round_trips);

/// g, but no more than the shortest round trips, each of which sends a message: rows of messages on cores that others
/// took away say more. @pre the table is not empty [us]
[[nodiscard]] double gap_us(const PathCosts& costs, const Quantiles& half_round_trips);

/// Writes the probe file: HDF5, schema haloscope-probe, version 1 (cases/RUN_FILE.md). Not collective.
/// @throws LibraryError when it cannot be written; an older file is then untouched
void write_probe_file(const std::string& path, const ProbeReport& report, const std::string& table,
                      const std::string& profile_text);

}  // namespace haloscope
