// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file honesty.hpp
/// What the model could not do exactly, by name and count, and what it refuses to do at all.
#include <map>
#include <string>
#include <string_view>

namespace haloscope::interconnect {

/// Of this rank, since MPI_Init.
struct Honesty {
  std::map<std::string, long long, std::less<>> inexact;  ///< calls that followed the order of real arrival
  std::map<std::string, long long, std::less<>> free;     ///< calls that took no time on the logical clock
  [[nodiscard]] bool exact() const noexcept { return inexact.empty(); }
};

/// In `inexact`, of messages of which one end was modelled and the other was not: known when MPI ends.
inline constexpr const char* unmatched_name = "unmatched messages";

void count_inexact(std::string_view call);  ///< `MPI_Waitany`
void count_free(std::string_view call);     ///< `MPI_Comm_dup`

/// Ends the program with one line that names @p call and says @p why; exit code 2. Virtual and real time only.
[[noreturn]] void refuse(std::string_view call, std::string_view why);

}  // namespace haloscope::interconnect
