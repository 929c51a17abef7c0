// SPDX-License-Identifier: BSD-3-Clause
// Prices by closed form against a textbook, limits and brute force; paths against the same walk written plainly.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numbers>
#include <string>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/base/random.hpp"
#include "haloscope/case/case.hpp"
#include "problems/option_price.hpp"

using namespace haloscope;

namespace {

OptionCase option(int assets, int dates, double correlation) {
  OptionCase one;
  one.assets = assets;
  one.dates = dates;
  one.correlation = correlation;
  one.spot = 42;
  one.strike = 40;
  one.rate_per_year = 0.1;
  one.maturity_years = 0.5;
  return one;
}

/// The variance of the mean logarithm, from every pair of assets and dates.
double variance_by_pairs(const OptionCase& o) {
  double sum = 0;
  for (int i = 0; i < o.assets; ++i)
    for (int k = 0; k < o.assets; ++k)
      for (int j = 1; j <= o.dates; ++j)
        for (int l = 1; l <= o.dates; ++l)
          sum += (i == k ? 1 : o.correlation) * std::min(j, l) * o.maturity_years / o.dates;
  return o.volatility * o.volatility * sum / std::pow(o.assets * o.dates, 2);
}

/// E max(e^X - strike, 0) by the midpoint rule.
double call_by_sum(double mean, double variance, double strike) {
  constexpr int n = 200000;
  constexpr double reach = 12;
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    const double z = reach * (2 * (i + 0.5) / n - 1);
    sum += std::exp(-z * z / 2) * std::max(std::exp(mean + std::sqrt(variance) * z) - strike, 0.0);
  }
  return sum * 2 * reach / n / std::sqrt(2 * std::numbers::pi);
}

struct Payoffs {
  double european = 0, asian_geometric = 0, asian = 0;
};

/// One path from its stream, by the C library's functions.
Payoffs payoffs_of(const OptionCase& o, std::uint64_t seed, std::uint32_t step, std::uint64_t path) {
  RandomStream random(seed, step, path);
  FourNumbers four{};
  int drawn = 0;
  const auto next = [&] {
    if (drawn % 4 == 0) four = random.four_normals();
    return four[static_cast<std::size_t>(drawn++ % 4)];
  };
  const double dt = o.maturity_years / o.dates, n = o.assets;
  const double a = std::sqrt(1 - o.correlation), b = (std::sqrt(1 + (n - 1) * o.correlation) - a) / n;
  std::vector<double> logs(static_cast<std::size_t>(o.assets)), z(logs.size());
  double sum = 0, sum_of_logs = 0;
  for (int date = 0; date < o.dates; ++date) {
    double all = 0;
    for (double& one : z) all += one = next();
    for (std::size_t i = 0; i < z.size(); ++i) {
      logs[i] += (o.rate_per_year - 0.5 * o.volatility * o.volatility) * dt +
                 o.volatility * std::sqrt(dt) * (a * z[i] + b * all);
      sum += o.spot * std::exp(logs[i]);
      sum_of_logs += std::log(o.spot) + logs[i];
    }
  }
  const double count = n * o.dates, discount = std::exp(-o.rate_per_year * o.maturity_years);
  const auto pay = [&](double value) { return discount * std::max(value - o.strike, 0.0); };
  return {pay(o.spot * std::exp(logs[0])), pay(std::exp(sum_of_logs / count)), pay(sum / count)};
}

double value(const PathSums& sums, Call call) { return sums.values[static_cast<std::size_t>(call)]; }

}  // namespace

TEST_CASE("a European call has the price that the textbook prints") {
  // Hull, Options, Futures, and Other Derivatives, 8th edition, example 14.6: 4.76.
  CHECK(std::abs(european_price(option(1, 1, 0)) - 4.76) < 0.005);
  OptionCase sure = option(1, 1, 0);
  sure.volatility = 0;
  CHECK(european_price(sure) == Approx(42 - 40 * std::exp(-0.05)).epsilon(1e-14));
  sure.strike = 50;
  CHECK(european_price(sure) == 0);
}

TEST_CASE("the geometric mean has the variance of all pairs, and its call the price that a sum gives") {
  CHECK(asian_geometric_price(option(1, 1, 0)) == Approx(european_price(option(1, 1, 0))).epsilon(1e-14));
  CHECK(asian_geometric_price(option(1, 1, 0.5)) == asian_geometric_price(option(1, 1, 0)));  // with nobody
  for (const int assets : {1, 2, 4})
    for (const int dates : {1, 2, 12})
      for (const double correlation : {-0.3, 0.0, 0.5}) {
        CAPTURE(assets, dates, correlation);
        const OptionCase o = option(assets, dates, correlation);
        const double mean_date = o.maturity_years * (dates + 1) / (2 * dates);
        const double mean = std::log(o.spot) + (o.rate_per_year - o.volatility * o.volatility / 2) * mean_date;
        const double price =
            std::exp(-o.rate_per_year * o.maturity_years) * call_by_sum(mean, variance_by_pairs(o), o.strike);
        CHECK(asian_geometric_price(o) == Approx(price).epsilon(1e-7));
      }
}

TEST_CASE("the shipped case expects what the closed forms say for its own numbers") {
  const std::string path = std::string(HALOSCOPE_SOURCE_DIR) + "/cases/option.toml";
  std::ifstream file(path);
  const Case settings = parse_case({std::istreambuf_iterator<char>(file), {}}, path);
  REQUIRE(settings.expectations.size() == 2);
  const Expectation &european = settings.expectations[0], &geometric = settings.expectations[1];
  CHECK(european.quantity == "european_price");
  CHECK(european.values.at(0) == Approx(european_price(settings.own.of<OptionCase>())).epsilon(1e-12));
  CHECK(geometric.quantity == "asian_geometric_price");
  CHECK(geometric.values.at(0) == Approx(asian_geometric_price(settings.own.of<OptionCase>())).epsilon(1e-12));
}

TEST_CASE("a path is the walk that its stream says, wherever it is followed and whatever with") {
  for (const int assets : {1, 3, 4})
    for (const int dates : {1, 5, 12})
      for (const double correlation : {-0.3, 0.0, 0.5}) {
        if (assets == 1 && correlation != 0) continue;
        CAPTURE(assets, dates, correlation);
        const OptionCase o = option(assets, dates, correlation);
        constexpr std::int64_t first = (std::int64_t{1} << 32) - 5;  // across the end of a word
        PathSums one_by_one;
        for (std::int64_t path = first; path < first + 100; ++path) {
          const PathSums one = price_paths(o, 9, 3, path, path + 1);
          const Payoffs plain = payoffs_of(o, 9, 3, static_cast<std::uint64_t>(path));
          CHECK(value(one, Call::european) == Approx(plain.european).epsilon(1e-12).margin(1e-12));
          CHECK(value(one, Call::asian_geometric) == Approx(plain.asian_geometric).epsilon(1e-12).margin(1e-12));
          CHECK(value(one, Call::asian) == Approx(plain.asian).epsilon(1e-12).margin(1e-12));
          CHECK(value(one, Call::asian) >= value(one, Call::asian_geometric) - 1e-12);  // of any positive numbers
          for (std::size_t c = 0; c < n_calls; ++c) {
            CHECK(one.squares[c] == one.values[c] * one.values[c]);
            one_by_one.values[c] += one.values[c];
            one_by_one.in_the_money[c] += one.in_the_money[c];
          }
        }
        const PathSums together = price_paths(o, 9, 3, first, first + 100);
        CHECK(together.in_the_money == one_by_one.in_the_money);
        CHECK(together.values == one_by_one.values);  // added in the same order
      }
}

TEST_CASE("paths come to the closed forms within four standard errors, also where assets move apart") {
  constexpr std::int64_t paths = 40000;
  for (const double correlation : {-0.3, 0.0, 0.9}) {
    CAPTURE(correlation);
    const OptionCase o = option(4, 6, correlation);
    const PathSums sums = price_paths(o, 5, 0, 0, paths);
    for (const auto& [call, exact] :
         {std::pair{Call::european, european_price(o)}, std::pair{Call::asian_geometric, asian_geometric_price(o)}}) {
      const auto c = static_cast<std::size_t>(call);
      const double mean = sums.values[c] / paths;
      CHECK(std::abs(mean - exact) < 4 * std::sqrt((sums.squares[c] / paths - mean * mean) / paths));
    }
  }
  CHECK(price_paths(option(4, 6, 0), 5, 1, 0, 100).values != price_paths(option(4, 6, 0), 5, 0, 0, 100).values);
  CHECK(price_paths(option(4, 6, 0), 6, 0, 0, 100).values != price_paths(option(4, 6, 0), 5, 0, 0, 100).values);
}
