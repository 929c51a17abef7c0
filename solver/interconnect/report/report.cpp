// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "interconnect/account/counters.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/report/description.hpp"
#include "interconnect/report/program_record.hpp"

namespace haloscope::interconnect {

namespace {

using Counts = std::map<std::string, long long, std::less<>>;

/// Summed over ranks, on rank 0. Only ranks that have such calls send, some tens of bytes each.
Counts summed(const Counts& mine, MPI_Comm world) {
  int rank = 0, ranks = 1;
  PMPI_Comm_rank(world, &rank);
  PMPI_Comm_size(world, &ranks);
  std::string text;
  for (const auto& [call, count] : mine) text += std::to_string(count) + " " + call + "\n";

  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(static_cast<std::size_t>(ranks)), starts(static_cast<std::size_t>(ranks));
  PMPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, world);
  int whole = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    starts[i] = whole;
    whole += lengths[i];
  }
  std::string all(static_cast<std::size_t>(whole), '\0');
  PMPI_Gatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), starts.data(), MPI_CHAR, 0, world);
  Counts sum;
  std::istringstream lines(all);
  long long count = 0;
  // A name may hold spaces: it is the rest of its line.
  for (std::string call; lines >> count && std::getline(lines >> std::ws, call);) sum[call] += count;
  return sum;
}

std::string listed(const Counts& counts) {
  std::string text;
  for (const auto& [call, count] : counts) text += (text.empty() ? "" : ", ") + call + " " + std::to_string(count);
  return text;
}

/// The slowest rank, the mean and the most of computing, the last on the ideal clock. [s]
struct Times {
  double elapsed = 0, compute = 0, largest_compute = 0, ideal = 0;
};

Times times_of(const Engine& engine, MPI_Comm world) {
  const Moment now = engine.clock().now();
  const double compute = to_seconds(engine.clock().computed());
  const std::array<double, 3> mine{to_seconds(now.time), compute, to_seconds(now.ideal)};
  std::array<double, 3> largest{};
  double sum = 0;
  PMPI_Reduce(mine.data(), largest.data(), 3, MPI_DOUBLE, MPI_MAX, 0, world);
  PMPI_Reduce(&compute, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, world);
  return {largest[0], sum / engine.ranks(), largest[1], largest[2]};
}

void line(const char* what, const std::string& text) { fmt::print(stderr, "  {:<14}{}\n", what, text); }

std::string seconds(double t) {
  return t < 1e-3 ? fmt::format("{:.6g} us", 1e6 * t)
         : t < 1  ? fmt::format("{:.6g} ms", 1e3 * t)
                  : fmt::format("{:.6g} s", t);
}

void print_times(const Times& t) {
  line("time", seconds(t.elapsed) + ", the slowest rank; " + seconds(t.ideal) + " on the ideal network");
  line("computing", seconds(t.compute) + " a rank in the mean, at most " + seconds(t.largest_compute));
  if (!(t.compute > 0 && t.ideal > 0 && t.elapsed > 0)) return;
  // The POP model: the product of the three is the share of the ranks' time spent computing.
  line("efficiency", fmt::format("{:.1f} % = load balance {:.1f} % x serialization {:.1f} % x transfer {:.1f} %",
                                 100 * t.compute / t.elapsed, 100 * t.compute / t.largest_compute,
                                 100 * t.largest_compute / t.ideal, 100 * t.ideal / t.elapsed));
}

}  // namespace

Totals totals() noexcept {
  Totals sum;
  const double seconds_per_tick =
      modelled() && modelled_engine()->virtual_time() ? 1e-12 : state.stopwatch.seconds_per_tick();
  for (std::size_t slot = 0; slot <= max_phases; ++slot) {
    Counters& counters = state.slots[slot];
    counters.settle(seconds_per_tick);
    sum.messages += counters.messages;
    sum.bytes += counters.bytes;
    sum.collectives += counters.collectives;
    sum.point_to_point_seconds += counters.point_to_point_seconds;
    sum.collective_seconds += counters.collective_seconds;
  }
  return sum;
}

void report(const Engine& engine, MPI_Comm world) {
  const Settings& settings = engine.settings();
  const bool virtual_time = engine.virtual_time();
  const Totals mine = totals();
  const std::array<long long, 3> counts{mine.messages, mine.bytes, mine.collectives};
  std::array<long long, 3> sums{};
  PMPI_Reduce(counts.data(), sums.data(), 3, MPI_LONG_LONG, MPI_SUM, 0, world);
  const Times times = times_of(engine, world);
  const double here = program_seconds();
  double elapsed = 0;
  PMPI_Reduce(&here, &elapsed, 1, MPI_DOUBLE, MPI_MAX, 0, world);
  Counts inexact = summed(state.honesty.inexact, world);
  const Counts free = summed(state.honesty.free, world);
  if (engine.rank() != 0) return;
  const long long unmatched = inexact[unmatched_name];
  inexact.erase(unmatched_name);

  const int nodes = settings.node_of(engine.ranks() - 1) + 1;
  fmt::print(stderr,
             "haloscope interconnect: {} rank{} on {} node{}, network {} ({}), {} time, seed {}, computing {}\n",
             engine.ranks(), engine.ranks() == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s", settings.profile.name,
             settings.profile.hash, virtual_time ? "virtual" : "real", settings.seed, compute_mode(settings));
  if (const std::string off = names_of(settings.without); !off.empty()) line("without", off);
  if (settings.posix_clocks) line("POSIX clocks", "follow the logical clock, and sleeps advance it");
  if (virtual_time)
    print_times(times);
  else
    line("time", seconds(elapsed) + ", the slowest rank");
  line("messages",
       fmt::format("{} with {} bytes, and {} calls of collectives, over all ranks", sums[0], sums[1], sums[2]));
  if (!inexact.empty())
    line("exact", "no, these followed the order of real arrival: " + listed(inexact));
  else
    line("exact", unmatched == 0 ? "yes" : "no");
  if (unmatched > 0)
    line("unmatched",
         fmt::format("{} end(s) of messages: the program paused the model at the other end only, so times are wrong",
                     unmatched));
  if (!free.empty()) line("not modelled", (virtual_time ? "took no time: " : "took their own time: ") + listed(free));
  std::fflush(stderr);
}

}  // namespace haloscope::interconnect
