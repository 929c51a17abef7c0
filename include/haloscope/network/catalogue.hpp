// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file catalogue.hpp
/// What a person reads about networks: the table of all that came with the program, and one of them whole.
#include <string>
#include <vector>

#include "haloscope/network/profile.hpp"

namespace haloscope {

/// A line a profile, by rising median: half round trips of 1 byte between nodes, bandwidth, where it is from. A spread
/// that nobody measured has a ~ before it. @throws UserError when a file is no profile, or there is none
[[nodiscard]] std::string networks_table(const std::vector<std::string>& paths);

/// All parameters, quantiles, source and caveat.
[[nodiscard]] std::string network_details(const Profile& profile);

}  // namespace haloscope
