// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file keys.hpp
/// The one table of keys. It drives parsing, the search for unknown keys, the effective JSON and
/// the test that holds cases/README.md to it. A new key is a row in the file of its problem, and a line in the README.
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "haloscope/case/case.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/settings/origin.hpp"
#include "haloscope/settings/toml.hpp"

namespace haloscope {

/// A row of the table. For arrays of tables, [[expect]] for instance, @p item says which of them is meant.
struct Key {
  std::string path;     ///< table.key
  std::string unit;     ///< empty where there is none
  std::string allowed;  ///< continues "must be …"
  bool required;        ///< in each case whose problem reads it, or in each item of a list
  std::function<bool(const Json&, Case&, std::size_t item)> read;  ///< false: not allowed, nothing is changed
  std::function<Json(const Case&, std::size_t item)> write;
};
[[nodiscard]] const std::vector<Key>& keys();
[[nodiscard]] std::string table_of(std::string_view path);

/// A list of items, each written as [[name]] in a file.
struct ArrayOfTables {
  std::string name;
  std::function<std::size_t(const Case&)> size;
  std::function<void(Case&)> append;  ///< an item of defaults
};
[[nodiscard]] const std::vector<ArrayOfTables>& arrays_of_tables();
[[nodiscard]] const ArrayOfTables* array_of_tables(std::string_view table);  ///< null: it is no array

/// The paths of all keys.
[[nodiscard]] const std::vector<std::string>& key_paths();

/// What concerns more than one key. @throws UserError
void check_case(const Case& settings, const Origin& origin);

/// Refuses, repeating the value in force as the user would write it. @throws UserError
[[noreturn]] void refuse(const Origin& origin, const Case& settings, const std::string& path,
                         const std::string& allowed, std::size_t item = 0);

inline constexpr std::array<const char*, 3> axis_names = {"x", "y", "z"};

}  // namespace haloscope
