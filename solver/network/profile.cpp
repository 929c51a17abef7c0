// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/network/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/hash.hpp"
#include "haloscope/base/shipped.hpp"
#include "haloscope/settings/toml.hpp"
#include "network/profile_keys.hpp"

namespace haloscope {

namespace {

constexpr std::array<const char*, 2> path_names = {"between_nodes", "within_node"};

// --- overrides -------------------------------------------------------------------------------------------------------

/// The value at @p path, or null.
Json* node_at(Json& root, const std::string& path) {
  Json* node = &root;
  for (std::size_t begin = 0; begin <= path.size() && node != nullptr;) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, dot - begin);
    node = node->is_object() && node->contains(name) ? &(*node)[name] : nullptr;
    begin = dot + 1;
  }
  return node;
}

void remove(Json& root, const std::string& path) {
  const std::size_t dot = path.rfind('.');
  Json* const parent = node_at(root, path.substr(0, dot));
  if (parent != nullptr && parent->is_object()) parent->erase(path.substr(dot + 1));
}

/// Of two ways to say the same, the one given by --set replaces the one in the file.
void replace_other_forms(Json& root, const Origin& origin) {
  const auto set_below = [&origin](const std::string& table) {
    return origin.from_set(table) || std::ranges::any_of(origin.overridden, [&table](const std::string& path) {
             return path.starts_with(table + ".");
           });
  };
  const auto replace = [&](const std::string& given, const std::string& replaced) {
    if (set_below(given) && !set_below(replaced)) remove(root, replaced);
  };
  for (const std::string path : path_names) {
    replace(path + ".spread", path + ".jitter");
    replace(path + ".jitter", path + ".spread");
    replace(path + ".bandwidth_GBps", path + ".curve");
  }
  for (const std::string simple : {"detours.rate_per_s", "detours.duration_us"}) {
    for (const std::string table : {"detours.duration", "detours.inter_arrival"}) {
      replace(simple, table);
      replace(table, simple);
    }
    replace(simple, "detours.host");
  }
}

/// A median given by --set moves the table and the curve along: the same jitter, the same cost of size.
void move_to_new_median(PathProfile& path, const std::string& name, double median_in_file, const Origin& origin) {
  if (!origin.from_set(name + ".half_round_trip_us")) return;
  if (!path.jitter.empty() && !origin.from_set(name + ".jitter.us")) {
    const double shift = path.half_round_trip_us - value_at(path.jitter, 0.5);
    for (double& us : path.jitter.us) us = std::max(us + shift, 0.0);
  }
  if (!origin.from_set(name + ".curve.us")) {
    const double shift = path.half_round_trip_us - median_in_file;
    for (double& us : path.curve_us) us = std::max(us + shift, path.half_round_trip_us);
  }
}

/// What was changed is no longer what was measured.
void say_what_was_set(Profile& profile, const std::vector<std::string>& overrides, const Origin& origin) {
  std::string changes;
  for (const std::string& whole : overrides) {
    if (!whole.starts_with("about.")) changes += (changes.empty() ? "" : ", ") + one_line(whole);
  }
  if (changes.empty()) return;
  if (!origin.from_set("about.evidence")) profile.evidence = "synthetic";
  profile.caveat += fmt::format("{}Changed by --set: {}.", profile.caveat.empty() ? "" : " ", changes);
}

// --- reading ---------------------------------------------------------------------------------------------------------

/// What stands for other values becomes them.
void write_out(ProfileDraft& draft, const Origin& origin) {
  Profile& profile = draft.profile;
  const auto spread = [](PathProfile& path, const Spread& law) {
    if (path.jitter.empty()) path.jitter = table_of_law(law, path.half_round_trip_us);
  };
  spread(profile.between_nodes, draft.between_spread);
  spread(profile.within_node, draft.within_spread);
  if (!origin.gives("within_node")) profile.within_node = profile.between_nodes;
  if (draft.rate_per_s > 0 && draft.duration_us > 0 && profile.detours.duration.empty()) {
    profile.detours.duration = constant_table(draft.duration_us);
    profile.detours.inter_arrival = constant_table(1e6 / draft.rate_per_s);
    if (profile.detours.host.empty()) profile.detours.host = "assumed";
  }
}

}  // namespace

Profile parse_profile(const std::string& text, const std::string& file, const std::vector<std::string>& overrides) {
  Json root = parse_toml(text, file);
  Origin origin{file, {}, {}};
  std::array<double, 2> medians{};  // before --set
  for (std::size_t side = 0; side < medians.size(); ++side) {
    const Json* const node = node_at(root, std::string(path_names[side]) + ".half_round_trip_us");
    if (node != nullptr && node->is_number()) medians[side] = node->get<double>();
  }
  for (const std::string& whole : overrides) profile_schema().apply_override(root, whole, origin);
  replace_other_forms(root, origin);

  ProfileDraft draft;
  profile_schema().read(root, draft, origin);
  check_tables(draft, origin);
  move_to_new_median(draft.profile.between_nodes, path_names[0], medians[0], origin);
  move_to_new_median(draft.profile.within_node, path_names[1], medians[1], origin);
  say_what_was_set(draft.profile, overrides, origin);
  write_out(draft, origin);
  check_profile(draft, origin);
  draft.profile.text = profile_schema().toml(draft);
  draft.profile.hash = fmt::format("{:016x}", fnv1a(draft.profile.text));
  return draft.profile;
}

std::string format_profile(const Profile& profile) {
  ProfileDraft draft;
  draft.profile = profile;
  return profile_schema().toml(draft);
}

Profile read_profile(const std::string& path, const std::vector<std::string>& overrides) {
  return parse_profile(read_text(path, "a profile"), path, overrides);
}

std::string find_profile(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::exists(name, ignored) || name.find('/') != std::string::npos || name.ends_with(".toml")) return name;
  std::vector<std::string> names;
  for (const std::string& path : shipped_profiles()) {
    names.push_back(fs::path(path).stem().string());
    if (names.back() == name) return path;
  }
  if (names.empty())
    throw UserError(fmt::format("{}: no such file, and no profiles came with this program", one_line(name)));
  throw UserError(fmt::format("{}: no such profile; the nearest is {} (haloscope networks lists all)", one_line(name),
                              nearest_name(name, names)));
}

std::vector<std::string> shipped_profiles() {
  std::vector<std::string> paths;
  std::error_code ignored;
  const std::string folder = find_shipped("cases/networks");
  if (folder.empty()) return paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".toml") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace haloscope
