// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file profile_keys.hpp
/// Inside the network wing: the one table of keys of a profile.
#include "haloscope/network/profile.hpp"
#include "haloscope/settings/schema.hpp"
#include "network/profile_tables.hpp"

namespace haloscope {

/// Of a time in microseconds: a quarter of an hour, so that picoseconds of many messages fit 64 bits.
inline constexpr double most_us = 1e9;

/// A profile being read, with what only stands for other values.
struct ProfileDraft {
  Profile profile;
  Spread between_spread, within_spread;    ///< become jitter
  double rate_per_s = 0, duration_us = 0;  ///< become the tables of the detours
};

[[nodiscard]] const Schema<ProfileDraft>& profile_schema();

/// Whether what is required is there and every table is one that can be read. @throws UserError
void check_tables(const ProfileDraft& draft, const Origin& origin);
/// Whether the values agree, once all are in force. @throws UserError
void check_profile(const ProfileDraft& draft, const Origin& origin);

}  // namespace haloscope
