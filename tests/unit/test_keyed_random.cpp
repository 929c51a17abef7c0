// SPDX-License-Identifier: BSD-3-Clause
// The functions against the C library's, and numbers by key against chance. (The generator itself: test_random.)
#include "network/keyed_random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "catch.hpp"
#include "haloscope/base/elementary.hpp"

using namespace haloscope;
using namespace haloscope::interconnect;

TEST_CASE("uniform numbers spread evenly over (0, 1) and neighbours are independent") {
  constexpr int n = 1000000, bins = 100;
  std::array<int, bins> counts{};
  double sum = 0, products = 0, last = 0.5, least = 1, most = 0;
  for (int i = 0; i < n; ++i) {
    const double u = uniform(7, Purpose::jitter, 3, static_cast<std::uint64_t>(i));
    ++counts[static_cast<std::size_t>(u * bins)];
    sum += u;
    products += (u - 0.5) * (last - 0.5);
    last = u;
    least = std::min(least, u);
    most = std::max(most, u);
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += std::pow(count - n / bins, 2) / (n / bins);
  CHECK(std::abs(chi_squared - (bins - 1)) < 4 * std::sqrt(2.0 * (bins - 1)));  // four standard deviations, as below
  CHECK(std::abs(sum / n - 0.5) < 4 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(12 * products / n) < 4 / std::sqrt(double{n}));
  CHECK(least > 0);
  CHECK(most < 1);
  CHECK(least < 1e-4);
  CHECK(most > 1 - 1e-4);
}

TEST_CASE("each part of the key counts") {
  std::set<double> seen;
  int drawn = 0;
  const auto values = std::to_array<std::uint64_t>({0, 1, 2, 1ull << 32, 1ull << 55, (1ull << 56) - 1});
  for (const std::uint64_t seed : values)
    for (const std::uint64_t stream : values)
      for (const std::uint64_t number : values)
        for (const Purpose purpose :
             {Purpose::jitter, Purpose::leg, Purpose::state, Purpose::detour_start, Purpose::detour_length}) {
          seen.insert(uniform(seed, purpose, stream, number));
          ++drawn;
        }
  CHECK(drawn == 1080);
  CHECK(seen.size() == 1080);
}

TEST_CASE("exponential and logarithm are the C library's to the last bits") {
  double exponential_error = 0, logarithm_error = 0;
  for (int i = 0; i < 200000; ++i) {
    const double u = uniform(1, Purpose::leg, 0, static_cast<std::uint64_t>(i));
    for (const double x : {1400 * u - 700, 2 * u - 1})
      exponential_error = std::max(exponential_error, std::abs(exponential(x) / std::exp(x) - 1));
    for (const double x : {u, 0.5 + u, 1 + 1e-6 * (u - 0.5), std::exp(1400 * u - 700)})
      logarithm_error = std::max(logarithm_error, std::abs(logarithm(x) / std::log(x) - 1));
  }
  CHECK(exponential_error < 1e-15);
  CHECK(logarithm_error < 1e-15);
  CHECK(exponential(0) == 1);
  CHECK(logarithm(1) == 0);
}

TEST_CASE("the normal distribution is the C library's, far into its tails") {
  const auto wanted = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  double error = 0, relative = 0, back = 0;
  for (int i = 0; i < 200000; ++i) {
    const double u = uniform(1, Purpose::leg, 1, static_cast<std::uint64_t>(i));
    for (const double z : {8 * u - 4, 16 * u - 8, -30 * u}) {
      error = std::max(error, std::abs(normal_probability(z) - wanted(z)));
      relative = std::max(relative, std::abs(normal_probability(z) / wanted(z) - 1));
    }
    for (const double p : {u, std::pow(10, -15 * u)})
      back = std::max(back, std::abs(wanted(normal_quantile(p)) / p - 1));
  }
  CHECK(error < 1e-15);
  CHECK(relative < 2e-8);
  CHECK(back < 1e-12);
  CHECK(normal_probability(0) == 0.5);
  CHECK(normal_probability(40) == 1);
  CHECK(normal_probability(-40) == 0);
  CHECK(normal_probability(8) + normal_probability(-8) == 1);
  // Wichura's own test values.
  CHECK(normal_quantile(0.25) == Approx(-0.6744897501960817).epsilon(1e-15));
  CHECK(normal_quantile(0.001) == Approx(-3.090232306167814).epsilon(1e-15));
  CHECK(normal_quantile(1e-20) == Approx(-9.262340089798408).epsilon(1e-15));
  CHECK(normal_quantile(0.5) == 0);
}
