// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file random.hpp
/// Random numbers by key instead of by order: (seed, batch, particle, draw) gives the same value on any rank, at any
/// time, after any other draws. So a history does not depend on the rank that follows it, nor on other histories.
///
/// A stream is its key and a counter: one that is made again elsewhere with the same numbers goes on with the same
/// draw. Numbers come four at a time, from two blocks of Philox whose multiplications share vector registers where the
/// processor has them (AVX2), with the same bits where it has not. No state but the counter, no limit on the number of
/// streams; a stream has 2³² draws.
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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

/// Of @p counter and of the next, whose first word is one more.
#if defined(__AVX2__)
// All four multiplications of a round at once: even words in one register, odd ones in another, each in the low half of
// a lane; the high halves hold what nobody reads.
[[nodiscard]] inline FourNumbers four_numbers(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) noexcept {
  const auto lanes = [](std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    return _mm256_set_epi64x(static_cast<long long>(d), static_cast<long long>(c), static_cast<long long>(b),
                             static_cast<long long>(a));
  };
  const __m256i factors = lanes(0xD2511F53, 0xCD9E8D57, 0xD2511F53, 0xCD9E8D57);
  const __m256i step = lanes(0x9E3779B9, 0xBB67AE85, 0x9E3779B9, 0xBB67AE85);
  __m256i even = lanes(counter[0], counter[2], counter[0] + 1u, counter[2]);
  __m256i odd = lanes(counter[1], counter[3], counter[1], counter[3]);
  __m256i keys = lanes(key[0], key[1], key[0], key[1]);
  for (int round = 0; round < 10; ++round) {
    const __m256i products = _mm256_shuffle_epi32(_mm256_mul_epu32(even, factors), 0b01'00'11'10);  // swapped in pairs
    even = _mm256_xor_si256(_mm256_srli_epi64(products, 32), _mm256_xor_si256(odd, keys));
    odd = products;
    keys = _mm256_add_epi32(keys, step);
  }
  const __m256i low = _mm256_set1_epi64x(0xffffffff);
  const __m256i bits = _mm256_or_si256(_mm256_slli_epi64(_mm256_and_si256(even, low), 20),
                                       _mm256_srli_epi64(_mm256_and_si256(odd, low), 12));
  // As the fraction of a number in [1, 2); what is taken off leaves the half. Exact, and the same bits as above.
  const __m256d number = _mm256_castsi256_pd(_mm256_or_si256(bits, _mm256_set1_epi64x(0x3ff0000000000000)));
  FourNumbers numbers;
  _mm256_storeu_pd(numbers.data(), _mm256_sub_pd(number, _mm256_set1_pd(1 - 0x1p-53)));
  return numbers;
}
#else
[[nodiscard]] inline FourNumbers four_numbers(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) noexcept {
  const auto p = philox4x32(counter, key), q = philox4x32({counter[0] + 1, counter[1], counter[2], counter[3]}, key);
  return {uniform_of_bits(p[0], p[1]), uniform_of_bits(p[2], p[3]), uniform_of_bits(q[0], q[1]),
          uniform_of_bits(q[2], q[3])};
}
#endif

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
    return four_numbers(
        {2 * n, batch_, static_cast<std::uint32_t>(particle_), static_cast<std::uint32_t>(particle_ >> 32)}, key);
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
