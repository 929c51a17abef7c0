// SPDX-License-Identifier: BSD-3-Clause
// Half round trips of 1 byte. The survey gives every pair the same short look, in the order of a tournament: wherever
// time ends it, it is a balanced sample of the pairs. It finds the typical pair and the slowest. These two are measured
// at length, then as many others as there is time for.
//
// The word that goes to and fro says whether it is the last one. So no other message comes between the samples in
// either direction, and on a modelled network both directions stay in step.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/statistics.hpp"
#include "probe/distribution.hpp"
#include "probe/parts.hpp"

namespace haloscope {

namespace {

constexpr int tag = 2;
constexpr unsigned char go_on = 0, last_one = 1;
constexpr std::size_t survey_warmup = 20, survey_samples = 1000;
constexpr std::size_t latency_warmup = 1000, latency_samples = 100'000;
constexpr std::size_t most_pairs = 64;                   ///< measured at length, of one kind: 51 MB of samples
constexpr double survey_part = 0.3, typical_part = 0.6;  ///< of the time there is
constexpr double least_survey = 0.01;                    ///< of one pair [s]

/// To 10 ps: digits below are the rounding of MPI_Wtime's number and would make equal times different.
double to_clock_digits(double seconds) { return std::round(seconds * 1e11) / 1e11; }

/// Up to @p most half round trips to @p server within @p seconds, at least one. [s]
std::vector<double> ping(Stage& stage, int server, std::size_t most, double seconds) {
  std::vector<double> half_round_trips(most);
  const double begin = MPI_Wtime();
  double back = begin;
  std::size_t n = 0;
  for (unsigned char word = go_on; word == go_on;) {
    if (n + 1 == most || back - begin > seconds) word = last_one;
    const double sent = MPI_Wtime();
    check_mpi(MPI_Send(&word, 1, MPI_BYTE, server, tag, stage.comm()));
    check_mpi(MPI_Recv(&word, 1, MPI_BYTE, server, tag, stage.comm(), MPI_STATUS_IGNORE));
    back = MPI_Wtime();
    half_round_trips[n++] = to_clock_digits(std::max(0.5 * (back - sent - stage.clock_cost()), 0.0));
    if (n % 256 == 0) stage.show(back - begin);
  }
  half_round_trips.resize(n);
  return half_round_trips;
}

void pong(const Stage& stage, int client) {
  for (unsigned char word = go_on; word == go_on;) {
    check_mpi(MPI_Recv(&word, 1, MPI_BYTE, client, tag, stage.comm(), MPI_STATUS_IGNORE));
    check_mpi(MPI_Send(&word, 1, MPI_BYTE, client, tag, stage.comm()));
  }
}

/// The samples on the first of @p ranks, nothing on all others.
std::vector<double> ping_pong(Stage& stage, Pair ranks, std::size_t most, double seconds) {
  if (stage.rank() == ranks.first) return ping(stage, ranks.second, most, seconds);
  if (stage.rank() == ranks.second) pong(stage, ranks.first);
  return {};
}

/// Warm-up is left out, but never so much that nothing remains.
std::size_t warmup_of(std::size_t samples, std::size_t wanted) { return std::min(wanted, samples / 10); }

void survey(Stage& stage, const std::vector<Pair>& pairs, PathReport& path) {
  const double end = stage.spent() + survey_part * stage.left();
  const double each = std::max(survey_part * stage.left() / static_cast<double>(pairs.size()), least_survey);
  for (const Pair& ranks : pairs) {
    if (!path.survey.empty() && stage.spent() > end) break;
    std::vector<double> samples = ping_pong(stage, ranks, survey_warmup + survey_samples, each);
    double both[] = {0, 0};
    if (!samples.empty()) {
      samples.erase(samples.begin(),
                    samples.begin() + static_cast<std::ptrdiff_t>(warmup_of(samples.size(), survey_warmup)));
      std::ranges::sort(samples);
      both[0] = quantile(samples, 0.5);
      both[1] = quantile(samples, 0.99);
    }
    stage.meet(both);
    path.survey.push_back({ranks, both[0], both[1]});
  }
}

/// Where the pair with the median of the medians stands, and the one with the largest. The same on all ranks.
void judge_survey(PathReport& path) {
  std::vector<std::size_t> order(path.survey.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&path](std::size_t i) { return path.survey[i].p50; });
  path.typical = order[(order.size() - 1) / 2];
  path.slowest = order.back();
}

/// The typical pair, the slowest, then the others.
std::vector<std::size_t> order_of(const PathReport& path) {
  std::vector<std::size_t> order = {path.typical};
  if (path.slowest != path.typical) order.push_back(path.slowest);
  for (std::size_t i = 0; i < path.survey.size(); ++i)
    if (i != path.typical && i != path.slowest) order.push_back(i);
  order.resize(std::min(order.size(), most_pairs));
  return order;
}

}  // namespace

void measure_latency(Stage& stage, const std::vector<Pair>& pairs, PathReport& path) {
  path.pairs = static_cast<std::int64_t>(pairs.size());
  survey(stage, pairs, path);
  judge_survey(path);
  const std::vector<std::size_t> order = order_of(path);
  for (const std::size_t place : order) {
    if (!path.latency.empty() && stage.left() <= 0) break;
    const Pair ranks = path.survey[place].ranks;
    const bool alone = order.size() == 1 || !path.latency.empty();
    const double seconds = (alone ? 1 : typical_part) * std::max(stage.left(), 0.0);
    const std::vector<double> samples = ping_pong(stage, ranks, latency_warmup + latency_samples, seconds);
    PairLatency measured{ranks, 0, stage.bring(ranks.first, samples)};
    measured.warmup = static_cast<std::int64_t>(warmup_of(measured.half_round_trips.size(), latency_warmup));
    path.latency.push_back(std::move(measured));
    stage.meet();
  }
}

}  // namespace haloscope
