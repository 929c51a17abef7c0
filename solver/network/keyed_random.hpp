// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file keyed_random.hpp
/// Random numbers by key instead of by order, by Philox (haloscope/base/random.hpp): the same (seed, stream, number)
/// gives the same value on any rank, at any time, whatever was drawn before. Only + - * / and square root of IEEE 754
/// are used, so the bits are the same on any machine.
#include <cstdint>

namespace haloscope::interconnect {

/// What a draw is for; part of the key, so that two uses never share numbers.
enum class Purpose : std::uint32_t { jitter, leg, state, detour_start, detour_length };

/// Uniform in (0, 1), never 0 or 1. @p stream names a rank or a pair, @p number counts within it and is below 2^56; so
/// no two of the four words' combinations share a counter.
[[nodiscard]] double uniform(std::uint64_t seed, Purpose purpose, std::uint64_t stream, std::uint64_t number) noexcept;

/// The standard normal distribution function, and its inverse on (0, 1), both to 1e-9 or better.
[[nodiscard]] double normal_probability(double z) noexcept;
[[nodiscard]] double normal_quantile(double p) noexcept;

}  // namespace haloscope::interconnect
