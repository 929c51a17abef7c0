// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file case_keys.hpp
/// Inside the case room: the one table of keys. It drives parsing, the search for unknown keys, the effective JSON and
/// the test that holds cases/README.md to it. A new key is a new row in case_keys*.cpp, and a line in the README.
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "case/kinds.hpp"
#include "haloscope/case/case.hpp"
#include "haloscope/settings/toml.hpp"
#include "haloscope/settings/toml_library.hpp"

namespace haloscope {

/// A row of the table. For arrays of tables, [[expect]] for instance, @p item says which of them is meant.
struct Key {
  std::string path;          ///< table.key
  std::string unit;          ///< empty where there is none
  std::string allowed;       ///< continues "must be …"
  std::string required_for;  ///< names of problems; empty for an optional key
  std::function<bool(const toml::node&, Case&, std::size_t item)> read;  ///< false: not allowed, nothing is changed
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
/// … of a case of problem transport.
void check_transport(const Case& settings, const Origin& origin);

/// Refuses, repeating the value in force as the user would write it. @throws UserError
[[noreturn]] void refuse(const Origin& origin, const Case& settings, const std::string& path,
                         const std::string& allowed, std::size_t item = 0);

inline constexpr std::array<const char*, 3> axis_names = {"x", "y", "z"};

/// The quantities that an expectation may name in a problem.
struct Quantity {
  std::string name;
  Problem problem;
  bool at_times;  ///< recorded every step, so that it can be compared at times
  bool random;    ///< an estimate, which has a standard error
};
[[nodiscard]] const std::vector<Quantity>& quantities();

/// … and those of which there is one for each item of an array of tables: "profile:NAME".
struct NamedQuantity {
  std::string prefix;  ///< with the colon
  Problem problem;
  std::string array;        ///< whose items have a key `name` …
  std::string placeholder;  ///< … which texts call so
  bool at_places;           ///< has to be compared at places along a line, else it is one number
  bool random;
};
[[nodiscard]] const std::vector<NamedQuantity>& named_quantities();

}  // namespace haloscope
