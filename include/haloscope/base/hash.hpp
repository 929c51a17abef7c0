// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file hash.hpp
/// Hashes that are the same on every machine and in every build: they tell things apart and prove nothing. Pure.
#include <cstdint>
#include <string_view>

namespace haloscope {

/// FNV-1a, 64 bits (Fowler, Noll & Vo).
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

/// Mixes all bits of a number into all; 0 stays 0.
// Stafford's variant 13 of the finalizer of MurmurHash3, as in Steele, Lea & Flood, OOPSLA 2014, figure 15.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

/// 2⁶⁴ over the golden ratio: its multiples spread evenly.
inline constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

/// The number that SplitMix (the same paper, figure 16) draws in the state @p z.
[[nodiscard]] constexpr std::uint64_t splitmix(std::uint64_t z) noexcept { return mix(z + golden); }

}  // namespace haloscope
