// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file case_rows.hpp
/// Inside the case room: how a row of the table of keys is made of a kind and the place of its value in a Case.
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "haloscope/case/keys.hpp"

namespace haloscope {

/// @p field gives a reference into the case it is given, const or not.
template <class T, class Field>
Key make_row(std::string path, std::string unit, const Kind<T>& kind, Field field, std::string required_for) {
  return {std::move(path),
          std::move(unit),
          kind.allowed,
          std::move(required_for),
          [read = kind.read, field](const toml::node& node, Case& c, std::size_t item) {
            std::optional<T> value = read(node);
            if (value) field(c, item) = std::move(*value);
            return value.has_value();
          },
          [write = kind.write, field](const Case& c, std::size_t item) { return write(field(c, item)); }};
}

template <class T>
Key row(std::string path, std::string unit, const Kind<T>& kind, T Case::*member, std::string required_for = "") {
  return make_row(
      std::move(path), std::move(unit), kind, [member](auto& c, std::size_t) -> auto& { return c.*member; },
      std::move(required_for));
}

template <class T, class Item>
Key row(std::string path, std::string unit, const Kind<T>& kind, std::vector<Item> Case::*list, T Item::*member,
        std::string required_for = "") {
  const auto field = [ list, member ](auto& c, std::size_t item) -> auto& { return (c.*list).at(item).*member; };
  return make_row(std::move(path), std::move(unit), kind, field, std::move(required_for));
}

/// Of one of the parts of a Case.
template <class T, class Part>
Key row(std::string path, std::string unit, const Kind<T>& kind, Part Case::*part, T Part::*member,
        std::string required_for = "") {
  const auto field = [ part, member ](auto& c, std::size_t) -> auto& { return c.*part.*member; };
  return make_row(std::move(path), std::move(unit), kind, field, std::move(required_for));
}

/// Of the items of a list that lies in TransportCase.
template <class T, class Item>
Key row(std::string path, std::string unit, const Kind<T>& kind, std::vector<Item> TransportCase::*list,
        T Item::*member, std::string required_for = "") {
  const auto field = [ list, member ](auto& c, std::size_t item) -> auto& {
    return (c.transport.*list).at(item).*member;
  };
  return make_row(std::move(path), std::move(unit), kind, field, std::move(required_for));
}

void add_transport_rows(std::vector<Key>& rows);
void add_control_rows(std::vector<Key>& rows);  ///< [option] and [allreduce]

}  // namespace haloscope
