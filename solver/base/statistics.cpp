// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/statistics.hpp"

#include <cmath>
#include <limits>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// The largest l with P(Binomial(n, 1/2) < l) <= 2.5 %: the l-th smallest of n values is below the median so surely.
std::size_t lower_order(std::size_t n) {
  const double count = static_cast<double>(n);
  if (n > 1000)  // normal approximation, 1.96 standard deviations of a binomial
    return static_cast<std::size_t>(std::floor(count / 2 - 0.98 * std::sqrt(count)));
  double below = 0;
  std::size_t l = 0;
  while (true) {
    const double k = static_cast<double>(l);
    below += std::exp(std::lgamma(count + 1) - std::lgamma(k + 1) - std::lgamma(count - k + 1) - count * std::log(2.0));
    if (below > 0.025) return l;
    ++l;
  }
}

}  // namespace

double quantile(const std::vector<double>& sorted, double p) {
  require(!sorted.empty() && p >= 0 && p <= 1, "quantile: values, and 0 <= p <= 1");
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double percentile(const std::vector<double>& sorted, double p) {
  require(!sorted.empty() && p > 0 && p <= 1, "percentile: values, and 0 < p <= 1");
  const auto order = static_cast<std::size_t>(std::ceil(p * static_cast<double>(sorted.size()) - 1e-9));
  return sorted[std::clamp<std::size_t>(order, 1, sorted.size()) - 1];
}

MedianInterval median_interval(const std::vector<double>& sorted) {
  require(!sorted.empty(), "median_interval: values");
  const std::size_t n = sorted.size();
  MedianInterval result{(sorted[(n - 1) / 2] + sorted[n / 2]) / 2, std::numeric_limits<double>::quiet_NaN(),
                        std::numeric_limits<double>::quiet_NaN()};
  if (const std::size_t l = lower_order(n); l > 0) {
    result.low = sorted[l - 1];
    result.high = sorted[n - l];
  }
  return result;
}

}  // namespace haloscope
