// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/problem.hpp"
#include "haloscope/network/profile.hpp"
#include "haloscope/settings/toml.hpp"

namespace haloscope {

namespace {

bool is_table(std::string_view name) {
  return std::any_of(keys().begin(), keys().end(), [&](const Key& key) { return table_of(key.path) == name; });
}

// --- overrides -------------------------------------------------------------------------------------------------------

/// Puts `table.key=value` into @p root.
void apply_override(Json& root, const std::string& whole, Origin& origin) {
  auto [path, value] = parse_override(whole);
  const std::string table = table_of(path);
  const bool known = std::ranges::count(keys(), path, &Key::path) > 0;
  if (array_of_tables(path) != nullptr || (known && array_of_tables(table) != nullptr)) {
    if (known) throw UserError(fmt::format("--set:{}: must be set as a whole, as {}=[…]", path, table));
  } else if (!known) {
    if (is_profile_key(path))
      throw UserError(fmt::format("--set:{}: a key of the network, not of the case: --set-network", path));
    refuse_unknown("--set", path, key_paths());
  }
  origin.overridden.insert(path);
  if (array_of_tables(path) != nullptr) {
    root[path] = std::move(value);
    return;
  }
  if (!root.contains(table)) root[table] = Json::object();
  Json& into = root[table];
  if (!into.is_object()) origin.refuse(table, shown(into), "must be a table");
  into[path.substr(table.size() + 1)] = std::move(value);
}

// --- reading ---------------------------------------------------------------------------------------------------------

/// Reads the keys of one [table], or of one element of an array of tables.
void read_table(const Json& table, const std::string& name, Case& settings, std::size_t item, Origin& origin) {
  for (const auto& [key_name, node] : sorted(table)) {
    const std::string path = name + "." + key_name;
    const auto key = std::find_if(keys().begin(), keys().end(), [&path](const Key& k) { return k.path == path; });
    if (key == keys().end())
      refuse_unknown(origin.overridden.contains(name) ? "--set" : origin.file, path, key_paths());
    if (!key->read(*node, settings, item)) origin.refuse(path, shown(*node), "must be " + key->allowed);
    origin.given.insert(path);
  }
  if (array_of_tables(name) == nullptr) return;
  for (const Key& key : keys()) {  // of the other tables, check_case asks once all is read
    const bool needed = key.required && table_of(key.path) == name;
    if (needed && !table.contains(key.path.substr(name.size() + 1))) {
      origin.refuse(key.path, "missing", "must be " + key.allowed);
    }
  }
}

void read_array(const Json& node, const ArrayOfTables& array, Case& settings, Origin& origin) {
  const std::string& name = array.name;
  if (!node.is_array()) origin.refuse(name, shown(node), fmt::format("must be an array of tables, [[{}]]", name));
  for (std::size_t item = 0; item < node.size(); ++item) {
    const Json& table = node[item];
    if (!table.is_object()) origin.refuse(name, shown(table), fmt::format("must be a table, [[{}]]", name));
    array.append(settings);
    read_table(table, name, settings, item, origin);
  }
}

void read_root(const Json& root, Case& settings, Origin& origin) {
  for (const auto& [name, node] : sorted(root)) {
    if (!is_table(name)) {
      const bool bare = !node->is_object() || node->empty();
      refuse_unknown(origin.file, bare ? name : name + "." + sorted(*node).front().first, key_paths());
    }
    if (const ArrayOfTables* const array = array_of_tables(name)) {
      read_array(*node, *array, settings, origin);
    } else if (node->is_object()) {
      read_table(*node, name, settings, 0, origin);
    } else {
      origin.refuse(name, shown(*node), fmt::format("must be a table, [{}]", name));
    }
  }
}

std::string effective_json(const Case& settings) {
  Json json = Json::object();
  for (const Key& key : keys()) {
    const std::string table = table_of(key.path), name = key.path.substr(table.size() + 1);
    const ArrayOfTables* const array = array_of_tables(table);
    if (array == nullptr) {
      json[table][name] = key.write(settings, 0);
      continue;
    }
    Json& list = json[table];
    const std::size_t items = array->size(settings);
    if (list.is_null()) list = Json::array();
    for (std::size_t item = 0; item < items; ++item) {
      if (list.size() <= item) list.push_back(Json::object());
      list[item][name] = key.write(settings, item);
    }
  }
  return json.dump();
}

}  // namespace

Case parse_case(const std::string& text, const std::string& file, const std::vector<std::string>& overrides) {
  Json root = parse_toml(text, file);
  Case settings;
  Origin origin{file, {}, {}};
  for (const std::string& override_text : overrides) apply_override(root, override_text, origin);
  read_root(root, settings, origin);
  check_case(settings, origin);
  settings.file = file;
  settings.text = text;
  settings.effective = effective_json(settings);
  return settings;
}

std::vector<CaseKey> case_keys() {
  Case defaults;
  for (const ArrayOfTables& array : arrays_of_tables()) array.append(defaults);
  std::vector<CaseKey> result;
  for (const Key& key : keys()) {
    std::string value = key.required ? "required" : key.write(defaults, 0).dump();
    if (value == "\"inf\"") value = "inf";  // JSON has no infinity, TOML does
    if (value == "null") value = "left out";
    result.push_back({key.path, key.unit, key.allowed, value});
  }
  return result;
}

std::vector<std::string> expectable_quantities() {
  std::vector<std::string> names;
  for (const Problem* const problem : problems())
    for (const Quantity& quantity : problem->quantities)
      if (std::ranges::find(names, quantity.name) == names.end()) names.push_back(quantity.name);
  for (const Problem* const problem : problems())
    for (const NamedQuantity& quantity : problem->named_quantities)
      names.push_back(quantity.prefix + quantity.placeholder);
  return names;
}

}  // namespace haloscope
