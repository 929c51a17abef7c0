// SPDX-License-Identifier: BSD-3-Clause
#include "study/keys.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "haloscope/settings/kinds.hpp"

namespace haloscope {

namespace {

constexpr int most_ranks = 1 << 24;

/// For people and for file names: one line.
Kind<std::string> label() {
  return text("one line of 1 to 80 bytes", [](const std::string& s) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return !s.empty() && s.size() <= 80 && std::ranges::none_of(s, control);
  });
}

/// As list_of(), and may be empty.
Kind<std::vector<std::string>> settings() {
  return {"a list of \"table.key=value\"", [](const Json& node) -> std::optional<std::vector<std::string>> {
            if (!node.is_array()) return {};
            std::vector<std::string> all;
            for (const Json& one : node) {
              if (!one.is_string()) return {};
              all.push_back(one.get<std::string>());
              if (all.back().find('=') == std::string::npos || all.back().find('\n') != std::string::npos) return {};
            }
            return all;
          }};
}

Kind<std::vector<int>> rank_counts() {
  Kind<std::vector<int>> kind = list_of(integer<int>(1, most_ranks));
  kind.allowed += ", none twice";
  kind.read = [read = kind.read](const Json& node) -> std::optional<std::vector<int>> {
    const std::optional<std::vector<int>> ranks = read(node);
    if (!ranks) return {};
    std::vector<int> sorted = *ranks;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) return {};
    return ranks;
  };
  return kind;
}

/// What both [run] and a value of a variable may say; @p value gives the StudyValue.
template <class Value>
void add_value(Schema<Study>& keys, Value value, bool of_run) {
  const auto of = [value](auto member) {
    return [ value, member ](auto& study, Place place) -> auto& { return value(study, place).*member; };
  };
  const auto meaning = [of_run](const char* text) { return of_run ? text : "as in `[run]`"; };
  keys.add("case", some_text(), of(&StudyValue::case_name))
      .defaults_to("")
      .means(meaning("a case by name, or its file; required, unless all values of a variable say one"));
  keys.add_optional(
          "scaling", one_of<Scaling>({{"strong", Scaling::strong}, {"weak", Scaling::weak}}),
          [value](const Study& study, Place place) -> const Scaling* {
            const std::optional<Scaling>& scaling = value(study, place).scaling;
            return scaling ? &*scaling : nullptr;
          },
          of(&StudyValue::scaling))
      .defaults_to(of_run ? "\"strong\"" : "")
      .means(
          meaning("`strong`: the case's grid on all rank counts. `weak`: that grid is the box of one rank, see below"));
  keys.add("network", some_text(), of(&StudyValue::network))
      .defaults_to("")
      .means(
          meaning("a profile of `haloscope networks`, or a file; \"native\" or left out: the network that is there"));
  keys.add("clock", one_word_of({"virtual", "real", "native"}), of(&StudyValue::clock))
      .defaults_to("")
      .means(meaning("on a modelled network: `virtual` unless said otherwise"));
  keys.add("without", some_text(), of(&StudyValue::without))
      .defaults_to("")
      .means(meaning("parts of the network to switch off, as `--without`"));
  keys.add("ranks_per_node", integer<int>(1, most_ranks), of(&StudyValue::ranks_per_node))
      .defaults_to("")
      .means(meaning("ranks that share a modelled node; of a native run under Slurm, a real one"));
  keys.add("set", settings(), of(&StudyValue::set)).means(meaning("changes of the case"));
  keys.add("set_network", settings(), of(&StudyValue::set_network)).means(meaning("changes of the profile"));
}

void add_about(Schema<Study>& keys) {
  keys.table("about", "What the study is.");
  keys.add("name", identifier(), &Study::name).needed().means("how it is called");
  keys.add("question", some_text(), &Study::question).needed().means("what it answers");
  keys.add("text", any_text(), &Study::about_text).means("one sentence for people");
}

void add_run(Schema<Study>& keys) {
  keys.table(
      "run",
      "What all runs have in common. Names with a folder or `.toml` count from where the study lies, then from the "
      "working directory.");
  keys.add("ranks", rank_counts(), &Study::ranks).needed().means("rank counts; speed-up needs 1");
  keys.add("repeats", integer<int>(1, 1000), &Study::repeats)
      .means("of every setting. Repeat r has the seed `seed` + r - 1");
  keys.add("steps", integer<std::int64_t>(0), &Study::steps).means("most steps of a run; 0: the case's");
  keys.add("warmup_steps", integer<std::int64_t>(0), &Study::warmup_steps)
      .defaults_to("")
      .means("the first steps, left out of medians; left out: the case's");
  keys.add("time_limit_s", positive(), &Study::time_limit_s)
      .in("s")
      .means(
          "of a run, from its start to its end. Then the run is told to stop; ten seconds later it is killed with all "
          "it started, and counts as failed. For Slurm it is the walltime, in whole minutes");
  keys.add("estimate_core_s", positive(), &Study::estimate_core_s)
      .in("s")
      .defaults_to("")
      .means(
          "what a run on one rank takes, as the author found: core-seconds, for `--dry-run`. The same on all ranks in "
          "a "
          "strong study, times the ranks in a weak one");
  keys.add("seed", integer<std::int64_t>(0, std::numeric_limits<std::int64_t>::max() / 2), &Study::seed)
      .means("of the order, and of the first repeat");
  keys.add("compute", some_text(), &Study::compute)
      .means(
          "what computing takes in virtual time: \"model\", \"cpu\", a name in `cases/compute` or a file, as "
          "`haloscope run --compute`. The model repeats to the bit and does not suffer from ranks that share a core");
  add_value(
      keys, [](auto& study, Place) -> auto& { return study.base; }, true);
}

void add_variables(Schema<Study>& keys) {
  const auto value = [](auto& study, Place place) -> auto& {
    return study.variables.at(place.item).values.at(place.inner);
  };
  keys.array(
          "variable",
          "What is varied, a table for each variable: the runs are the product of all variables, rank counts and "
          "repeats. What a value says goes before `[run]`; its `set` and `set_network` come after those of `[run]`.\n\n"
          "A variable whose values have cases of their own compares programs. What one of them needs stands in its "
          "`set` (`run.steps`, too), and the report draws all of them on the same axes.",
          &Study::variables)
      .not_empty();
  keys.add("name", label(), each(&Study::variables, &StudyVariable::name)).needed().means("what is varied");
  keys.add("unit", any_text(), each(&Study::variables, &StudyVariable::unit)).means("of `x`");
  keys.add("axis", one_word_of({"", "added_latency_us", "jitter"}), each(&Study::variables, &StudyVariable::axis))
      .means("makes it a ladder that the report draws over `x`");

  keys.array(
          "variable.values", "",
          [](auto& study, Place place) -> auto& { return study.variables.at(place.item).values; })
      .not_empty("a list of tables, [{label = \"…\", …}, …]")
      .left_out();
  const auto of = [value](auto member) {
    return [ value, member ](auto& study, Place place) -> auto& { return value(study, place).*member; };
  };
  keys.add("label", label(), of(&StudyValue::label)).needed().means("in tables and figures; none twice");
  keys.add_optional(
          "x", any_number(),
          [value](const Study& study, Place place) -> const double* {
            const std::optional<double>& x = value(study, place).x;
            return x ? &*x : nullptr;
          },
          of(&StudyValue::x))
      .means("where it stands on the axis; required with `axis`");
  add_value(keys, value, false);
}

}  // namespace

const Schema<Study>& study_schema() {
  static const Schema<Study> schema = [] {
    Schema<Study> keys;
    add_about(keys);
    add_run(keys);
    add_variables(keys);
    return keys;
  }();
  return schema;
}

std::string study_reference() { return study_schema().reference(); }

}  // namespace haloscope
