// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/study/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/shipped.hpp"
#include "study/keys.hpp"

namespace haloscope {

namespace fs = std::filesystem;

namespace {

void check_names(const Study& study) {
  std::set<std::string> names;
  for (const StudyVariable& variable : study.variables) {
    if (!names.insert(variable.name).second)
      throw UserError(fmt::format("{}:variable.name: {}: is there twice", study.file, variable.name));
    std::set<std::string> labels;
    for (const StudyValue& value : variable.values) {
      if (!labels.insert(value.label).second)
        throw UserError(
            fmt::format("{}:variable.values.label: {}: is there twice in {}", study.file, value.label, variable.name));
      if (!variable.axis.empty() && !value.x)
        throw UserError(
            fmt::format("{}:variable.values.x: missing in {}: {}: must be a finite number where "
                        "variable.axis is given",
                        study.file, variable.name, value.label));
    }
  }
}

/// A name with a folder counts from where the study lies.
std::string beside(const std::string& study_file, const std::string& name) {
  const fs::path there = fs::path(study_file).parent_path() / name;
  std::error_code ignored;
  const bool is_file = name.find('/') != std::string::npos || name.ends_with(".toml");
  return is_file && fs::path(name).is_relative() && fs::exists(there, ignored)
             ? fs::absolute(there).lexically_normal().string()
             : name;
}

/// @p key is where the name stands.
StudyCase case_named(const Study& study, const std::string& name, const char* key) {
  std::error_code ignored;
  const std::string path = fs::absolute(find_settings(beside(study.file, name), "cases")).lexically_normal();
  if (!fs::is_regular_file(path, ignored)) {
    std::vector<std::string> shipped;
    for (const auto& entry : fs::directory_iterator(find_shipped("cases"), ignored))
      if (entry.path().extension() == ".toml") shipped.push_back(entry.path().stem());
    throw UserError(fmt::format("{}:{}: {}: no such file or case{}", study.file, key, one_line(name),
                                shipped.empty() ? "" : "; the nearest is " + nearest_name(name, shipped)));
  }
  return {name, path, read_text(path, "a case")};
}

/// Every case that is named, of which each run must have one.
void find_cases(Study& study) {
  const auto find = [&study](const std::string& name, const char* key) {
    if (!name.empty() && std::ranges::find(study.cases, name, &StudyCase::name) == study.cases.end())
      study.cases.push_back(case_named(study, name, key));
  };
  find(study.base.case_name, "run.case");
  bool said = !study.base.case_name.empty();
  for (const StudyVariable& variable : study.variables) {
    for (const StudyValue& value : variable.values) find(value.case_name, "variable.values.case");
    const auto silent = std::ranges::find(variable.values, "", &StudyValue::case_name);
    if (silent == variable.values.end())
      said = true;
    else if (!said && !study.cases.empty())
      throw UserError(
          fmt::format("{}:variable.values.case: missing in {}: {}: must be said by all values of {}, or by "
                      "run.case for the others",
                      study.file, variable.name, silent->label, variable.name));
  }
  if (!said) throw UserError(fmt::format("{}:run.case: missing: must be a string that is not empty", study.file));
}

}  // namespace

Study parse_study(const std::string& text, const std::string& file) {
  Study study;
  study.file = file;
  study.text = text;
  Origin origin{file, {}, {}};
  study_schema().parse(text, {}, study, origin);
  study_schema().require_keys(origin);
  check_names(study);
  if (!study.base.scaling) study.base.scaling = Scaling::strong;
  find_cases(study);
  study.base.network = beside(file, study.base.network);
  study.compute = beside(file, study.compute);
  for (StudyVariable& variable : study.variables)
    for (StudyValue& value : variable.values) value.network = beside(file, value.network);
  return study;
}

std::string find_study(const std::string& name) { return find_settings(name, "cases/studies"); }

Study read_study(const std::string& name) {
  const std::string path = find_study(name);
  return parse_study(read_text(path, "a study"), path);
}

}  // namespace haloscope
