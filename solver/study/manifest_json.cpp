// SPDX-License-Identifier: BSD-3-Clause
#include "study/manifest_json.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "haloscope/base/build_info.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/settings/toml.hpp"

namespace haloscope {

namespace {

Json settings_json(const std::vector<std::string>& settings) {
  Json object = Json::object();
  for (const std::string& text : settings) {
    const auto [path, value] = parse_override(text);
    object[path] = strict_json(value);
  }
  return object;
}

Json number_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

/// With [run]'s answer where the value says nothing, so that a reader need not know the rule.
Json value_json(const StudyValue& value, const StudyValue& base) {
  const auto either = [](const auto& mine, const auto& theirs) {
    return mine == std::remove_cvref_t<decltype(mine)>{} ? theirs : mine;
  };
  return {{"label", value.label},
          {"x", number_or_null(value.x)},
          {"case", either(value.case_name, base.case_name)},
          {"network", either(value.network, base.network)},
          {"clock", either(value.clock, base.clock)},
          {"without", either(value.without, base.without)},
          {"ranks_per_node", either(value.ranks_per_node, base.ranks_per_node)},
          {"set", settings_json(value.set)},
          {"set_network", settings_json(value.set_network)}};
}

Json variables_json(const Study& study) {
  Json all = Json::array();
  for (const StudyVariable& variable : study.variables) {
    Json values = Json::array();
    for (const StudyValue& value : variable.values) values.push_back(value_json(value, study.base));
    all.push_back({{"name", variable.name}, {"unit", variable.unit}, {"axis", variable.axis}, {"values", values}});
  }
  return all;
}

Json run_json(const Study& study, const ManifestRun& entry) {
  Json labels = Json::object(), x = Json::object();
  for (std::size_t v = 0; v < study.variables.size(); ++v) {
    const StudyVariable& variable = study.variables[v];
    const StudyValue& value = variable.values[entry.run.choice[v]];
    labels[variable.name] = value.label;
    x[variable.name] = number_or_null(value.x);
  }
  return {{"id", entry.run.id},
          {"labels", labels},
          {"x", x},
          {"case", study.cases[entry.run.of_case].name},
          {"scaling", name(entry.run.scaling)},
          {"ranks", entry.run.ranks},
          {"repeat", entry.run.repeat},
          {"clock", entry.run.clock},
          {"seed", entry.run.network.seed},
          {"state", name(entry.state)},
          {"reason", entry.reason},
          {"file", "runs/" + entry.run.id + ".h5"},
          {"log", "runs/" + entry.run.id + ".log"},
          {"command", entry.command},
          {"hosts", entry.hosts},
          {"started_utc", entry.started_utc},
          {"seconds", entry.seconds},
          {"job", entry.job},
          {"attempt", entry.attempt}};
}

std::string names_of_cases(const Study& study) {
  std::string names;
  for (const StudyCase& of : study.cases) names += (names.empty() ? "" : ", ") + of.name;
  return names;
}

/// What @p word says of all runs, or "mixed".
template <class Word>
std::string of_all(const std::vector<ManifestRun>& runs, Word word) {
  const std::string first = runs.empty() ? "" : word(runs.front().run);
  for (const ManifestRun& entry : runs)
    if (word(entry.run) != first) return "mixed";
  return first;
}

}  // namespace

std::string write_manifest_json(const Study& study, const ManifestText& head, const std::vector<ManifestRun>& runs) {
  Json json = {{"schema", "haloscope-study"},
               {"schema_version", 1},
               {"about", {{"name", study.name}, {"question", study.question}, {"text", study.about_text}}},
               {"case", names_of_cases(study)},
               {"scaling", of_all(runs, [](const StudyRun& run) { return name(run.scaling); })},
               {"ranks", study.ranks},
               {"repeats", study.repeats},
               {"seed", study.seed},
               {"clock", of_all(runs, [](const StudyRun& run) { return run.clock; })},
               {"set", settings_json(study.base.set)},
               {"launcher", head.launcher},
               {"matrix_hash", head.hash},
               {"haloscope_version", build_info::version},
               {"git_commit", build_info::git_commit},
               {"created_utc", head.created_utc},
               {"variables", variables_json(study)},
               {"runs", Json::array()}};
  for (const ManifestRun& entry : runs) json["runs"].push_back(run_json(study, entry));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";  // a log's bytes may be no UTF-8
}

ManifestText read_manifest_json(const std::string& text, const std::string& path) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != "haloscope-study") throw UserError(path + ": is not the manifest of a study");
    if (json.at("schema_version") != 1)
      throw UserError(fmt::format("{}: has schema version {}; this program reads version 1", path,
                                  json.at("schema_version").dump()));
    ManifestText was{
        json.at("about").at("name"), json.at("matrix_hash"), json.at("launcher"), json.at("created_utc"), {}};
    for (const Json& one : json.at("runs")) {
      ManifestRun& entry = was.runs.emplace_back();
      entry.run.id = one.at("id");
      for (int state = 0; state <= static_cast<int>(RunState::invalid); ++state)
        if (one.at("state") == name(static_cast<RunState>(state))) entry.state = static_cast<RunState>(state);
      entry.reason = one.at("reason");
      entry.command = one.at("command").get<std::vector<std::string>>();
      entry.hosts = one.at("hosts").get<std::vector<std::string>>();
      entry.started_utc = one.at("started_utc");
      entry.seconds = one.at("seconds");
      entry.job = one.at("job");
      entry.attempt = one.at("attempt");
    }
    return was;
  } catch (const nlohmann::json::exception&) {
    throw UserError(path + ": is not the manifest of a study, or damaged");
  }
}

void apply_manifest(const ManifestText& was, std::vector<ManifestRun>& runs) {
  std::map<std::string, const ManifestRun*> by_id;
  for (const ManifestRun& entry : was.runs) by_id[entry.run.id] = &entry;
  for (ManifestRun& entry : runs) {
    const auto found = by_id.find(entry.run.id);
    if (found == by_id.end()) continue;
    const StudyRun run = entry.run;
    entry = *found->second;
    entry.run = run;
  }
}

}  // namespace haloscope
