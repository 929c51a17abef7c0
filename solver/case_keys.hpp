// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file case_keys.hpp
/// Inside the case room: the one table of keys. It drives parsing, the search for unknown keys, the effective JSON and
/// the test that holds cases/README.md to it. A new key is a new row in case_keys.cpp, and a line in the README.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "case_kinds.hpp"
#include "haloscope/case.hpp"
#include "toml_input.hpp"
#include "toml_library.hpp"

namespace haloscope {

/// A row of the table. For the arrays of tables, [[profile]] and [[expect]], @p item says which of them is meant.
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

/// The arrays of tables, [[expect]] and [[profile]].
[[nodiscard]] bool is_array_of_tables(std::string_view table);

/// The paths of all keys.
[[nodiscard]] const std::vector<std::string>& key_paths();

/// What concerns more than one key. @throws UserError
void check_case(const Case& settings, const Origin& origin);

/// The quantities that an expectation may name in a problem; profiles, "profile:NAME", come on top.
struct Quantity {
  std::string name;
  Problem problem;
  bool at_times;  ///< recorded every step, so that it can be compared at times
};
[[nodiscard]] const std::vector<Quantity>& quantities();

}  // namespace haloscope
