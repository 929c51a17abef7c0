// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file stamp.hpp
/// What travels beside a message: its times. 56 bytes, so that one and the turn of its slot fill a cache line.
#include <array>
#include <cstddef>
#include <cstdint>

#include "interconnect/engine/logical_clock.hpp"

namespace haloscope::interconnect {

struct Stamp {
  enum class Kind : std::uint8_t {
    message,      ///< eager: arrives at `at`
    rendezvous,   ///< asks for its receiver: may enter the network at `at`.time
    synchronous,  ///< likewise, whatever its length: its sender goes on when it is matched
    finish,       ///< the receiver's answer: the sender's message `number` to it is complete at `at`
    round,        ///< a message of a collective
  };
  /// Of a message.
  struct Whole {
    Time entered;  ///< the network
    std::int64_t bytes;
  };
  /// Of a rendezvous or synchronous message, whose data come later.
  struct Question {
    Time delay;  ///< of the data beyond their flight: their jitter; of short ones, which leave at once, queueing too
    std::int64_t bytes;
  };
  /// Of a round: bytes of the program's.
  using Carried = std::array<std::byte, 16>;

  union Content {
    Whole whole{};
    Question question;
    Carried carried;
  };

  static constexpr std::uint64_t all_numbers = (std::uint64_t{1} << 56) - 1;

  std::uint64_t context = 0;  ///< of the communicator (and the collective's number)
  std::int32_t from = 0;      ///< world rank
  std::int32_t tag = 0;       ///< or the round
  Moment at;
  Content content{};
  std::uint64_t number : 56 = 0;  ///< of the pair's messages in this direction
  Kind kind : 8 = Kind::message;

  /// Of a message or its question.
  [[nodiscard]] std::int64_t bytes() const noexcept {
    return kind == Kind::message ? content.whole.bytes : content.question.bytes;
  }
  /// A round has no number: what stands there is how long it was under way, for the receiver to check. [ps]
  [[nodiscard]] Time flight() const noexcept { return static_cast<Time>(number); }
  void set_flight(Time flight) noexcept { number = static_cast<std::uint64_t>(flight > 0 ? flight : 0) & all_numbers; }
};
static_assert(sizeof(Stamp) == 56);

}  // namespace haloscope::interconnect
