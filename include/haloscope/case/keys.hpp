// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file keys.hpp
/// The table of keys of a case: those that all problems share, and what each problem adds. It drives the reading of
/// files, the search for unknown keys, the effective JSON and the printed reference, cases/KEYS.md.
#include <array>
#include <string>
#include <string_view>

#include "haloscope/case/case.hpp"
#include "haloscope/settings/schema.hpp"

namespace haloscope {

/// Of all problems that set_problems() has named.
[[nodiscard]] const Schema<Case>& case_schema();

/// A field of Schema<Case>: @p member of what a case has of its problem's own.
template <class T, class Part>
auto own(T Part::*member) {
  return [member](auto& c, Place) -> auto& { return c.own.template of<Part>().*member; };
}

/// "grid" of "grid.cells".
[[nodiscard]] std::string table_of(std::string_view path);

/// What concerns more than one key. @throws UserError
void check_case(const Case& settings, const Origin& origin);

/// Refuses, repeating the value in force as the user would write it. @throws UserError
[[noreturn]] void refuse(const Origin& origin, const Case& settings, const std::string& path,
                         const std::string& allowed, std::size_t item = 0);

inline constexpr std::array<const char*, 3> axis_names = {"x", "y", "z"};

}  // namespace haloscope
