// SPDX-License-Identifier: BSD-3-Clause
// Ping-pongs through MPI on measured networks: each half round trip is the one that the table's draws give, to the
// picosecond, so together they repeat the measured quantiles; also after collectives and messages one way.
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "catch.hpp"
#include "haloscope/network/path.hpp"
#include "interconnect/logical_clock.hpp"
#include "network/keyed_random.hpp"
#include "world.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

namespace {

/// Of the network under test; its file and the seed are in the environment.
const Profile& network() {
  static const Profile profile = read_profile(std::getenv("HALOSCOPE_NETWORK"));
  return profile;
}
const Path& path() {
  static const Path path(network().between_nodes, {}, std::strtoull(std::getenv("HALOSCOPE_SEED"), nullptr, 10));
  return path;
}

void send(int to) {
  char byte = 1;
  MPI_Send(&byte, 1, MPI_CHAR, to, 0, MPI_COMM_WORLD);
}
void receive(int from) {
  char byte = 0;
  MPI_Recv(&byte, 1, MPI_CHAR, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/// Round trips that rank @p first begins, as it sees them; empty on the other one. [ps]
std::vector<Ticks> ping_pongs(int n, int first) {
  std::vector<Ticks> trips;
  const int other = 1 - first;
  for (int i = 0; i < n; ++i) {
    if (rank_of_world() == other) {
      receive(first);
      send(first);
      continue;
    }
    const Ticks begin = logical_now();
    send(other);
    receive(other);
    trips.push_back(logical_now() - begin);
  }
  return trips;
}

/// What those should take, the messages of both directions having come to @p number before.
std::vector<Ticks> on_paper(int n, int first, std::uint64_t number) {
  PairStream there, back;
  const int other = 1 - first;
  path().keep_up(there, first, other, number);
  path().keep_up(back, other, first, number);
  const Time undisturbed = 2 * (path().flight(1) + 2 * path().overhead());
  std::vector<Ticks> trips;
  for (int i = 0; i < n; ++i)
    trips.push_back(undisturbed + path().draw(there, first, other) + path().draw(back, other, first));
  return trips;
}

/// The largest difference. MPI_Wtime is a double: a few picoseconds where the clock has come to some seconds.
Ticks largest_difference(const std::vector<Ticks>& a, const std::vector<Ticks>& b) {
  Ticks largest = a.size() == b.size() ? 0 : INT64_MAX;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}
constexpr Ticks rounding = 2;

/// Of neighbours, each value being replaced by the normal quantile of its rank, of equal values by that of their
/// middle.
double normal_scores_lag1(const std::vector<Ticks>& values) {
  std::vector<Ticks> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(values.size());
  double squares = 0, products = 0, last = 0, sum = 0;
  for (const Ticks value : values) {
    const auto [begin, end] = std::equal_range(sorted.begin(), sorted.end(), value);
    const double score =
        normal_quantile(0.5 * static_cast<double>((begin - sorted.begin()) + (end - sorted.begin())) / n);
    sum += score;
    squares += score * score;
    products += score * last;
    last = score;
  }
  return (products / n - sum / n * (sum / n)) / (squares / n - sum / n * (sum / n));
}

/// Prints what it finds.
void check_quantiles(const std::vector<Ticks>& trips) {
  const PathProfile& side = network().between_nodes;
  const QuantileTable table(side.jitter);
  const double lag1 = normal_scores_lag1(trips);
  std::vector<Ticks> sorted = trips;
  std::sort(sorted.begin(), sorted.end());
  std::printf("%s, %zu ping-pongs:", network().name.c_str(), trips.size());
  const struct { double p, tolerance; } wanted[] = {{0.5, 0.01}, {0.9, 0.02}, {0.99, 0.05}};
  for (const auto& [p, tolerance] : wanted) {
    const double found =
        to_us(sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size()))]) / 2 - to_us(path().transfer(1));
    CAPTURE(p);
    CHECK(found == Approx(table.at(p)).epsilon(tolerance));
    std::printf(" p%g %.4f us, of the table %.4f;", 100 * p, found, table.at(p));
  }
  CHECK(lag1 == Approx(side.lag1).margin(0.05));
  std::printf(" neighbours correlate %.3f, measured %.3f\n", lag1, side.lag1);
}

/// The seed in tests/CMakeLists.txt is one of most: where p99 lies on a steep part of the table (InfiniBand EDR: 2.7 to
/// 7.4 us between p98.5 and p99.25), one seed in three strays by more than 5 % with so few draws.
constexpr int n = 50000;

}  // namespace

TEST_CASE("ping-pongs take what the draws of their pair say, so they repeat the measured quantiles") {
  const std::vector<Ticks> trips = ping_pongs(n, 0);
  if (rank_of_world() != 0) return;
  CHECK(largest_difference(trips, on_paper(n, 0, 0)) <= rounding);
  check_quantiles(trips);
}

TEST_CASE("so do those after collectives, which have draws of their own") {
  double x = 1, sum = 0;
  for (int i = 0; i < 300; ++i) {
    MPI_Bcast(&x, 1, MPI_DOUBLE, i % 3 == 0, MPI_COMM_WORLD);
    MPI_Allreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  meet();
  const std::vector<Ticks> trips = ping_pongs(n, 0);
  if (rank_of_world() != 0) return;
  CHECK(largest_difference(trips, on_paper(n, 0, n)) <= rounding);
  check_quantiles(trips);
}

TEST_CASE("so do those after messages one way, whichever way") {
  constexpr int one_way = 301;
  for (int i = 0; i < one_way; ++i) rank_of_world() == 0 ? send(1) : receive(0);
  meet();
  std::vector<Ticks> trips = ping_pongs(n, 0);
  std::uint64_t number = 2 * n + one_way;
  if (rank_of_world() == 0) {
    CHECK(largest_difference(trips, on_paper(n, 0, number)) <= rounding);
    check_quantiles(trips);
  }
  number += n;
  for (int i = 0; i < one_way; ++i) rank_of_world() == 1 ? send(0) : receive(1);
  meet();
  trips = ping_pongs(n, 1);
  if (rank_of_world() == 1) CHECK(largest_difference(trips, on_paper(n, 1, number + one_way)) <= rounding);
}
