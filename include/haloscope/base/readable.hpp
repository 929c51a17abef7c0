// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file readable.hpp
/// Numbers as the tables for people have them: three digits and the unit that fits.
#include <string>

namespace haloscope::readable {

[[nodiscard]] std::string seconds(double value);     ///< 1.23 ms; "-" for NaN
[[nodiscard]] std::string count(double value);       ///< 45.6 million; "-" for NaN, and below 0
[[nodiscard]] std::string byte_count(double value);  ///< 78.9 kB; likewise

}  // namespace haloscope::readable
