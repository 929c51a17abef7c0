// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file random.hpp
/// Random numbers by key instead of by order: (seed, batch, particle, draw) gives the same value on any rank, at any
/// time, whatever was drawn before. So a history does not depend on where, or in what company, it is followed.
///
/// A stream is its key and a counter: one that is made again elsewhere with the same numbers goes on with the same
/// draw. Numbers come four at a time, from two blocks of Philox that are mixed side by side; one alone would spend as
/// long waiting for its own multiplications (about 15 ns either way on a core of 2023). No state but the counter, no
/// limit on the number of streams; a stream has 2³² draws.
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace haloscope {

/// Philox4x32-10, a keyed mixing of counters whose outputs pass BigCrush.
// Salmon, Moraes, Dror & Shaw, SC11, section 3.3.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                                std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0], b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

/// 52 of the 64 bits as a number in (0, 1), never 0 or 1.
[[nodiscard]] constexpr double uniform_of_bits(std::uint32_t high, std::uint32_t low) noexcept {
  const auto bits = static_cast<std::int64_t>(std::uint64_t{high} << 20 | low >> 12);  // so that the half is exact
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}

using FourNumbers = std::array<double, 4>;

/// The point on the unit circle at @p turns in [0, 1] of the way round, to 5e-16.
struct CirclePoint {
  double cosine = 1, sine = 0;
};
[[nodiscard]] inline CirclePoint circle_point(double turns) noexcept {
  // The nearest quarter is taken off exactly; in the eighth of a turn that remains, Taylor's series: the first term
  // left out is 5e-17 of the sine, 3e-18 of the cosine.
  const int quarter = static_cast<int>(4 * turns + 0.5);
  const double x = 2 * std::numbers::pi * (turns - 0.25 * quarter), y = x * x;
  constexpr std::array s_series{-1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880,
                                -1.0 / 5040,          1.0 / 120,        -1.0 / 6,        1.0};
  constexpr std::array c_series{1.0 / 20922789888000,
                                -1.0 / 87178291200,
                                1.0 / 479001600,
                                -1.0 / 3628800,
                                1.0 / 40320,
                                -1.0 / 720,
                                1.0 / 24,
                                -1.0 / 2,
                                1.0};
  double s = 0, c = 0;
  for (const double term : s_series) s = s * y + term;
  for (const double term : c_series) c = c * y + term;
  s *= x;
  const bool odd = (quarter & 1) != 0;
  const double cosine = odd ? s : c, sine = odd ? c : s;
  return {((quarter + 1) & 2) != 0 ? -cosine : cosine, (quarter & 2) != 0 ? -sine : sine};
}

/// The draws of one particle (or path) of one batch. A value of 64 bytes; what must travel with a particle is its
/// number and drawn().
class RandomStream {
 public:
  /// @p batch tells apart what reuses particle numbers: steps, generations.
  RandomStream(std::uint64_t seed, std::uint32_t batch, std::uint64_t particle, std::uint32_t drawn = 0) noexcept
      : seed_(seed), particle_(particle), batch_(batch), drawn_(drawn) {
    if (drawn_ % 4 != 0) kept_ = block(drawn_ / 4);
  }

  /// Uniform in (0, 1).
  [[nodiscard]] double uniform() noexcept {
    if (drawn_ % 4 == 0) kept_ = block(drawn_ / 4);
    return kept_[drawn_++ % 4];
  }
  /// The next four whose first number is a multiple of four; those between are passed over. The fastest way.
  [[nodiscard]] FourNumbers four_uniforms() noexcept {
    const std::uint32_t n = (drawn_ + 3) / 4;
    drawn_ = 4 * n + 4;
    return block(n);
  }
  /// Normal with mean 0 and variance 1, four at a time as above.
  // Box & Muller, Ann. Math. Stat. 29 (1958), 610.
  [[nodiscard]] FourNumbers four_normals() noexcept {
    const FourNumbers u = four_uniforms();
    const double a = std::sqrt(-2 * std::log(u[0])), b = std::sqrt(-2 * std::log(u[2]));
    const CirclePoint p = circle_point(u[1]), q = circle_point(u[3]);
    return {a * p.cosine, a * p.sine, b * q.cosine, b * q.sine};
  }

  [[nodiscard]] std::uint32_t drawn() const noexcept { return drawn_; }  ///< or passed over

 private:
  /// Draws 4n to 4n + 3. Its two counters differ in the first word, from which no other stream's differ by batch or
  /// particle: no two draws share a counter.
  [[nodiscard]] FourNumbers block(std::uint32_t n) const noexcept {
    const std::array<std::uint32_t, 2> key{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)};
    const auto low = static_cast<std::uint32_t>(particle_), high = static_cast<std::uint32_t>(particle_ >> 32);
    const auto p = philox4x32({2 * n, batch_, low, high}, key), q = philox4x32({2 * n + 1, batch_, low, high}, key);
    return {uniform_of_bits(p[0], p[1]), uniform_of_bits(p[2], p[3]), uniform_of_bits(q[0], q[1]),
            uniform_of_bits(q[2], q[3])};
  }

  std::uint64_t seed_, particle_;
  std::uint32_t batch_, drawn_;
  FourNumbers kept_{};  ///< the four that draw number drawn_ is one of, unless it begins them
};

/// The number of child @p n that was born of @p particle after @p drawn draws: 63 mixed bits below a set one, so that
/// it is not a source particle's. Two of a million children share theirs, and with it their draws, once in 18 million.
[[nodiscard]] constexpr std::uint64_t child_number(std::uint64_t seed, std::uint64_t particle, std::uint32_t drawn,
                                                   std::uint32_t n) noexcept {
  const auto mixed =
      philox4x32({drawn, n, static_cast<std::uint32_t>(particle), static_cast<std::uint32_t>(particle >> 32)},
                 {static_cast<std::uint32_t>(~seed), static_cast<std::uint32_t>(~seed >> 32)});
  return std::uint64_t{1} << 63 | std::uint64_t{mixed[0]} << 32 | mixed[1];
}

}  // namespace haloscope
