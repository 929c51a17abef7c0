// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file elementary.hpp
/// Exponential and logarithm from + - * / alone, which IEEE 754 rounds in one way only. The C library's differ in the
/// last bit from version to version and from processor to processor; with these, equal seeds give equal delays to the
/// bit on any machine. (Needs -ffp-contract=off, as everywhere in Haloscope.) Without a branch or a call, so that loops
/// over them become vector instructions where the processor converts 64-bit integers (AVX-512).
#include <bit>
#include <cstdint>

namespace haloscope {

inline constexpr double ln2_high = 0x1.62e42feep-1;  // ln 2 in two parts; the first times any exponent is exact
inline constexpr double ln2_low = 0x1.a39ef35793c76p-33;

/// e^x for -700 <= x <= 700, to about 1e-16: 2^k e^r with |r| <= ln 2 / 2, e^r by its series up to r^13.
[[nodiscard]] inline double exponential(double x) noexcept {
  const auto k = static_cast<std::int64_t>(x * 0x1.71547652b82fep+0 + (x < 0 ? -0.5 : 0.5));
  const double power = static_cast<double>(k);
  const double r = (x - power * ln2_high) - power * ln2_low, r2 = r * r, r4 = r2 * r2;
  const double low = (1 + r) + r2 * (1.0 / 2 + r * (1.0 / 6));
  const double middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
  const double high = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
  const double rest = 1.0 / 479001600 + r * (1.0 / 6227020800);
  const double series = low + r4 * (middle + r4 * (high + r4 * rest));
  return series * std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

/// ln x for normal x > 0, to about 2e-16: x = 2^k m, ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172, by its
/// series up to s^23.
[[nodiscard]] inline double logarithm(double x) noexcept {
  auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t shifted = bits + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);  // m from sqrt(1/2) to sqrt(2)
  const double k = static_cast<double>(static_cast<std::int64_t>(shifted >> 52) - 1023);
  bits = (shifted & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd;
  const double f = std::bit_cast<double>(bits) - 1, s = f / (2 + f), z = s * s, z2 = z * z, z4 = z2 * z2;
  const double low = (1.0 / 3 + z * (1.0 / 5)) + z2 * (1.0 / 7 + z * (1.0 / 9));
  const double middle = (1.0 / 11 + z * (1.0 / 13)) + z2 * (1.0 / 15 + z * (1.0 / 17));
  const double high = (1.0 / 19 + z * (1.0 / 21)) + z2 * (1.0 / 23);
  const double series = z * (low + z4 * (middle + z4 * high));
  return k * ln2_high + (2 * s + (2 * s * series + k * ln2_low));
}

}  // namespace haloscope
