// SPDX-License-Identifier: BSD-3-Clause
#include "study/keys.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "haloscope/settings/kinds.hpp"

namespace haloscope {

namespace {

constexpr int most_ranks = 1 << 24;

/// @p field gives a reference into the study.
template <class T, class Field>
StudyKey row(std::string path, const Kind<T>& kind, std::string default_value, Field field) {
  return {std::move(path), kind.allowed, std::move(default_value),
          [read = kind.read, field](const toml::node& node, Study& study, StudyPlace place) {
            std::optional<T> value = read(node);
            if (value) field(study, place) = std::move(*value);
            return value.has_value();
          }};
}

/// For people and for file names: one line.
Kind<std::string> label() {
  return text("one line of 1 to 80 bytes", [](const std::string& s) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return !s.empty() && s.size() <= 80 && std::ranges::none_of(s, control);
  });
}

/// As list_of(), and may be empty.
Kind<std::vector<std::string>> settings() {
  return {"a list of \"table.key=value\"", [](const toml::node& node) -> std::optional<std::vector<std::string>> {
            const toml::array* const list = node.as_array();
            if (list == nullptr) return {};
            std::vector<std::string> all;
            for (const toml::node& one : *list) {
              const std::optional<std::string> word = one.value<std::string>();
              if (!one.is_string() || word->find('=') == std::string::npos || word->find('\n') != std::string::npos)
                return {};
              all.push_back(*word);
            }
            return all;
          }};
}

Kind<std::vector<int>> rank_counts() {
  Kind<std::vector<int>> kind = list_of(integer<int>(1, most_ranks));
  kind.allowed += ", none twice";
  kind.read = [read = kind.read](const toml::node& node) -> std::optional<std::vector<int>> {
    const std::optional<std::vector<int>> ranks = read(node);
    if (!ranks) return {};
    std::vector<int> sorted = *ranks;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) return {};
    return ranks;
  };
  return kind;
}

/// What both [run] and a value of a variable may say; @p value gives the StudyValue, @p scaling the default's text.
template <class Value>
void add_value_rows(std::vector<StudyKey>& rows, const std::string& table, const char* scaling, Value value) {
  const auto add = [&](const char* key, const auto& kind, const char* default_value, auto member) {
    rows.push_back(row(
        table + "." + key, kind, default_value,
        [ value, member ](Study & s, StudyPlace p) -> auto& { return value(s, p).*member; }));
  };
  add("case", some_text(), "", &StudyValue::case_name);
  rows.push_back(row(
      table + ".scaling", one_of<Scaling>({{"strong", Scaling::strong}, {"weak", Scaling::weak}}),
      scaling, [value](Study & s, StudyPlace p) -> auto& { return value(s, p).scaling; }));
  add("network", some_text(), "", &StudyValue::network);
  add("clock", one_word_of({"virtual", "real", "native"}), "", &StudyValue::clock);
  add("without", some_text(), "", &StudyValue::without);
  add("ranks_per_node", integer<int>(1, most_ranks), "", &StudyValue::ranks_per_node);
  add("set", settings(), "[]", &StudyValue::set);
  add("set_network", settings(), "[]", &StudyValue::set_network);
}

std::vector<StudyKey> make_table() {
  std::vector<StudyKey> rows;
  const auto add = [&rows](const char* path, const auto& kind, const char* default_value, auto member) {
    rows.push_back(row(
        path, kind, default_value, [member](Study & s, StudyPlace) -> auto& { return s.*member; }));
  };
  add("about.name", identifier(), "required", &Study::name);
  add("about.question", some_text(), "required", &Study::question);
  add("about.text", any_text(), "\"\"", &Study::about_text);

  add("run.ranks", rank_counts(), "required", &Study::ranks);
  add("run.repeats", integer<int>(1, 1000), "3", &Study::repeats);
  add("run.steps", integer<std::int64_t>(0), "0", &Study::steps);
  add("run.warmup_steps", integer<std::int64_t>(0), "", &Study::warmup_steps);
  add("run.time_limit_s", positive(), "600.0", &Study::time_limit_s);
  add("run.estimate_core_s", positive(), "", &Study::estimate_core_s);
  add("run.seed", integer<std::int64_t>(0, std::numeric_limits<std::int64_t>::max() / 2), "1", &Study::seed);
  add("run.compute", some_text(), "\"model\"", &Study::compute);
  add_value_rows(rows, "run", "\"strong\"", [](Study& s, StudyPlace) -> StudyValue& { return s.base; });

  const auto variable = [](Study& s, StudyPlace p) -> StudyVariable& { return s.variables.at(p.variable); };
  const auto value = [](Study& s, StudyPlace p) -> StudyValue& {
    return s.variables.at(p.variable).values.at(p.value);
  };
  const auto of = [](auto get, auto member) {
    return [ get, member ](Study & s, StudyPlace p) -> auto& { return get(s, p).*member; };
  };
  rows.push_back(row("variable.name", label(), "required", of(variable, &StudyVariable::name)));
  rows.push_back(row("variable.unit", any_text(), "\"\"", of(variable, &StudyVariable::unit)));
  rows.push_back(row("variable.axis", one_word_of({"", "added_latency_us", "jitter"}), "\"\"",
                     of(variable, &StudyVariable::axis)));
  rows.push_back(row("variable.values.label", label(), "required", of(value, &StudyValue::label)));
  rows.push_back(row("variable.values.x", any_number(), "", of(value, &StudyValue::x)));
  add_value_rows(rows, "variable.values", "", value);
  return rows;
}

}  // namespace

const std::vector<StudyKey>& study_key_table() {
  static const std::vector<StudyKey> table = make_table();
  return table;
}

std::vector<StudyKeyText> study_keys() {
  std::vector<StudyKeyText> all;
  for (const StudyKey& key : study_key_table()) all.push_back({key.path, key.allowed, key.default_value});
  return all;
}

}  // namespace haloscope
