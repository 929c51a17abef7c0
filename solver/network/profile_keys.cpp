// SPDX-License-Identifier: BSD-3-Clause
#include "network/profile_keys.hpp"

#include <fmt/format.h>

#include <cmath>

#include "network/profile_kinds.hpp"

namespace haloscope {

namespace {

/// JSON as TOML: the same but for infinity, DEL and tables.
std::string toml_of(const Json& value) {
  if (value.is_number_float() && std::isinf(value.get<double>())) return "inf";
  if (value.is_structured() && !value.empty() && (value.is_object() || value.front().is_object())) {
    std::string text;
    for (const auto& [key, inner] : value.items())
      text += fmt::format("{}{}{}", text.empty() ? "" : ", ", value.is_object() ? key + " = " : "", toml_of(inner));
    return value.is_object() ? "{" + text + "}" : "[" + text + "]";
  }
  std::string text = value.dump();
  for (std::size_t at = text.find('\x7f'); at != std::string::npos; at = text.find('\x7f', at))
    text.replace(at, 1, "\\u007F");
  return text;
}

using Paths = std::vector<ProfileRow>;

/// @p get gives a pointer, null where nothing is to be written; @p put a reference to write to.
template <class T, class Get, class Put>
void add(Paths& rows, std::string path, std::string unit, const Kind<T>& kind, std::string default_value, Get get,
         Put put) {
  rows.push_back({std::move(path), std::move(unit), kind.allowed, std::move(default_value),
                  [read = kind.read, put](const toml::node& node, ProfileDraft& draft) {
                    std::optional<T> value = read(node);
                    if (value) put(draft) = std::move(*value);
                    return value.has_value();
                  },
                  [write = kind.write, get](const ProfileDraft& draft) {
                    const T* const value = get(draft);
                    return value == nullptr ? std::string() : toml_of(write(*value));
                  }});
}

/// A key that always has a value. @p field gives a reference into the draft it is given, const or not.
template <class T, class Field>
void add(Paths& rows, std::string path, std::string unit, const Kind<T>& kind, Field field, bool required = false) {
  ProfileDraft fresh;
  std::string default_value = required ? "required" : toml_of(kind.write(field(fresh)));
  add(
      rows, std::move(path), std::move(unit), kind, std::move(default_value),
      [field](const ProfileDraft& draft) { return &field(draft); },
      [field](ProfileDraft& draft) -> T& { return field(draft); });
}

/// A key that stands for others, which are written instead of it.
template <class T, class Field>
void add_shorthand(Paths& rows, std::string path, std::string unit, const Kind<T>& kind, Field field) {
  add(rows, std::move(path), std::move(unit), kind, field);
  rows.back().write = [](const ProfileDraft&) { return std::string(); };
}

/// @p table gives a reference to Quantiles.
template <class Table>
void add_quantiles(Paths& rows, const std::string& path, Table table) {
  add(
      rows, path + ".p", "", numbers(), "",
      [table](const ProfileDraft& draft) { return table(draft).empty() ? nullptr : &table(draft).p; },
      [table](ProfileDraft & draft) -> auto& { return table(draft).p; });
  add(
      rows, path + ".us", "µs", numbers(), "",
      [table](const ProfileDraft& draft) { return table(draft).empty() ? nullptr : &table(draft).us; },
      [table](ProfileDraft & draft) -> auto& { return table(draft).us; });
  add(
      rows, path + ".samples", "", integer<std::int64_t>(1), "",
      [table](const ProfileDraft& draft) { return table(draft).empty() ? nullptr : &table(draft).samples; },
      [table](ProfileDraft & draft) -> auto& { return table(draft).samples; });
}

void add_states(Paths& rows, const std::string& name, PathProfile Profile::*side) {
  const auto add_one = [&](const char* key, const Kind<double>& kind, double TwoStates::*member,
                           const char* default_value = "") {
    add(
        rows, name + ".states." + key, "", kind, default_value,
        [side, member](const ProfileDraft& draft) -> const double* {
          const std::optional<TwoStates>& states = (draft.profile.*side).states;
          return states ? &((*states).*member) : nullptr;
        },
        [side, member](ProfileDraft& draft) -> double& {
          std::optional<TwoStates>& states = (draft.profile.*side).states;
          if (!states) states.emplace();
          return (*states).*member;
        });
  };
  add_one("fraction_high", within(0, 1), &TwoStates::fraction_high);
  add_one("p_stay_high", within(0, 1), &TwoStates::p_stay_high);
  add_one("p_low_to_high", within(0, 1), &TwoStates::p_low_to_high);
  add_one("lag1_within", within(-1, 1), &TwoStates::lag1_within, "0.0");
}

void add_path(Paths& rows, const std::string& name, PathProfile Profile::*side, Spread ProfileDraft::*spread) {
  const auto of = [side](auto member) {
    return [ side, member ](auto& draft) -> auto& { return draft.profile.*side.*member; };
  };
  add(rows, name + ".half_round_trip_us", "µs", microseconds(), of(&PathProfile::half_round_trip_us), true);
  add(rows, name + ".overhead_us", "µs", microseconds(), of(&PathProfile::overhead_us));
  add(rows, name + ".gap_us", "µs", microseconds(), of(&PathProfile::gap_us));
  add(rows, name + ".bandwidth_GBps", "GB/s", bandwidth(), of(&PathProfile::bandwidth_GBps), true);
  add(rows, name + ".eager_limit_bytes", "B", bytes(), of(&PathProfile::eager_limit_bytes));
  add(rows, name + ".lag1", "", within(-1, 1), of(&PathProfile::lag1));
  add(
      rows, name + ".curve.bytes", "B", sizes(), "",
      [side](const ProfileDraft& draft) {
        const auto& list = (draft.profile.*side).curve_bytes;
        return list.empty() ? nullptr : &list;
      },
      of(&PathProfile::curve_bytes));
  add(
      rows, name + ".curve.us", "µs", numbers(), "",
      [side](const ProfileDraft& draft) {
        const auto& list = (draft.profile.*side).curve_us;
        return list.empty() ? nullptr : &list;
      },
      of(&PathProfile::curve_us));
  add_quantiles(rows, name + ".jitter", of(&PathProfile::jitter));

  const auto law = [spread](auto member) {
    return [ spread, member ](auto& draft) -> auto& { return draft.*spread.*member; };
  };
  add_shorthand(rows, name + ".spread.kind", "", one_word_of({"none", "lognormal", "pareto"}), law(&Spread::kind));
  add_shorthand(rows, name + ".spread.p99_over_median", "",
                number("a number from 1 to 1e6", [](double x) { return x >= 1 && x <= 1e6; }),
                law(&Spread::p99_over_median));
  add_shorthand(rows, name + ".spread.minimum_over_median", "",
                number("a number of at least 0 and below 1", [](double x) { return x >= 0 && x < 1; }),
                law(&Spread::minimum_over_median));
  add_shorthand(rows, name + ".spread.samples", "", integer<std::int64_t>(1000, 1000000000), law(&Spread::samples));
  add_states(rows, name, side);
}

void add_about(Paths& rows) {
  const auto of = [](auto member) {
    return [member](auto& draft) -> auto& { return draft.profile.*member; };
  };
  add(rows, "about.name", "", identifier(), of(&Profile::name), true);
  add(rows, "about.title", "", any_text(), of(&Profile::title));
  add(rows, "about.fabric", "", any_text(), of(&Profile::fabric));
  add(rows, "about.placement", "", any_text(), of(&Profile::placement));
  add(rows, "about.virtualized", "", boolean(), of(&Profile::virtualized));
  add(rows, "about.year", "", integer<int>(0, 9999), of(&Profile::year));
  add(rows, "about.evidence", "", one_word_of({"measured", "reported", "vendor", "synthetic", "probed"}),
      of(&Profile::evidence), true);
  add(rows, "about.source", "",
      text("a string that is not blank",
           [](const std::string& s) { return s.find_first_not_of(" \t\r\n") != std::string::npos; }),
      of(&Profile::source), true);
  add(rows, "about.caveat", "", any_text(), of(&Profile::caveat));
}

void add_detours(Paths& rows) {
  add(
      rows, "detours.host", "", any_text(), [](auto& draft) -> auto& { return draft.profile.detours.host; });
  add_shorthand(
      rows, "detours.rate_per_s", "1/s",
      number("0, or a number from 0.001 to 1e6", [](double x) { return x == 0 || (x >= 1e-3 && x <= 1e6); }),
      [](auto& draft) -> auto& { return draft.rate_per_s; });
  add_shorthand(
      rows, "detours.duration_us", "µs", microseconds(), [](auto& draft) -> auto& { return draft.duration_us; });
  add_quantiles(
      rows, "detours.duration", [](auto& draft) -> auto& { return draft.profile.detours.duration; });
  add_quantiles(
      rows, "detours.inter_arrival", [](auto& draft) -> auto& { return draft.profile.detours.inter_arrival; });
}

void add_collectives(Paths& rows) {
  add(
      rows, "collectives.offload_us", "µs", microseconds(), "",
      [](const ProfileDraft& draft) { return draft.profile.offload_us ? &*draft.profile.offload_us : nullptr; },
      [](ProfileDraft& draft) -> double& {
        return draft.profile.offload_us ? *draft.profile.offload_us : draft.profile.offload_us.emplace();
      });
  add(
      rows, "collectives.offload_limit_bytes", "B", bytes(),
      [](auto& draft) -> auto& { return draft.profile.offload_limit_bytes; });
  for (int i = 0; i <= static_cast<int>(interconnect::Collective::reduce_scatter); ++i) {
    const auto collective = static_cast<interconnect::Collective>(i);
    const std::string key(name(collective));
    add(
        rows, "collectives." + key, "", choices(collective), "",
        [key](const ProfileDraft& draft) {
          const auto found = draft.profile.collectives.find(key);
          return found == draft.profile.collectives.end() ? nullptr : &found->second;
        },
        [key](ProfileDraft & draft) -> auto& { return draft.profile.collectives[key]; });
  }
}

}  // namespace

const std::vector<ProfileRow>& profile_rows() {
  static const Paths table = [] {
    Paths rows;
    add_about(rows);
    add_path(rows, "between_nodes", &Profile::between_nodes, &ProfileDraft::between_spread);
    add_path(rows, "within_node", &Profile::within_node, &ProfileDraft::within_spread);
    add_detours(rows);
    add_collectives(rows);
    return rows;
  }();
  return table;
}

const std::vector<std::string>& profile_paths() {
  static const std::vector<std::string> paths = [] {
    std::vector<std::string> all;
    for (const ProfileRow& row : profile_rows()) all.push_back(row.path);
    return all;
  }();
  return paths;
}

std::vector<ProfileKey> profile_keys() {
  std::vector<ProfileKey> keys;
  for (const ProfileRow& row : profile_rows()) keys.push_back({row.path, row.unit, row.allowed, row.default_value});
  return keys;
}

}  // namespace haloscope
