// SPDX-License-Identifier: BSD-3-Clause
#include "network/profile_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "haloscope/base/elementary.hpp"
#include "network/keyed_random.hpp"
#include "network/quantile_table.hpp"

namespace haloscope {

namespace {

using interconnect::normal_quantile, interconnect::QuantileTable;

/// Six significant digits.
double rounded(double value) { return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr); }

/// From 0 to 1: steps of a hundredth up to 0.9, ten a decade beyond, to the edges where one of @p samples lies.
std::vector<double> probabilities(std::int64_t samples) {
  const double edge = 0.5 / static_cast<double>(samples);
  std::vector<double> p = {0};
  for (const double low : {1e-6, 1e-5, 1e-4, 1e-3}) {
    if (low > edge) p.push_back(low);
  }
  for (int percent = 1; percent <= 90; ++percent) p.push_back(percent / 100.0);
  for (int tenth = 1; tenth < 200; ++tenth) {
    const double above = 0.1 * exponential(-tenth / 10.0 * logarithm(10));
    if (above < 2 * edge) break;
    p.push_back(1 - rounded(above));
  }
  p.push_back(1);
  return p;
}

}  // namespace

double value_at(const Quantiles& table, double p) { return QuantileTable(table).at(p); }

Quantiles table_of_law(const Spread& law, double median_us) {
  Quantiles table;
  if (law.kind == "none" || law.p99_over_median <= 1) return table;
  const double least = law.minimum_over_median, edge = 0.5 / static_cast<double>(law.samples);
  const double log_q = logarithm((law.p99_over_median - least) / (1 - least));
  table.samples = law.samples;
  table.p = probabilities(law.samples);
  for (const double p : table.p) {
    const double inside = std::clamp(p, edge, 1 - edge);
    const double x = law.kind == "pareto" ? exponential(-log_q / logarithm(50) * logarithm(2 * (1 - inside)))
                                          : exponential(log_q / normal_quantile(0.99) * normal_quantile(inside));
    table.us.push_back(rounded(median_us * (least + (1 - least) * x)));
  }
  return table;
}

Quantiles constant_table(double us) { return {{0, 1}, {us, us}, 1}; }

double mean_of(const Quantiles& table) {
  constexpr double tail_begin = 0.9;
  const double beyond = 0.5 / static_cast<double>(table.samples);  // what lies there takes the last value
  double sum = beyond * table.us.back();
  const auto add = [&sum](double p0, double us0, double p1, double us1) {
    const double q0 = 1 - p0, q1 = 1 - p1;
    if (p1 <= tail_begin) {
      sum += (p1 - p0) * (us0 + us1) / 2;
    } else if (q1 < q0) {  // us0 + slope (x - x0) over p = 1 - exp(-x)
      const double dx = logarithm(q0 / q1);
      sum += us0 * (q0 - q1) + (us1 - us0) / dx * (q0 - q1 - q1 * dx);
    }
  };
  for (std::size_t i = 1; i < table.p.size(); ++i) {
    const double p0 = table.p[i - 1], us0 = table.us[i - 1], p1 = table.p[i], us1 = table.us[i];
    const double end = std::min(p1, 1 - beyond), share = (tail_begin - p0) / (p1 - p0);
    if (p0 < tail_begin && p1 > tail_begin) {
      const double us = us0 + share * (us1 - us0);
      add(p0, us0, tail_begin, us);
      add(tail_begin, us, end, us1);
    } else {
      add(p0, us0, end, us1);
    }
  }
  return sum;
}

}  // namespace haloscope
