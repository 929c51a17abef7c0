// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/network/path.hpp"

#include <algorithm>
#include <cmath>

#include "network/keyed_random.hpp"

namespace haloscope::interconnect {

Path::Path(const PathProfile& profile, const Without& without, std::uint64_t seed) : seed_(seed) {
  if (!without.latency) {
    overhead_ = from_us(profile.overhead_us);
    latency_ = std::max<Time>(from_us(profile.half_round_trip_us) - 2 * overhead_, 0);
    eager_limit_ = profile.eager_limit_bytes;
  }
  // With bandwidth off the hand-shake still is what the curve leaves of b G; else it would become longer.
  without_bandwidth_ = without.bandwidth;
  gap_ = from_us(profile.gap_us);
  ps_per_byte_ = std::isinf(profile.bandwidth_GBps) ? 0 : 1000 / profile.bandwidth_GBps;
  curve_bytes_ = profile.curve_bytes;
  for (const double us : profile.curve_us) curve_.push_back(from_us(us) - from_us(profile.curve_us.front()));
  lag1_ = profile.lag1;
  if (profile.states) {
    two_states_ = true;
    states_ = *profile.states;
    lag1_ = states_.lag1_within;
  }
  innovation_ = std::sqrt(1 - lag1_ * lag1_);
  if (without.jitter || profile.jitter.empty()) return;
  table_ = QuantileTable(profile.jitter);
  median_us_ = table_.at(0.5);
  for (const bool high : {false, true}) {
    level_us_[high] = table_.at(in_table(0.5, high));
    least_jitter_ = std::min(least_jitter_, legs(0, high).carrying);
  }
}

Time Path::by_bandwidth(std::int64_t bytes) const noexcept {
  return std::llround(static_cast<double>(bytes) * ps_per_byte_);
}

Time Path::occupancy(std::int64_t bytes) const noexcept {
  return without_bandwidth_ ? 0 : std::max(gap_, by_bandwidth(bytes));
}

Time Path::transfer(std::int64_t bytes) const noexcept { return without_bandwidth_ ? 0 : by_size(bytes); }

Time Path::by_size(std::int64_t bytes) const noexcept {
  if (curve_.empty()) return by_bandwidth(bytes);
  if (bytes <= curve_bytes_.front()) return 0;
  if (bytes >= curve_bytes_.back()) return curve_.back() + by_bandwidth(bytes - curve_bytes_.back());
  const auto above = std::upper_bound(curve_bytes_.begin(), curve_bytes_.end(), bytes);
  const auto i = static_cast<std::size_t>(above - curve_bytes_.begin());
  const double part =
      static_cast<double>(bytes - curve_bytes_[i - 1]) / static_cast<double>(curve_bytes_[i] - curve_bytes_[i - 1]);
  return curve_[i - 1] + std::llround(part * static_cast<double>(curve_[i] - curve_[i - 1]));
}

Time Path::handshake(std::int64_t bytes) const noexcept {
  if (is_eager(bytes)) return 0;
  if (curve_.empty()) return 2 * latency_;
  return std::clamp<Time>(by_size(bytes) - by_bandwidth(bytes), 0, 2 * latency_);
}

Time Path::flight(std::int64_t bytes) const noexcept {
  return latency_ + transfer(bytes) - (curve_.empty() || without_bandwidth_ ? 0 : handshake(bytes));
}

double Path::excess_us(double p) const noexcept { return table_.empty() ? 0 : table_.at(p) - median_us_; }

double Path::in_table(double p, bool high) const noexcept {
  if (!two_states_) return p;
  const double low = 1 - states_.fraction_high;
  return high ? low + states_.fraction_high * p : low * p;
}

double Path::step(PairStream& stream, std::uint64_t pair, std::uint64_t number) const noexcept {
  double p = uniform(seed_, Purpose::jitter, pair, number);
  if (lag1_ != 0) {
    const double e = normal_quantile(p);
    stream.z = number == 0 ? e : lag1_ * stream.z + innovation_ * e;
    p = normal_probability(stream.z);
  }
  if (!two_states_) return p;
  const double to_high =
      number == 0 ? states_.fraction_high : (stream.high ? states_.p_stay_high : states_.p_low_to_high);
  stream.high = uniform(seed_, Purpose::state, pair, number) < to_high;
  return p;
}

Path::Legs Path::legs(double p, bool high) const noexcept {
  const double level = level_us_[high];
  const Time of_level = from_us(level - median_us_);
  const Time wanted = of_level + from_us(2 * (table_.at(in_table(p, high)) - level));
  const Time carrying = std::max(wanted, -latency_);
  return {carrying, std::max(of_level + (wanted - carrying), -latency_)};
}

namespace {

/// The same for both directions, another for each kind of traffic: ranks are below 2^31.
std::uint64_t key_of(const PairStream& stream, int from, int to) noexcept {
  return static_cast<std::uint64_t>(stream.traffic) << 63 | static_cast<std::uint64_t>(std::min(from, to)) << 32 |
         static_cast<std::uint64_t>(std::max(from, to));
}

}  // namespace

void Path::keep_up(PairStream& stream, int from, int to, std::uint64_t number) const noexcept {
  if (stream.number >= number) return;
  const std::uint64_t pair = key_of(stream, from, to);
  if (table_.empty() || (lag1_ == 0 && !two_states_)) stream.number = number;  // without memory
  while (stream.number < number) (void)step(stream, pair, stream.number++);
}

Time Path::draw(PairStream& stream, int from, int to) const noexcept {
  constexpr std::uint64_t messages_a_coin = 16;
  const std::uint64_t number = stream.number++;
  if (table_.empty()) return 0;
  const std::uint64_t pair = key_of(stream, from, to);
  if (const std::uint64_t block = number / messages_a_coin; block != stream.block) {
    stream.block = block;
    stream.upward = uniform(seed_, Purpose::leg, pair, block) < 0.5;
  }
  const double p = step(stream, pair, number);
  const Legs both = legs(p, stream.high);
  return stream.upward == (from < to) ? both.carrying : both.other;
}

}  // namespace haloscope::interconnect
