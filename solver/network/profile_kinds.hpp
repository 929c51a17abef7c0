// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file profile_kinds.hpp
/// Inside the profile's file: the kinds of values that only profiles have.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "haloscope/network/profile.hpp"
#include "haloscope/network/rounds.hpp"
#include "haloscope/settings/kinds.hpp"
#include "network/profile_keys.hpp"

namespace haloscope {

inline constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

inline Kind<double> microseconds() {
  return number("a number from 0 to 1e9", [](double x) { return x >= 0 && x <= most_us; });
}

inline Kind<std::vector<double>> numbers() {
  return {"a list of at least 2 numbers from 0 to 1e9", [](const Json& node) -> std::optional<std::vector<double>> {
            if (!node.is_array() || node.size() < 2) return {};
            std::vector<double> values;
            for (const Json& element : node) {
              if (!element.is_number()) return {};
              const auto value = element.get<double>();
              if (!(value >= 0 && value <= most_us)) return {};
              values.push_back(value == 0 ? 0.0 : value);  // not -0
            }
            return values;
          }};
}

inline Kind<double> bandwidth() {
  Kind<double> kind = positive_or_infinite();
  kind.allowed = "a number of at least 1e-6, or inf";
  kind.read = [read = kind.read](const Json& node) {
    const std::optional<double> value = read(node);
    return value && *value >= 1e-6 ? value : std::nullopt;
  };
  kind.write = [](double value) { return Json(value); };
  return kind;
}

inline Kind<std::int64_t> bytes() {
  return {"an integer of at least 0, or inf",
          [](const Json& node) -> std::optional<std::int64_t> {
            if (node.is_number_float() && node.get<double>() == std::numeric_limits<double>::infinity())
              return unlimited;
            if (!node.is_number_integer() || node.get<std::int64_t>() < 0) return {};
            return node.get<std::int64_t>();
          },
          [](std::int64_t value) {
            return value == unlimited ? Json(std::numeric_limits<double>::infinity()) : Json(value);
          }};
}

inline Kind<std::vector<std::int64_t>> sizes() {
  Kind<std::vector<std::int64_t>> kind = list_of(integer<std::int64_t>(1));
  kind.allowed = "a list of at least 2 integers, each at least 1";
  kind.read = [read = kind.read](const Json& node) -> std::optional<std::vector<std::int64_t>> {
    if (!node.is_array() || node.size() < 2) return {};
    return read(node);
  };
  return kind;
}

inline Kind<double> within(double least, double most) {
  return number(fmt::format("a number between {} and {}, both excluded", least, most),
                [least, most](double x) { return x > least && x < most; });
}

/// One algorithm, or several by size: the algorithms that there are for @p collective.
inline Kind<std::vector<AlgorithmChoice>> choices(interconnect::Collective collective) {
  using interconnect::Algorithm;
  std::string names;
  for (int i = 0; i <= static_cast<int>(Algorithm::offload); ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    if (!offers(collective, algorithm)) continue;
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name(algorithm));
  }
  const auto read_one = [collective](const Json& node) -> std::optional<AlgorithmChoice> {
    if (!node.is_object() || !node.contains("algorithm") || !node["algorithm"].is_string()) return {};
    AlgorithmChoice choice{unlimited, node["algorithm"].get<std::string>()};
    const auto algorithm = interconnect::find_algorithm(choice.algorithm);
    if (!algorithm || !offers(collective, *algorithm)) return {};
    if (node.contains("up_to_bytes")) {
      const std::optional<std::int64_t> value = bytes().read(node["up_to_bytes"]);
      if (!value) return {};
      choice.up_to_bytes = *value;
    }
    if (node.size() != (node.contains("up_to_bytes") ? 2U : 1U)) return {};
    return choice;
  };
  return {fmt::format("a list of {{up_to_bytes = N, algorithm = NAME}}, sizes rising, the last without a size, of {}",
                      names),
          [read_one](const Json& node) -> std::optional<std::vector<AlgorithmChoice>> {
            if (!node.is_array() || node.empty()) return {};
            std::vector<AlgorithmChoice> all;
            for (const Json& element : node) {
              std::optional<AlgorithmChoice> choice = read_one(element);
              if (!choice || (!all.empty() && choice->up_to_bytes <= all.back().up_to_bytes)) return {};
              all.push_back(std::move(*choice));
            }
            if (all.back().up_to_bytes != unlimited) return {};
            return all;
          },
          [](const std::vector<AlgorithmChoice>& all) {
            Json list = Json::array();
            for (const AlgorithmChoice& choice : all)
              list.push_back({{"up_to_bytes", bytes().write(choice.up_to_bytes)}, {"algorithm", choice.algorithm}});
            return list;
          }};
}

}  // namespace haloscope
