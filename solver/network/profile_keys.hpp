// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file profile_keys.hpp
/// Inside the profile's file: the one table of keys. It drives parsing, the search for unknown keys, the canonical text
/// and the test that holds cases/README.md to it. A new key is a new row in profile_keys.cpp, and a line in the README.
#include <functional>
#include <string>
#include <vector>

#include "haloscope/network/profile.hpp"
#include "haloscope/settings/toml.hpp"
#include "network/profile_tables.hpp"

namespace haloscope {

/// A profile being read, with what only stands for other values.
struct ProfileDraft {
  Profile profile;
  Spread between_spread, within_spread;    ///< become jitter
  double rate_per_s = 0, duration_us = 0;  ///< become the tables of the detours
};

struct ProfileRow {
  std::string path;     ///< table.key, or table.table.key
  std::string unit;     ///< empty where there is none
  std::string allowed;  ///< continues "must be …"
  std::string default_value;
  std::function<bool(const toml::node&, ProfileDraft&)> read;  ///< false: not allowed, nothing is changed
  std::function<std::string(const ProfileDraft&)> write;       ///< TOML; empty where there is nothing to write
};
[[nodiscard]] const std::vector<ProfileRow>& profile_rows();
[[nodiscard]] const std::vector<std::string>& profile_paths();

/// Whether what is required is there and every table is one that can be read. @throws UserError
void check_tables(const ProfileDraft& draft, const Origin& origin);
/// Whether the values agree, once all are in force. @throws UserError
void check_profile(const ProfileDraft& draft, const Origin& origin);

}  // namespace haloscope
