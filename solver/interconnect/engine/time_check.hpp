// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file time_check.hpp
/// What no time in the model may do, held at every message and every call: one comparison each, in every build.
///
/// - A message of b bytes that enters the network at t does not arrive before t + L + T(b) + the lowest jitter of its
///   table, which is negative: L belongs to the median. Without jitter not before t + L + T(b). A rendezvous message
///   enters a hand-shake after it was asked for, and not before its receiver has come. Rounds of collectives likewise.
/// - Messages from one rank to another arrive in the order in which they were sent: of rendezvous ones the questions.
/// - Receives of one sender and tag get their messages in the order in which they were posted.
/// - A receive is complete when its message has arrived and o later at the earliest, on the ideal clock too.
/// - Neither clock of a rank goes back, from call to call and within a call.
#include <cstdint>
#include <string>
#include <string_view>

#include "haloscope/network/time.hpp"

namespace haloscope::interconnect {

/// `rank 3: MPI_Recv: arrival of a message: 1.5 us, expected at least 2 us`
[[nodiscard]] std::string time_fault(int rank, std::string_view call, std::string_view what, Time is, Time least);

/// Ends the program with that line, exit code 3. The call is the outermost one of MPI that is under way.
[[noreturn]] void fail_time(std::string_view what, Time is, Time least);

inline void check_not_before(std::string_view what, Time is, Time least) {
  if (is < least) [[unlikely]]
    fail_time(what, is, least);
}

/// Likewise of things that are counted, from 1 on.
[[noreturn]] void fail_order(std::string_view what, std::uint64_t is, std::uint64_t last);

inline void check_order(std::string_view what, std::uint64_t is, std::uint64_t last) {
  if (is <= last) [[unlikely]]
    fail_order(what, is, last);
}

}  // namespace haloscope::interconnect
