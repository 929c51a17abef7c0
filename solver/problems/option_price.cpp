// SPDX-License-Identifier: BSD-3-Clause
#include "problems/option_price.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "haloscope/base/elementary.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/random.hpp"

namespace haloscope {

namespace {

constexpr std::size_t lanes = 32;  ///< paths side by side
using Lanes = std::array<double, lanes>;

double normal_probability(double z) noexcept { return std::erfc(-z / std::numbers::sqrt2) / 2; }

/// Which paths of which step are side by side.
struct Key {
  std::uint64_t seed;
  std::uint32_t step;
  std::uint64_t path;  ///< of the first lane
};

/// Numbers 2n and 2n + 1 of four_normals() of RandomStream(seed, step, path).
// Box & Muller, Ann. Math. Stat. 29(2), 1958.
void draw_pair(const Key& key, std::uint32_t n, Lanes& even, Lanes& odd) noexcept {
  std::array<std::uint32_t, lanes> a, b, c, d;
  for (std::size_t i = 0; i < lanes; ++i) {
    const std::uint64_t path = key.path + i;
    const auto mixed =
        philox4x32({n, key.step, static_cast<std::uint32_t>(path), static_cast<std::uint32_t>(path >> 32)},
                   {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
    a[i] = mixed[0], b[i] = mixed[1], c[i] = mixed[2], d[i] = mixed[3];
  }
  for (std::size_t i = 0; i < lanes; ++i) {
    const double radius = std::sqrt(-2 * logarithm(uniform_of_bits(a[i], b[i])));
    const CirclePoint point = circle_point(uniform_of_bits(c[i], d[i]));
    even[i] = radius * point.cosine;
    odd[i] = radius * point.sine;
  }
}

/// What all paths of a case have in common.
struct Walk {
  explicit Walk(const OptionCase& option) noexcept
      : assets(static_cast<std::size_t>(option.assets)), dates(static_cast<std::size_t>(option.dates)) {
    // The root of the matrix of correlations (1 on the diagonal, ρ elsewhere) is of the same form: own + common on the
    // diagonal, common elsewhere. It exists for every admissible ρ, negative ones included.
    const double n = option.assets, spread = option.volatility * std::sqrt(option.maturity_years / option.dates);
    own = spread * std::sqrt(1 - option.correlation);
    common = (spread * std::sqrt(1 + (n - 1) * option.correlation) - own) / n;
    if (option.assets == 1) own = spread, common = 0;
    drift = (option.rate_per_year - option.volatility * option.volatility / 2) * option.maturity_years / option.dates;
  }
  std::size_t assets, dates;
  double own = 0, common = 0, drift = 0;  ///< of a step from date to date
};

/// Means of the assets, as multiples of the spot.
struct Means {
  Lanes european{}, asian_geometric{}, asian{};
};

/// @p logarithms has a row for each asset, @p normals one more: numbers come in pairs.
Means walk(const Walk& along, const Key& key, std::vector<Lanes>& normals, std::vector<Lanes>& logarithms) noexcept {
  Means means;
  std::ranges::fill(logarithms, Lanes{});
  std::uint32_t pairs = 0;
  std::size_t drawn = 0;
  for (std::size_t date = 0; date < along.dates; ++date) {
    for (; drawn < along.assets; drawn += 2) draw_pair(key, pairs++, normals[drawn], normals[drawn + 1]);
    Lanes together{};
    for (std::size_t asset = 0; asset < along.assets; ++asset)
      for (std::size_t i = 0; i < lanes; ++i) together[i] += along.common * normals[asset][i];
    for (std::size_t asset = 0; asset < along.assets; ++asset) {
      const Lanes& z = normals[asset];
      Lanes& x = logarithms[asset];
      for (std::size_t i = 0; i < lanes; ++i) {
        x[i] += along.drift + (along.own * z[i] + together[i]);
        means.asian_geometric[i] += x[i];
        means.asian[i] += exponential(x[i]);
      }
    }
    drawn -= along.assets;  // 1: the second of the last pair is the next date's first
    if (drawn == 1) normals[0] = normals[along.assets];
  }
  const double share = 1 / static_cast<double>(along.assets * along.dates);
  for (std::size_t i = 0; i < lanes; ++i) {
    means.european[i] = exponential(logarithms[0][i]);
    means.asian_geometric[i] = exponential(share * means.asian_geometric[i]);
    means.asian[i] *= share;
  }
  return means;
}

/// @p n of the lanes.
void pay(const OptionCase& option, const Lanes& multiples, std::size_t n, Call call, PathSums& sums) noexcept {
  const auto c = static_cast<std::size_t>(call);
  const double discount = std::exp(-option.rate_per_year * option.maturity_years);
  for (std::size_t i = 0; i < n; ++i) {
    const double value = discount * std::max(option.spot * multiples[i] - option.strike, 0.0);
    sums.values[c] += value;
    sums.squares[c] += value * value;
    sums.in_the_money[c] += value > 0 ? 1 : 0;
  }
}

}  // namespace

double lognormal_call(double mean, double variance, double strike) noexcept {
  const double deviation = std::sqrt(variance);
  if (!(deviation > 0)) return std::max(std::exp(mean) - strike, 0.0);
  const double d = (mean - std::log(strike)) / deviation;
  return std::exp(mean + variance / 2) * normal_probability(d + deviation) - strike * normal_probability(d);
}

double european_price(const OptionCase& option) noexcept {
  const double variance = option.volatility * option.volatility * option.maturity_years;
  const double growth = option.rate_per_year * option.maturity_years;
  return std::exp(-growth) * lognormal_call(std::log(option.spot) + growth - variance / 2, variance, option.strike);
}

// The logarithm of the geometric mean of n assets at m dates jT/m is normal, as a sum of normal numbers. Its mean: that
// of the dates is T (m + 1) / (2 m). Its variance: the covariance of two assets' W at two dates is ρ times the earlier
// date; the mean of ρ over all pairs of assets, equal ones among them, is (1 + (n - 1) ρ) / n, and that of the earlier
// date over all pairs of dates T (m + 1) (2 m + 1) / (6 m²), as Σ min(j, l) = m (m + 1) (2 m + 1) / 6.
double asian_geometric_price(const OptionCase& option) noexcept {
  const double n = option.assets, m = option.dates, square = option.volatility * option.volatility;
  const double mean_date = option.maturity_years * (m + 1) / (2 * m);
  const double mean_earlier = option.maturity_years * (m + 1) * (2 * m + 1) / (6 * m * m);
  const double mean_correlation = option.assets == 1 ? 1 : (1 + (n - 1) * option.correlation) / n;
  const double mean = std::log(option.spot) + (option.rate_per_year - square / 2) * mean_date;
  return std::exp(-option.rate_per_year * option.maturity_years) *
         lognormal_call(mean, square * mean_correlation * mean_earlier, option.strike);
}

bool is_priceable(const OptionCase& option) noexcept {
  const double deviation = option.volatility * std::sqrt(option.maturity_years);
  return std::abs(option.rate_per_year) * option.maturity_years + deviation * deviation / 2 + 40 * deviation < 700 &&
         draws_per_path(option) <= std::int64_t{1} << 33;
}

std::int64_t draws_per_path(const OptionCase& option) noexcept { return std::int64_t{option.assets} * option.dates; }

PathSums price_paths(const OptionCase& option, std::uint64_t seed, std::uint32_t step, std::int64_t first,
                     std::int64_t end) {
  PathSums sums;
  const Walk along(option);
  require(is_priceable(option), "an option whose paths stay within what a double holds");
  std::vector<Lanes> normals(along.assets + 1), logarithms(along.assets);
  for (std::int64_t path = first; path < end; path += std::int64_t{lanes}) {
    // All lanes, also those beyond the end: every path goes the same way.
    const Means means = walk(along, {seed, step, static_cast<std::uint64_t>(path)}, normals, logarithms);
    const auto n = static_cast<std::size_t>(std::min<std::int64_t>(end - path, lanes));
    pay(option, means.european, n, Call::european, sums);
    pay(option, means.asian_geometric, n, Call::asian_geometric, sums);
    pay(option, means.asian, n, Call::asian, sums);
  }
  return sums;
}

}  // namespace haloscope
