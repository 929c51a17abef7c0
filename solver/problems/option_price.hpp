// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Inside problems: what the calls of an OptionCase are worth, by closed form and path by path.
//
// The model is Black & Scholes': each asset S = spot exp((r - σ²/2) t + σ W), the W of two assets correlated. It is
// exact at each date, so that a price has no error but that of its finite number of paths.
#include <array>
#include <cstdint>

namespace haloscope {

/// European and Asian calls on a basket of equal assets under Black & Scholes' model.
struct OptionCase {
  std::int64_t paths = 1'000'000;  ///< a step, over all ranks
  int assets = 4;                  ///< in the basket
  int dates = 12;                  ///< at which the Asian options look, equally spaced, the last at maturity
  double spot = 100, strike = 100;
  double rate_per_year = 0.05;
  double volatility = 0.2;   ///< of each asset, per square root of a year
  double correlation = 0.5;  ///< of each pair of assets
  double maturity_years = 1;
};

/// On the first asset at maturity; on the geometric, and on the arithmetic mean over all assets and dates.
enum class Call { european, asian_geometric, asian };
inline constexpr std::size_t n_calls = 3;

/// E max(exp(X) - strike, 0) for a normal X.
[[nodiscard]] double lognormal_call(double mean, double variance, double strike) noexcept;

/// Black & Scholes, J. Political Economy 81(3), 1973, equation (13).
[[nodiscard]] double european_price(const OptionCase& option) noexcept;

/// Kemna & Vorst, J. Banking & Finance 14(1), 1990, for a basket and for dates in place of continuous averaging.
[[nodiscard]] double asian_geometric_price(const OptionCase& option) noexcept;

/// Whether every asset stays between e^-700 and e^700 spots, as far as 40 standard deviations, on paths of at most 2³³
/// draws.
[[nodiscard]] bool is_priceable(const OptionCase& option) noexcept;

/// Over some paths. All are whole numbers or sums, and add up over ranks and steps.
struct PathSums {
  std::array<double, n_calls> values{};        ///< of payoffs, discounted
  std::array<double, n_calls> squares{};       ///< of their squares
  std::array<double, n_calls> in_the_money{};  ///< paths with a payoff; exact below 2⁵³
};

/// Of the paths number @p first to @p end - 1. A path is drawn by (seed, step, path) alone: the same wherever it is
/// followed and whatever with, to the bit. @pre is_priceable
[[nodiscard]] PathSums price_paths(const OptionCase& option, std::uint64_t seed, std::uint32_t step, std::int64_t first,
                                   std::int64_t end);

/// Normal numbers that a path takes.
[[nodiscard]] std::int64_t draws_per_path(const OptionCase& option) noexcept;

}  // namespace haloscope
