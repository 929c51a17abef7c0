// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file path.hpp
/// The time of single messages: LogGP with a jitter drawn for each. Pure: no MPI, no clock, no state but the streams
/// that the caller keeps.
///
/// A message of b bytes costs its sender o; it enters the network when the sender's interface is free, holds it
/// max(g, b G), and arrives L + T(b) + jitter after it entered, T(b) = b G or what the profile's curve says. The
/// receiver pays o. So the half round trip of a ping-pong is L + 2 o + T(b) + jitter.
///
/// The table holds half round trips, and a half round trip averages two legs. So one draw of the table serves the n-th
/// message of either direction of a pair. We put its whole excess over the median on one leg (twice the excess) and
/// none on the other, chosen by a coin: half as many messages are late, by twice as much, as the authors of the tables
/// recommend. With two states the excess is over the median of the level, which both legs have. A leg that would be
/// shorter than 0 leaves the rest to the other one.
///
/// The coin chooses the direction for 16 messages at a time. Any two legs in a row then make a half round trip of the
/// table, except where the coin changes. So ping-pongs repeat the measured distribution exactly for the rank that
/// begins, and nearly for the one that answers (quantiles within 2 %; with two states 5 %).
///
/// For that both directions must be at one number, give or take one. A rank that has got a message of a higher number
/// than its own next one goes on from there (keep_up), so traffic that goes one way only does not put the two out of
/// step. The rounds of collectives have draws of their own.
///
/// Neighbouring draws of a pair correlate: z' = r z + sqrt(1 - r^2) e, e standard normal, p = Phi(z) (a Gaussian
/// copula), or by two states.
#include <cstdint>

#include "haloscope/network/profile.hpp"
#include "haloscope/network/time.hpp"
#include "network/quantile_table.hpp"

namespace haloscope::interconnect {

/// Ingredients that can be switched off, so that a loss can be attributed.
struct Without {
  bool latency = false;    ///< L, o and the rendezvous
  bool bandwidth = false;  ///< G, g and the curve; the hand-shake that the curve holds stays
  bool jitter = false;     ///< every message takes the median
  bool noise = false;      ///< detours of the hosts
};

/// Each kind has draws of its own.
enum class Traffic : std::uint8_t {
  messages,  ///< that the program sends
  rounds,    ///< of collectives
};

/// Where the draws of one direction of a pair have come to. Both directions step through equal states.
struct PairStream {
  Traffic traffic = Traffic::messages;
  std::uint64_t number = 0;          ///< of the next message
  double z = 0;                      ///< of the last one
  bool high = false;                 ///< its level
  std::uint64_t block = UINT64_MAX;  ///< of messages with one coin
  bool upward = false;               ///< the coin: the legs to the higher rank are those that differ
};

class Path {
 public:
  Path() = default;  ///< ideal: everything takes no time
  /// Prepares the tables. @p profile must be valid.
  Path(const PathProfile& profile, const Without& without, std::uint64_t seed);

  [[nodiscard]] Time overhead() const noexcept { return overhead_; }
  [[nodiscard]] Time latency() const noexcept { return latency_; }  ///< L
  [[nodiscard]] bool is_eager(std::int64_t bytes) const noexcept { return bytes <= eager_limit_; }
  /// What a message holds the sender's interface for: max(g, b G).
  [[nodiscard]] Time occupancy(std::int64_t bytes) const noexcept;
  /// T(b): what its size adds to the latency of a message.
  [[nodiscard]] Time transfer(std::int64_t bytes) const noexcept;
  /// The hand-shake before a rendezvous message may enter the network, both ways together: 2 L, but no more than leaves
  /// b G of a measured curve, which holds it already. A message with a waiting receiver thus takes 2 L + L + T(b)
  /// without a curve, L + T(b) with one.
  [[nodiscard]] Time handshake(std::int64_t bytes) const noexcept;
  /// L + T(b), less a rendezvous' hand-shake where the curve holds it: from entering the network to arrival, without
  /// jitter.
  [[nodiscard]] Time flight(std::int64_t bytes) const noexcept;

  /// The jitter of the next message from @p from to @p to (world ranks): what to add to the flight; never makes it
  /// shorter than 0. Deterministic in (seed, from, to, stream.number).
  [[nodiscard]] Time draw(PairStream& stream, int from, int to) const noexcept;
  /// Goes on to @p number where the stream of the messages from @p from to @p to is not yet there.
  void keep_up(PairStream& stream, int from, int to, std::uint64_t number) const noexcept;
  /// The least time of a message with jitter, where flight() is its time without.
  [[nodiscard]] Time least_flight(std::int64_t bytes) const noexcept { return flight(bytes) + least_jitter_; }

  /// The half round trip at probability @p p of the table, less its median. [us]
  [[nodiscard]] double excess_us(double p) const noexcept;

 private:
  /// The state of message @p number; returns the probability within its level.
  [[nodiscard]] double step(PairStream& stream, std::uint64_t pair, std::uint64_t number) const noexcept;
  /// What the leg that carries the difference has of it, and what is left for the other one.
  struct Legs {
    Time carrying = 0, other = 0;
  };
  [[nodiscard]] Legs legs(double p, bool high) const noexcept;
  [[nodiscard]] double in_table(double p, bool high) const noexcept;
  [[nodiscard]] Time by_bandwidth(std::int64_t bytes) const noexcept;  ///< b G
  [[nodiscard]] Time by_size(std::int64_t bytes) const noexcept;       ///< T(b), bandwidth off or not

  bool without_bandwidth_ = false;
  Time overhead_ = 0, latency_ = 0, gap_ = 0;
  double ps_per_byte_ = 0;
  std::int64_t eager_limit_ = INT64_MAX;
  double lag1_ = 0, innovation_ = 1;  ///< sqrt(1 - lag1^2)
  bool two_states_ = false;
  TwoStates states_;
  QuantileTable table_;  ///< empty: no jitter
  double median_us_ = 0;
  double level_us_[2] = {0, 0};  ///< the medians of the low and the high level, or twice that of all
  Time least_jitter_ = 0;
  std::vector<std::int64_t> curve_bytes_;
  std::vector<Time> curve_;  ///< T at those sizes
  std::uint64_t seed_ = 0;
};

}  // namespace haloscope::interconnect
