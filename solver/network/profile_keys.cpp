// SPDX-License-Identifier: BSD-3-Clause
#include "network/profile_keys.hpp"

#include <fmt/format.h>

#include <array>

#include "network/profile_kinds.hpp"

namespace haloscope {

namespace {

using Keys = Schema<ProfileDraft>;

/// Three keys of a table of quantiles. @p table gives a reference to Quantiles.
template <class Table>
void add_quantiles(Keys& keys, const std::string& name, Table table, const std::array<std::string, 3>& meanings) {
  const auto add = [&](const char* key, const auto& kind, auto member) -> KeyText& {
    return keys.add_optional(
        name + key, kind,
        [table, member](const ProfileDraft& draft, Place) {
          return table(draft).empty() ? nullptr : &(table(draft).*member);
        },
        [ table, member ](ProfileDraft & draft, Place) -> auto& { return table(draft).*member; });
  };
  add(".p", numbers(), &Quantiles::p).means(meanings[0]);
  add(".us", numbers(), &Quantiles::us).in("µs").means(meanings[1]);
  add(".samples", integer<std::int64_t>(1), &Quantiles::samples).means(meanings[2]);
}

void add_states(Keys& keys, PathProfile Profile::*side) {
  const auto add = [&](const char* key, const Kind<double>& kind, double TwoStates::*member) -> KeyText& {
    return keys.add_optional(
        std::string("states.") + key, kind,
        [side, member](const ProfileDraft& draft, Place) -> const double* {
          const std::optional<TwoStates>& states = (draft.profile.*side).states;
          return states ? &((*states).*member) : nullptr;
        },
        [side, member](ProfileDraft& draft, Place) -> double& {
          std::optional<TwoStates>& states = (draft.profile.*side).states;
          if (!states) states.emplace();
          return (*states).*member;
        });
  };
  add("fraction_high", within(0, 1), &TwoStates::fraction_high)
      .means(
          "share of messages on the upper of two levels, the upper part of the table; within 0.02 of what the next two "
          "lead to");
  add("p_stay_high", within(0, 1), &TwoStates::p_stay_high)
      .means("chance that the message after one on the upper level is on it too");
  add("p_low_to_high", within(0, 1), &TwoStates::p_low_to_high)
      .means("chance that the message after one on the lower level is on the upper");
  add("lag1_within", within(-1, 1), &TwoStates::lag1_within)
      .defaults_to("0.0")
      .means("correlation of neighbours, instead of `lag1`");
}

/// A list that is written where it holds something. @p field gives a reference to it.
template <class T, class Field>
KeyText& add_list(Keys& keys, const std::string& name, const Kind<T>& kind, Field field) {
  return keys.add_optional(
      name, kind,
      [field](const ProfileDraft& draft, Place place) -> const T* {
        return field(draft, place).empty() ? nullptr : &field(draft, place);
      },
      field);
}

void add_spread(Keys& keys, Spread ProfileDraft::*spread) {
  const auto law = [spread](auto member) { return part(spread, member); };
  keys.add("spread.kind", one_word_of({"none", "lognormal", "pareto"}), law(&Spread::kind))
      .shorthand()
      .means("a law instead of a table, see below");
  keys.add("spread.p99_over_median", number("a number from 1 to 1e6", [](double x) { return x >= 1 && x <= 1e6; }),
           law(&Spread::p99_over_median))
      .shorthand()
      .means("its 99th percentile over its median");
  keys.add("spread.minimum_over_median",
           number("a number of at least 0 and below 1", [](double x) { return x >= 0 && x < 1; }),
           law(&Spread::minimum_over_median))
      .shorthand()
      .means("f, its least value over its median");
  keys.add("spread.samples", integer<std::int64_t>(1000, 1000000000), law(&Spread::samples))
      .shorthand()
      .means("its table ends where one of so many lies");
}

constexpr const char* path_intro =
    "The path of a message: LogGP (Alexandrov, Ionescu, Schauser & Scheiman, SPAA 1995) and a spread. `within_node` "
    "has the "
    "same keys, with the same defaults. Left out as a whole, it is as `between_nodes`.";
constexpr const char* spread_law =
    "A law is a half round trip of median times f + (1 - f) X. Lognormal: X(p) = exp(s z(p)), z the normal quantile; "
    "Pareto: X(p) = (2 (1 - p))^-t. With q = (p99_over_median - f) / (1 - f), s = ln q / 2.326 and t = ln q / ln 50.";

void add_path(Keys& keys, const std::string& name, PathProfile Profile::*side, Spread ProfileDraft::*spread) {
  const auto of = [side](auto member) {
    return [ side, member ](auto& draft, Place) -> auto& { return draft.profile.*side.*member; };
  };
  TableText& table = keys.table(name, path_intro).headed("`[between_nodes]` and `[within_node]`").closed_by(spread_law);
  if (side == &Profile::within_node) table.left_out();
  keys.add("half_round_trip_us", microseconds(), of(&PathProfile::half_round_trip_us))
      .in("µs")
      .needed()
      .means("the median for 1 byte: L + 2 o");
  keys.add("overhead_us", microseconds(), of(&PathProfile::overhead_us))
      .in("µs")
      .means("o, of the sender and of the receiver each; at most half of `half_round_trip_us`");
  keys.add("gap_us", microseconds(), of(&PathProfile::gap_us))
      .in("µs")
      .means("g, between the starts of two messages at the sender");
  keys.add("bandwidth_GBps", bandwidth(), of(&PathProfile::bandwidth_GBps))
      .in("GB/s")
      .needed()
      .means("1/G, in 1e9 bytes a second: what the interface carries");
  keys.add("eager_limit_bytes", bytes(), of(&PathProfile::eager_limit_bytes))
      .in("B")
      .means("longer messages wait for their receiver (rendezvous)");
  keys.add("lag1", within(-1, 1), of(&PathProfile::lag1))
      .means(
          "correlation of neighbouring messages of a pair, of their normal scores. With `states` it only says what "
          "comes "
          "out overall");
  add_list(keys, "curve.bytes", sizes(), of(&PathProfile::curve_bytes)).in("B").means("message sizes, rising");
  add_list(keys, "curve.us", numbers(), of(&PathProfile::curve_us))
      .in("µs")
      .means(
          "the median half round trip of each, never falling, at least `half_round_trip_us`; between them linear, "
          "beyond "
          "them by the bandwidth. Left out: by the bandwidth");
  add_quantiles(keys, "jitter", [side](auto& draft) -> auto& { return (draft.profile.*side).jitter; },
                {"probabilities from 0 to 1, never falling",
                 "the half round trip at each, never falling; linear in p up to 0.9 and in -ln(1 - p) beyond. Measured "
                 "and probed: its "
                 "median within 5 % of `half_round_trip_us`. Left out: every message takes the median",
                 "of which the table was made: p = 1 is taken as 1 - 0.5 / samples"});
  add_spread(keys, spread);
  add_states(keys, side);
}

void add_about(Keys& keys) {
  const auto of = [](auto member) { return part(&ProfileDraft::profile, member); };
  keys.table("about", "Where the numbers are from.");
  keys.add("name", identifier(), of(&Profile::name)).needed().means("how it is called");
  keys.add("title", any_text(), of(&Profile::title)).means("one line for people");
  keys.add("fabric", any_text(), of(&Profile::fabric)).means("of the table that `haloscope networks` prints");
  keys.add("placement", any_text(), of(&Profile::placement)).means("of the two nodes");
  keys.add("virtualized", boolean(), of(&Profile::virtualized)).means("whether the hosts were virtual machines");
  keys.add("year", integer<int>(0, 9999), of(&Profile::year)).means("of the measurement; 0: not stated");
  keys.add("evidence", one_word_of({"measured", "reported", "vendor", "synthetic", "probed"}), of(&Profile::evidence))
      .needed()
      .means(
          "quantiles of single messages; averages that others printed; a vendor's statement; made up; measured by "
          "`haloscope probe`");
  keys.add("source",
           text("a string that is not blank",
                [](const std::string& s) { return s.find_first_not_of(" \t\r\n") != std::string::npos; }),
           of(&Profile::source))
      .needed()
      .means("who measured or said it, and where it stands");
  keys.add("caveat", any_text(), of(&Profile::caveat)).means("what a reader must know before using it");
}

void add_detours(Keys& keys) {
  keys.table(
      "detours",
      "Interruptions of a computing core: tables of their durations and of the times from start to start, or one "
      "rate and one duration.");
  keys.add(
          "host", any_text(), [](auto& draft, Place) -> auto& { return draft.profile.detours.host; })
      .means("which host was measured");
  keys.add("rate_per_s",
           number("0, or a number from 0.001 to 1e6", [](double x) { return x == 0 || (x >= 1e-3 && x <= 1e6); }),
           &ProfileDraft::rate_per_s)
      .in("1/s")
      .shorthand()
      .means("instead of the tables: so many a second, all equal …");
  keys.add("duration_us", microseconds(), &ProfileDraft::duration_us)
      .in("µs")
      .shorthand()
      .means("… and of this length");
  const std::string as = "as for `jitter`";
  add_quantiles(keys, "duration", [](auto& draft) -> auto& { return draft.profile.detours.duration; }, {as, as, as});
  add_quantiles(keys, "inter_arrival", [](auto& draft) -> auto& { return draft.profile.detours.inter_arrival; },
                {as, as + "; on average longer than a detour", as});
}

/// The algorithms where a profile says nothing, as a table; then where they are from.
std::string default_algorithms() {
  std::string text =
      "A choice by size is written `allreduce = [{up_to_bytes = 2048, algorithm = \"recursive_doubling\"}, {algorithm "
      "= "
      "\"ring\"}]`. The size is that of the whole vector; of allgather what each rank ends with; of gather, scatter "
      "and "
      "alltoall one block; of barrier 0.\n\n"
      "Where a profile says nothing, the first line of this table that holds decides:\n\n"
      "| collective | below this many bytes | from this many ranks | number of ranks | algorithm "
      "|\n|---|---|---|---|---|\n";
  for (const interconnect::DefaultChoice& choice : interconnect::default_choices())
    text += fmt::format("| {} | {} | {} | {} | `{}` |\n", name(choice.collective),
                        choice.below_bytes == unlimited ? "" : std::to_string(choice.below_bytes),
                        choice.from_ranks == 1 ? "" : std::to_string(choice.from_ranks),
                        choice.powers_of_two ? "2, 4, 8, …" : "", name(choice.algorithm));
  return text;
}

void add_collectives(Keys& keys) {
  keys.table("collectives", "Which algorithm a collective takes, and what the network does by itself.")
      .closed_by(default_algorithms());
  keys.add_optional(
          "offload_us", microseconds(),
          [](const ProfileDraft& draft, Place) {
            return draft.profile.offload_us ? &*draft.profile.offload_us : nullptr;
          },
          [](ProfileDraft & draft, Place) -> auto& { return draft.profile.offload_us; })
      .in("µs")
      .means(
          "Allreduce, Barrier, Bcast and Reduce inside the network: the time of one, after the last rank has come, for "
          "a "
          "Bcast its root");
  keys.add("offload_limit_bytes", bytes(), part(&ProfileDraft::profile, &Profile::offload_limit_bytes))
      .in("B")
      .means("up to this size; longer ones are messages");
  for (int i = 0; i <= static_cast<int>(interconnect::Collective::reduce_scatter); ++i) {
    const auto collective = static_cast<interconnect::Collective>(i);
    const std::string key(name(collective));
    keys.add_optional(
            key, choices(collective),
            [key](const ProfileDraft& draft, Place) {
              const auto found = draft.profile.collectives.find(key);
              return found == draft.profile.collectives.end() ? nullptr : &found->second;
            },
            [key](ProfileDraft & draft, Place) -> auto& { return draft.profile.collectives[key]; })
        .means("instead of the defaults below");
  }
}

}  // namespace

const Schema<ProfileDraft>& profile_schema() {
  static const Keys schema = [] {
    Keys keys;
    keys.let_tables_be_set();
    add_about(keys);
    add_path(keys, "between_nodes", &Profile::between_nodes, &ProfileDraft::between_spread);
    add_path(keys, "within_node", &Profile::within_node, &ProfileDraft::within_spread);
    add_detours(keys);
    add_collectives(keys);
    return keys;
  }();
  return schema;
}

bool is_profile_key(const std::string& path) { return profile_schema().find(path) != nullptr; }

std::string profile_reference() { return profile_schema().reference(); }

}  // namespace haloscope
