// SPDX-License-Identifier: BSD-3-Clause
#include "probe/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/statistics.hpp"

namespace haloscope {

namespace {

constexpr double needed_beyond = 3;  ///< values beyond a quantile of the table

/// The probabilities of the measured tables that profiles are shipped with.
constexpr double grid[] = {
    0,      0.001,  0.003,  0.01,   0.02,   0.05,    0.1,     0.15,    0.2,     0.25,    0.3,      0.35,  0.4,
    0.45,   0.5,    0.55,   0.6,    0.65,   0.7,     0.75,    0.8,     0.825,   0.85,    0.875,    0.9,   0.92,
    0.94,   0.95,   0.96,   0.97,   0.975,  0.98,    0.985,   0.99,    0.9925,  0.995,   0.997,    0.998, 0.999,
    0.9993, 0.9995, 0.9997, 0.9998, 0.9999, 0.99993, 0.99995, 0.99997, 0.99998, 0.99999, 0.999995, 1};

/// The normal score of each value. Mean ranks of equal values.
std::vector<double> normal_scores(const std::vector<double>& values) {
  const std::size_t n = values.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&values](std::size_t i) { return values[i]; });
  std::vector<double> scores(n);
  for (std::size_t first = 0, next = 0; first < n; first = next) {
    while (next < n && values[order[next]] == values[order[first]]) ++next;
    const double mean_rank = 0.5 * static_cast<double>(first + 1 + next);
    const double score = normal_score((mean_rank - 0.5) / static_cast<double>(n));
    for (std::size_t i = first; i < next; ++i) scores[order[i]] = score;
  }
  return scores;
}

}  // namespace

double rounded(double value, int digits) { return std::strtod(fmt::format("{:.{}g}", value, digits).c_str(), nullptr); }

Quantiles quantile_table(std::vector<double> values) {
  Quantiles table;
  if (values.empty()) return table;
  std::ranges::sort(values);
  table.samples = static_cast<std::int64_t>(values.size());
  const double n = static_cast<double>(values.size());
  for (const double p : grid) {
    const bool end = p == 0 || p == 1;
    if (!end && std::min(p, 1 - p) * n < needed_beyond) continue;
    table.p.push_back(p);
    table.us.push_back(rounded(1e6 * quantile(values, p)));
  }
  return table;
}

double normal_score(double p) noexcept {
  // The rational approximation of Abramowitz & Stegun, 26.2.23 (to 4.5e-4), then three steps of Newton.
  const double tail = std::min(p, 1 - p);
  const double t = std::sqrt(-2 * std::log(tail));
  double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int step = 0; step < 3; ++step) {
    const double beyond = 0.5 * std::erfc(z / std::numbers::sqrt2);
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
    z += (beyond - tail) / density;
  }
  return p < 0.5 ? -z : z;
}

double lag1_of_normal_scores(const std::vector<double>& in_order) {
  if (in_order.size() < 3) return 0;
  const std::vector<double> z = normal_scores(in_order);
  const std::size_t pairs = z.size() - 1;
  const double n = static_cast<double>(pairs);
  const double mean_first = std::accumulate(z.begin(), z.end() - 1, 0.0) / n;
  const double mean_next = std::accumulate(z.begin() + 1, z.end(), 0.0) / n;
  double both = 0, first = 0, next = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    const double a = z[i] - mean_first, b = z[i + 1] - mean_next;
    both += a * b;
    first += a * a;
    next += b * b;
  }
  return first > 0 && next > 0 ? both / std::sqrt(first * next) : 0;
}

std::vector<double> never_falling(const std::vector<double>& curve) {
  struct Pool {
    double mean;
    std::size_t size;
  };
  std::vector<Pool> pools;
  for (const double value : curve) {
    pools.push_back({value, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean > pools.back().mean) {
      const Pool last = pools.back();
      pools.pop_back();
      Pool& into = pools.back();
      const double a = static_cast<double>(into.size), b = static_cast<double>(last.size);
      into = {(a * into.mean + b * last.mean) / (a + b), into.size + last.size};
    }
  }
  std::vector<double> result;
  for (const Pool& pool : pools) result.insert(result.end(), pool.size, pool.mean);
  return result;
}

}  // namespace haloscope
