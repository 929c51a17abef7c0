// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file kinds.hpp
/// The kinds of values that keys have. Each knows how to read itself from what toml.hpp makes of TOML, how to write
/// itself as JSON, and what to tell the user ("must be …").
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "haloscope/settings/toml.hpp"

namespace haloscope {

template <class T>
struct Kind {
  std::string allowed;
  std::function<std::optional<T>(const Json&)> read;
  std::function<Json(const T&)> write = [](const T& value) { return Json(value); };
};

inline Kind<double> number(std::string allowed, std::function<bool(double)> holds) {
  return {std::move(allowed), [holds = std::move(holds)](const Json& node) -> std::optional<double> {
            if (!node.is_number()) return {};
            const double value = node.get<double>();
            if (!std::isfinite(value) || !holds(value)) return {};
            return value;
          }};
}

inline Kind<double> any_number() {
  return number("a finite number", [](double) { return true; });
}
inline Kind<double> positive() {
  return number("a positive number", [](double x) { return x > 0; });
}
inline Kind<double> not_negative() {
  return number("a number of at least 0", [](double x) { return x >= 0; });
}
inline Kind<double> fraction() {
  return number("a number between 0 and 1, both excluded", [](double x) { return x > 0 && x < 1; });
}
inline Kind<double> positive_or_infinite() {
  return {"a positive number, or inf",
          [](const Json& node) -> std::optional<double> {
            if (!node.is_number()) return {};
            const double value = node.get<double>();
            if (!(value > 0)) return {};
            return value;
          },
          [](double value) { return std::isfinite(value) ? Json(value) : Json("inf"); }};
}

template <class T>
Kind<T> integer(T least, T most = std::numeric_limits<T>::max()) {
  const bool open = most == std::numeric_limits<T>::max();
  return {open ? fmt::format("an integer of at least {}", least) : fmt::format("an integer from {} to {}", least, most),
          [least, most](const Json& node) -> std::optional<T> {
            if (!node.is_number_integer()) return {};
            const std::int64_t value = node.get<std::int64_t>();
            if (value < least || value > most) return {};
            return static_cast<T>(value);
          }};
}

inline Kind<bool> boolean() {
  return {"true or false",
          [](const Json& node) { return node.is_boolean() ? std::optional(node.get<bool>()) : std::nullopt; }};
}

inline Kind<std::string> text(std::string allowed, std::function<bool(const std::string&)> holds) {
  return {std::move(allowed), [holds = std::move(holds)](const Json& node) -> std::optional<std::string> {
            if (!node.is_string()) return {};
            auto value = node.get<std::string>();
            if (!holds(value)) return {};
            return value;
          }};
}

inline Kind<std::string> any_text() {
  return text("a string", [](const std::string&) { return true; });
}
inline Kind<std::string> some_text() {
  return text("a string that is not empty", [](const std::string& s) { return !s.empty(); });
}
/// Becomes part of file or data set names.
inline Kind<std::string> identifier() {
  return text("a name of letters, digits, _ and -, at most 80", [](const std::string& s) {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !s.empty() && s.size() <= 80 && std::all_of(s.begin(), s.end(), allowed);
  });
}
template <class T>
Kind<T> one_of(std::vector<std::pair<std::string, T>> choices) {
  std::string allowed;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    allowed += fmt::format("{}\"{}\"", i == 0 ? "" : (i + 1 == choices.size() ? " or " : ", "), choices[i].first);
  }
  return {allowed,
          [choices](const Json& node) -> std::optional<T> {
            if (!node.is_string()) return {};
            for (const auto& [word, value] : choices) {
              if (node == word) return value;
            }
            return {};
          },
          [choices](const T& value) {
            const auto same = [&value](const auto& choice) { return choice.second == value; };
            return Json(std::find_if(choices.begin(), choices.end(), same)->first);
          }};
}

inline Kind<std::string> one_word_of(const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const std::string& word : words) choices.emplace_back(word, word);
  return one_of(std::move(choices));
}

/// A list of at least one, or a value alone.
template <class T>
Kind<std::vector<T>> list_of(const Kind<T>& kind) {
  return {"one or a list, each " + kind.allowed,
          [read = kind.read](const Json& node) -> std::optional<std::vector<T>> {
            std::vector<T> values;
            if (node.is_array()) {
              for (const Json& element : node) {
                const std::optional<T> value = read(element);
                if (!value) return {};
                values.push_back(*value);
              }
              if (values.empty()) return {};
              return values;
            }
            const std::optional<T> value = read(node);
            if (!value) return {};
            values.push_back(*value);
            return values;
          },
          [write = kind.write](const std::vector<T>& values) {
            Json list = Json::array();
            for (const T& value : values) list.push_back(write(value));
            return list;
          }};
}

}  // namespace haloscope
