// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file rows.hpp
/// How a row of the table of keys is made of a kind and the place of its value in a Case.
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "haloscope/case/keys.hpp"

namespace haloscope {

inline constexpr bool required = true;  ///< for the last argument of a row

/// @p field gives a reference into the case it is given, const or not.
template <class T, class Field>
Key make_row(std::string path, std::string unit, const Kind<T>& kind, Field field, bool must = false) {
  return {std::move(path),
          std::move(unit),
          kind.allowed,
          must,
          [read = kind.read, field](const Json& node, Case& c, std::size_t item) {
            std::optional<T> value = read(node);
            if (value) field(c, item) = std::move(*value);
            return value.has_value();
          },
          [write = kind.write, field](const Case& c, std::size_t item) { return write(field(c, item)); }};
}

/// @p member of the case, or of what it has of its problem's own.
template <class T, class Part>
Key row(std::string path, std::string unit, const Kind<T>& kind, T Part::*member, bool must = false) {
  const auto field = [member](auto& c, std::size_t) -> auto& {
    if constexpr (std::is_same_v<Part, Case>)
      return c.*member;
    else
      return c.own.template of<Part>().*member;
  };
  return make_row(std::move(path), std::move(unit), kind, field, must);
}

template <class T, class Item>
Key row(std::string path, std::string unit, const Kind<T>& kind, std::vector<Item> Case::*list, T Item::*member,
        bool must = false) {
  const auto field = [ list, member ](auto& c, std::size_t item) -> auto& { return (c.*list).at(item).*member; };
  return make_row(std::move(path), std::move(unit), kind, field, must);
}

/// Of one of the parts of a Case.
template <class T, class Part>
Key row(std::string path, std::string unit, const Kind<T>& kind, Part Case::*part, T Part::*member, bool must = false) {
  const auto field = [ part, member ](auto& c, std::size_t) -> auto& { return c.*part.*member; };
  return make_row(std::move(path), std::move(unit), kind, field, must);
}

/// Of the items of a list that lies in TransportCase.
template <class T, class Item>
Key row(std::string path, std::string unit, const Kind<T>& kind, std::vector<Item> TransportCase::*list,
        T Item::*member, bool must = false) {
  const auto field = [ list, member ](auto& c, std::size_t item) -> auto& {
    return (c.transport.*list).at(item).*member;
  };
  return make_row(std::move(path), std::move(unit), kind, field, must);
}

}  // namespace haloscope
