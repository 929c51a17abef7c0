// SPDX-License-Identifier: BSD-3-Clause
#include "study/settings.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "haloscope/settings/toml.hpp"

namespace haloscope {

namespace {

nlohmann::ordered_json json_of(const toml::node& node) {
  using Json = nlohmann::ordered_json;
  if (const toml::array* const list = node.as_array()) {
    Json json = Json::array();
    for (const toml::node& one : *list) json.push_back(json_of(one));
    return json;
  }
  if (const toml::table* const table = node.as_table()) {
    Json json = Json::object();
    for (const auto& [key, value] : *table) json[std::string(key.str())] = json_of(value);
    return json;
  }
  if (node.is_string()) return *node.value<std::string>();
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_integer()) return *node.value<std::int64_t>();
  if (node.is_floating_point() && std::isfinite(*node.value<double>())) return *node.value<double>();
  return shown(node);  // inf, nan and dates, which JSON has not
}

}  // namespace

std::pair<std::string, std::string> setting_as_json(const std::string& text) {
  const Override setting = parse_override(text);
  return {setting.path, json_of(*setting.holder.get("value")).dump()};
}

}  // namespace haloscope
