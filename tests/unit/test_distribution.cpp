// SPDX-License-Identifier: BSD-3-Clause
// What a profile holds of measured values, against closed forms.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "catch.hpp"
#include "haloscope/base/statistics.hpp"
#include "probe/distribution.hpp"

using namespace haloscope;

namespace {

/// 1 … n microseconds in a shuffled order. [s]
std::vector<double> shuffled(int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  for (double& value : values) value *= 1e-6;
  std::mt19937 generator(5);
  std::ranges::shuffle(values, generator);
  return values;
}

/// Neighbours correlate by @p r. [s]
std::vector<double> chain(double r, int n) {
  std::mt19937_64 generator(7);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (double z = normal(generator); n > 0; --n) {
    values.push_back(std::exp(z));  // scores do not see how values are spread
    z = r * z + std::sqrt(1 - r * r) * normal(generator);
  }
  return values;
}

}  // namespace

TEST_CASE("quantiles lie linearly between order statistics") {
  const std::vector<double> values = {1, 2, 4};
  CHECK(quantile(values, 0) == 1);
  CHECK(quantile(values, 0.25) == 1.5);
  CHECK(quantile(values, 0.5) == 2);
  CHECK(quantile(values, 0.75) == 3);
  CHECK(quantile(values, 1) == 4);
  CHECK(quantile({3}, 0.9) == 3);
}

TEST_CASE("a quantile table has the ends, the measured probabilities, and nothing that too few values tell") {
  const Quantiles table = quantile_table(shuffled(1001));
  CHECK(table.samples == 1001);
  CHECK(table.p.front() == 0);
  CHECK(table.p.back() == 1);
  CHECK(table.us.front() == 1);
  CHECK(table.us.back() == 1001);
  CHECK(std::ranges::is_sorted(table.p));
  CHECK(std::ranges::is_sorted(table.us));
  for (std::size_t i = 0; i < table.p.size(); ++i) CHECK(table.us[i] == Approx(1 + 1000 * table.p[i]));
  CHECK(std::ranges::count(table.p, 0.003) == 1);  // three values lie beyond
  CHECK(std::ranges::count(table.p, 0.001) == 0);  // one does
  CHECK(std::ranges::count(table.p, 0.997) == 1);
  CHECK(std::ranges::count(table.p, 0.998) == 0);
  CHECK(table.p[table.p.size() - 2] < 1 - 0.5 / 1001);
  CHECK(quantile_table(shuffled(1'000'000)).p.size() == 51);
}

TEST_CASE("tables of few values are tables still") {
  CHECK(quantile_table({}).empty());
  const Quantiles one = quantile_table({2e-6});
  CHECK(one.p == std::vector<double>{0, 1});
  CHECK(one.us == std::vector<double>{2, 2});
  CHECK(one.samples == 1);
}

TEST_CASE("normal scores are those of the tables") {
  // Abramowitz & Stegun, table 26.5, and the quantile of 1e-9.
  CHECK(normal_score(0.5) == Approx(0).margin(1e-9));
  CHECK(normal_score(0.975) == Approx(1.959963985).epsilon(1e-9));
  CHECK(normal_score(0.025) == Approx(-1.959963985).epsilon(1e-9));
  CHECK(normal_score(0.9999) == Approx(3.719016485).epsilon(1e-9));
  CHECK(normal_score(1e-9) == Approx(-5.997807015).epsilon(1e-9));
}

TEST_CASE("the correlation of neighbours is found again, whatever the spread of the values") {
  for (const double r : {0.0, 0.4, 0.9, -0.5}) {
    CAPTURE(r);
    CHECK(lag1_of_normal_scores(chain(r, 100'000)) == Approx(r).margin(0.02));
  }
  CHECK(lag1_of_normal_scores({1, 1, 1, 1}) == 0);
  CHECK(lag1_of_normal_scores({1, 2}) == 0);
  CHECK(lag1_of_normal_scores({1, 2, 1, 2, 1, 2, 1, 2}) == Approx(-1));
}

TEST_CASE("a curve that falls is levelled by means, one that rises is left alone") {
  CHECK(never_falling({1, 2, 3}) == std::vector<double>{1, 2, 3});
  CHECK(never_falling({1, 3, 2, 4}) == std::vector<double>{1, 2.5, 2.5, 4});
  CHECK(never_falling({6, 3, 3, 8}) == std::vector<double>{4, 4, 4, 8});
  CHECK(never_falling({5, 4, 3}) == std::vector<double>{4, 4, 4});
  CHECK(never_falling({}).empty());
}

TEST_CASE("rounding keeps the digits that were asked for") {
  CHECK(rounded(1.23456789) == 1.23457);
  CHECK(rounded(123456789.0, 3) == 123000000.0);
  CHECK(rounded(0) == 0);
}
