// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/settings/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "haloscope/base/errors.hpp"
#include "haloscope/settings/origin.hpp"

// Without its assertions: some of them fire on a mistake in the text ("[.a]"), which is an error to be told.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

namespace haloscope {

namespace {

template <class T>
std::string text_of(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

Json json_of(const toml::node& node) {
  return node.visit([](const auto& value) -> Json {
    using T = std::remove_cvref_t<decltype(value)>;
    if constexpr (toml::is_table<T>) {
      Json json = Json::object();
      for (const auto& [key, inner] : value) json[std::string(key.str())] = json_of(inner);
      return json;
    } else if constexpr (toml::is_array<T>) {
      Json json = Json::array();
      for (const toml::node& inner : value) json.push_back(json_of(inner));
      return json;
    } else if constexpr (toml::is_date<T> || toml::is_time<T> || toml::is_date_time<T>) {
      const std::string text = text_of(value);
      return Json::binary({text.begin(), text.end()});
    } else {
      return Json(value.get());
    }
  });
}

std::string date_of(const Json& value) { return {value.get_binary().begin(), value.get_binary().end()}; }

std::unique_ptr<toml::node> node_of(const Json& value) {
  const auto make = [](auto inner) -> std::unique_ptr<toml::node> {
    return std::make_unique<toml::value<decltype(inner)>>(std::move(inner));
  };
  if (value.is_object()) {
    auto table = std::make_unique<toml::table>();
    for (const auto& [key, inner] : value.items()) {
      std::unique_ptr<toml::node> node = node_of(inner);
      if (toml::table* const below = node->as_table()) below->is_inline(true);
      table->insert_or_assign(key, std::move(*node));
    }
    return table;
  }
  if (value.is_array()) {
    auto list = std::make_unique<toml::array>();
    for (const Json& inner : value) list->push_back(std::move(*node_of(inner)));
    return list;
  }
  if (value.is_string()) return make(value.get<std::string>());
  if (value.is_boolean()) return make(value.get<bool>());
  if (value.is_number_integer()) return make(value.get<std::int64_t>());
  if (value.is_number_float()) return make(value.get<double>());
  std::unique_ptr<toml::node> date;
  toml::parse("date = " + date_of(value)).get("date")->visit([&date](auto& node) {
    date = std::make_unique<std::remove_cvref_t<decltype(node)>>(std::move(node));
  });
  return date;
}

/// The value of an override: TOML, or a bare word.
Json parse_override_value(const std::string& value, const std::string& whole) {
  const auto word_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  const bool begins_as_word = !value.empty() && word_letter(value[0]) && !(value[0] >= '0' && value[0] <= '9') &&
                              value[0] != '-' && value[0] != '.';
  const bool reserved = value == "true" || value == "false" || value == "inf" || value == "nan";
  if (begins_as_word && !reserved && std::all_of(value.begin(), value.end(), word_letter)) return value;
  try {
    const toml::table parsed = toml::parse("value = " + value);
    if (parsed.size() == 1 && value.find('\n') == std::string::npos) return json_of(*parsed.get("value"));
  } catch (const toml::parse_error&) {
  }
  throw UserError(fmt::format("--set:{}: the value must be TOML or a bare word", one_line(whole)));
}

}  // namespace

std::vector<std::pair<std::string, const Json*>> sorted(const Json& table) {
  std::vector<std::pair<std::string, const Json*>> entries;
  for (const auto& [key, value] : table.items()) entries.emplace_back(key, &value);
  std::ranges::sort(entries);
  return entries;
}

std::string shown(const Json& value) {
  std::string text;
  node_of(value)->visit([&text](const auto& node) { text = text_of(node); });
  std::string line = one_line(std::move(text), std::string::npos);
  const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
  line.erase(std::unique(line.begin(), line.end(), both_spaces), line.end());  // long lists come indented
  return one_line(line);
}

std::string toml_of(const Json& value) {
  if (value.is_number_float() && std::isinf(value.get<double>())) return "inf";
  if (value.is_structured() && !value.empty() && (value.is_object() || value.front().is_object())) {
    std::string text;
    for (const auto& [key, inner] : value.items())
      text += fmt::format("{}{}{}", text.empty() ? "" : ", ", value.is_object() ? key + " = " : "", toml_of(inner));
    return value.is_object() ? "{" + text + "}" : "[" + text + "]";
  }
  // JSON is TOML but for infinity, DEL and tables.
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = text.find('\x7f'); at != std::string::npos; at = text.find('\x7f', at))
    text.replace(at, 1, "\\u007F");
  return text;
}

std::string toml_of(const std::string& text) { return toml_of(Json(text)); }

Json strict_json(const Json& value) {
  if (value.is_structured()) {
    Json all = value;
    for (Json& inner : all) inner = strict_json(inner);
    return all;
  }
  const bool lacking = value.is_binary() || (value.is_number_float() && !std::isfinite(value.get<double>()));
  return lacking ? Json(shown(value)) : value;
}

Json parse_toml(const std::string& text, const std::string& file) {
  try {
    return json_of(toml::parse(std::string_view(text), std::string_view(file)));
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    throw UserError(
        fmt::format("{}:{}:{}: {}", file, at.line, at.column, one_line(std::string(error.description()), 300)));
  }
}

std::pair<std::string, Json> parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  const auto trimmed = [](const std::string& s) {
    const std::size_t begin = s.find_first_not_of(" \t"), end = s.find_last_not_of(" \t");
    return begin == std::string::npos ? std::string() : s.substr(begin, end - begin + 1);
  };
  const std::string path = trimmed(text.substr(0, equals));
  if (equals == std::string::npos || path.empty()) {
    throw UserError(fmt::format("--set:{}: must be written table.key=value", one_line(text)));
  }
  return {path, parse_override_value(trimmed(text.substr(equals + 1)), text)};
}

std::string path_of_override(const std::string& text) { return parse_override(text).first; }

}  // namespace haloscope
