// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/model/path.hpp"

#include <algorithm>
#include <cmath>

#include "interconnect/model/keyed_random.hpp"

namespace haloscope::interconnect {

Path::Path(const PathProfile& profile, const Without& without, std::uint64_t seed) : seed_(seed) {
  if (!without.latency) {
    overhead_ = from_us(profile.overhead_us);
    latency_ = std::max<Time>(from_us(profile.half_round_trip_us) - 2 * overhead_, 0);
    eager_limit_ = profile.eager_limit_bytes;
  }
  // Where bandwidth is off the hand-shake still is what the curve leaves of b G: else it would become longer.
  without_bandwidth_ = without.bandwidth;
  gap_ = from_us(profile.gap_us);
  ps_per_byte_ = std::isinf(profile.bandwidth_GBps) ? 0 : 1000 / profile.bandwidth_GBps;
  curve_bytes_ = profile.curve_bytes;
  for (const double us : profile.curve_us) curve_.push_back(from_us(us) - from_us(profile.curve_us.front()));
  if (!without.jitter && !profile.jitter.empty()) {
    table_ = QuantileTable(profile.jitter);
    median_us_ = table_.at(0.5);
  }
  lag1_ = profile.lag1;
  if (profile.states) {
    two_states_ = true;
    states_ = *profile.states;
    lag1_ = states_.lag1_within;
  }
  innovation_ = std::sqrt(1 - lag1_ * lag1_);
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

double Path::next_probability(PairStream& stream, std::uint64_t pair, std::uint64_t number) const noexcept {
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
  const double low = 1 - states_.fraction_high;
  return stream.high ? low + states_.fraction_high * p : low * p;
}

Time Path::draw(PairStream& stream, int from, int to) const noexcept {
  const std::uint64_t number = stream.number++;
  if (table_.empty()) return 0;
  const auto pair =
      static_cast<std::uint64_t>(std::min(from, to)) << 32 | static_cast<std::uint64_t>(std::max(from, to));
  const double excess = excess_us(next_probability(stream, pair, number));
  if (excess <= 0) return std::max(from_us(excess), -latency_);
  const bool upward = uniform(seed_, Purpose::leg, pair, number) < 0.5;
  return upward == (from < to) ? from_us(2 * excess) : 0;
}

}  // namespace haloscope::interconnect
