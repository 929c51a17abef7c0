// SPDX-License-Identifier: BSD-3-Clause
// What concerns more than one key of a profile. Each refusal names the key to change.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "network/profile_keys.hpp"

namespace haloscope {

namespace {

constexpr double median_tolerance = 0.05;    ///< between half_round_trip_us and the median of its own table
constexpr double fraction_tolerance = 0.02;  ///< between fraction_high and what the transitions lead to

/// Repeats the value in force, as the user would write it.
[[noreturn]] void refuse(const Origin& origin, const ProfileDraft& draft, const std::string& path,
                         const std::string& allowed) {
  profile_schema().refuse(origin, draft, path, allowed);
}

void require_keys(const Origin& origin) {
  profile_schema().require_keys(origin, [&origin](const std::string& path) {
    return !path.starts_with("within_node.") || origin.gives("within_node");
  });
  const auto together = [&](const std::string& table, std::initializer_list<const char*> keys) {
    const auto is_given = [&](const char* key) { return origin.given.contains(table + "." + key); };
    if (std::none_of(keys.begin(), keys.end(), is_given)) return;
    const auto missing = std::find_if_not(keys.begin(), keys.end(), is_given);
    if (missing != keys.end())
      origin.refuse(table + "." + *missing, "missing", fmt::format("all keys of {} belong together", table));
  };
  for (const std::string path : {"between_nodes", "within_node"}) {
    together(path + ".jitter", {"p", "us", "samples"});
    together(path + ".curve", {"bytes", "us"});
    together(path + ".states", {"fraction_high", "p_stay_high", "p_low_to_high"});
  }
  together("detours.duration", {"p", "us", "samples"});
  together("detours.inter_arrival", {"p", "us", "samples"});
}

void check_quantiles(const ProfileDraft& draft, const Origin& origin, const std::string& table,
                     const Quantiles& quantiles) {
  if (quantiles.empty()) return;
  const std::vector<double>&p = quantiles.p, &us = quantiles.us;
  if (p.size() != us.size()) {
    refuse(origin, draft, table + ".us", fmt::format("must be {} numbers, as {}.p has", p.size(), table));
  }
  if (p.front() != 0 || p.back() != 1) refuse(origin, draft, table + ".p", "must begin with 0 and end with 1");
  for (std::size_t i = 1; i < p.size(); ++i) {
    if (p[i] < p[i - 1]) {
      origin.refuse(table + ".p", fmt::format("{} after {}", p[i], p[i - 1]), "must never fall");
    }
    if (us[i] < us[i - 1]) {
      origin.refuse(table + ".us", fmt::format("{} after {}", us[i], us[i - 1]), "must never fall: they are quantiles");
    }
  }
  const double last = p[p.size() - 2];
  if (!(last < 1 - 0.5 / static_cast<double>(quantiles.samples))) {
    refuse(origin, draft, table + ".samples", fmt::format("must be more than tell a quantile of p = {}", last));
  }
}

void check_curve(const ProfileDraft& draft, const Origin& origin, const std::string& name, const PathProfile& path) {
  if (path.curve_bytes.empty()) return;
  const std::vector<std::int64_t>& bytes = path.curve_bytes;
  const std::vector<double>& us = path.curve_us;
  if (bytes.size() != us.size()) {
    refuse(origin, draft, name + ".curve.us",
           fmt::format("must be {} numbers, as {}.curve.bytes has", bytes.size(), name));
  }
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    if (bytes[i] <= bytes[i - 1]) {
      origin.refuse(name + ".curve.bytes", fmt::format("{} after {}", bytes[i], bytes[i - 1]),
                    "must rise from each to the next");
    }
    if (us[i] < us[i - 1]) {
      origin.refuse(name + ".curve.us", fmt::format("{} after {}", us[i], us[i - 1]),
                    "must never fall: a longer message takes no less");
    }
  }
}

void check_states(const ProfileDraft& draft, const Origin& origin, const std::string& name, const PathProfile& path) {
  if (!path.states) return;
  const std::string table = name + ".states";
  if (path.jitter.empty()) refuse(origin, draft, table + ".fraction_high", "has no meaning without a table of jitter");
  const double rise = path.states->p_low_to_high, fall = 1 - path.states->p_stay_high;
  const double led_to = rise / (rise + fall);  // the share of time that the chain spends on the upper level
  if (std::abs(path.states->fraction_high - led_to) > fraction_tolerance) {
    refuse(origin, draft, table + ".fraction_high",
           fmt::format("must be within {} of {:.3f}, to which p_stay_high and p_low_to_high lead", fraction_tolerance,
                       led_to));
  }
}

void check_path(const ProfileDraft& draft, const Origin& origin, const std::string& name, const PathProfile& path,
                const Spread& spread) {
  if (2 * path.overhead_us > path.half_round_trip_us) {
    refuse(origin, draft, name + ".overhead_us",
           fmt::format("must be at most half of {}.half_round_trip_us, {}", name, path.half_round_trip_us));
  }
  const std::string kind = name + ".spread.kind";
  if (spread.kind != "none" && origin.given.contains(name + ".jitter.p"))
    origin.refuse(kind, '"' + spread.kind + '"', fmt::format("must be left out where {}.jitter is given", name));
  // The tail of a law may reach farther than any time that a table may hold.
  if (!path.jitter.empty() && !(path.jitter.us.back() <= most_us))
    refuse(origin, draft, name + ".spread.p99_over_median", fmt::format("must leave all times below {:g} us", most_us));
  const std::string& evidence = draft.profile.evidence;
  if ((evidence == "measured" || evidence == "probed") && !path.jitter.empty()) {
    const double median = value_at(path.jitter, 0.5);
    if (std::abs(median - path.half_round_trip_us) > median_tolerance * median) {
      refuse(origin, draft, name + ".half_round_trip_us",
             fmt::format("must be within 5 % of {}, the median of {}.jitter, where about.evidence is \"{}\"", median,
                         name, evidence));
    }
  }
  check_states(draft, origin, name, path);
  if (!path.curve_us.empty() && path.curve_us.front() < path.half_round_trip_us) {
    origin.refuse(name + ".curve.us", fmt::format("{}", path.curve_us.front()),
                  fmt::format("must be at least {}.half_round_trip_us, {}", name, path.half_round_trip_us));
  }
}

void check_detours(const ProfileDraft& draft, const Origin& origin) {
  const DetourProfile& detours = draft.profile.detours;
  const bool simple = origin.given.contains("detours.rate_per_s") || origin.given.contains("detours.duration_us");
  const bool tables = origin.given.contains("detours.duration.p") || origin.given.contains("detours.inter_arrival.p");
  if (simple && tables)
    origin.refuse("detours.rate_per_s", "", "must be left out where the tables of the detours are given");
  if (draft.rate_per_s > 0 && !(draft.duration_us > 0))
    origin.refuse("detours.rate_per_s", fmt::format("{}", draft.rate_per_s), "needs detours.duration_us above 0");
  if (detours.duration.empty() != detours.inter_arrival.empty()) {
    origin.refuse(detours.duration.empty() ? "detours.duration.p" : "detours.inter_arrival.p", "missing",
                  "detours need both tables");
  }
  if (detours.duration.empty()) return;
  const double taken = mean_of(detours.duration), every = mean_of(detours.inter_arrival);
  if (!(taken < every)) {
    origin.refuse(simple ? "detours.rate_per_s" : "detours.inter_arrival.us",
                  fmt::format("a detour of {:.6g} us every {:.6g} us", taken, every), "must leave time to compute");
  }
}

}  // namespace

void check_tables(const ProfileDraft& draft, const Origin& origin) {
  const Profile& profile = draft.profile;
  require_keys(origin);
  check_quantiles(draft, origin, "between_nodes.jitter", profile.between_nodes.jitter);
  check_quantiles(draft, origin, "within_node.jitter", profile.within_node.jitter);
  check_quantiles(draft, origin, "detours.duration", profile.detours.duration);
  check_quantiles(draft, origin, "detours.inter_arrival", profile.detours.inter_arrival);
  check_curve(draft, origin, "between_nodes", profile.between_nodes);
  check_curve(draft, origin, "within_node", profile.within_node);
}

void check_profile(const ProfileDraft& draft, const Origin& origin) {
  if (draft.profile.evidence == "measured" && draft.profile.between_nodes.jitter.empty())
    refuse(origin, draft, "about.evidence", "needs the table that was measured, between_nodes.jitter");
  check_path(draft, origin, "between_nodes", draft.profile.between_nodes, draft.between_spread);
  check_path(draft, origin, "within_node", draft.profile.within_node, draft.within_spread);
  check_detours(draft, origin);
  for (const auto& [collective, choices] : draft.profile.collectives) {
    const bool offloads = std::ranges::count(choices, "offload", &AlgorithmChoice::algorithm) > 0;
    if (offloads && !draft.profile.offload_us)
      origin.refuse("collectives.offload_us", "missing", fmt::format("collectives.{} names offload", collective));
  }
}

}  // namespace haloscope
