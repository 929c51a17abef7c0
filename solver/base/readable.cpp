// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/readable.hpp"

#include <fmt/format.h>

#include <cmath>

namespace haloscope::readable {

std::string seconds(double value) {
  if (std::isnan(value)) return "-";
  const double size = std::abs(value);
  if (size == 0) return "0 s";
  if (size < 1e-3) return fmt::format("{:.3g} µs", 1e6 * value);
  if (size < 1) return fmt::format("{:.3g} ms", 1e3 * value);
  return fmt::format("{:.4g} s", value);
}

std::string count(double value) {
  if (std::isnan(value) || value < 0) return "-";
  if (value >= 1e9) return fmt::format("{:.3g} billion", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.3g} million", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.3g} thousand", value / 1e3);
  return fmt::format("{:.4g}", value);
}

std::string byte_count(double value) {
  if (std::isnan(value) || value < 0) return "-";
  if (value >= 1e9) return fmt::format("{:.3g} GB", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.3g} MB", value / 1e6);
  if (value >= 1e3) return fmt::format("{:.3g} kB", value / 1e3);
  return fmt::format("{:.3g} B", value);
}

}  // namespace haloscope::readable
