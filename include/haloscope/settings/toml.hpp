// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file toml_input.hpp
/// Inside the case room and the profile room: TOML as users write it, in a file or after --set, and how a mistake in it
/// is told. No MPI.
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "haloscope/settings/toml_library.hpp"

namespace haloscope {

/// @p text on one line of at most @p most bytes, cut between UTF-8 characters, control characters as spaces.
[[nodiscard]] std::string one_line(std::string text, std::size_t most = 80);

/// A value as the user wrote it, or nearly so; one line.
[[nodiscard]] std::string shown(const toml::node& node);

/// The bytes of a file. @p what is the kind of file that was asked for, "a case".
/// @throws UserError when it is none, a folder, unreadable or longer than 1 MiB
[[nodiscard]] std::string read_text(const std::string& path, const std::string& what);

/// @throws UserError `file:line:column: what is wrong`
[[nodiscard]] toml::table parse_toml(const std::string& text, const std::string& file);

/// `table.key=value` with the value in TOML or a bare word, which is a string.
struct Override {
  std::string path;
  toml::table holder;  ///< the value is its `value`
};
/// @throws UserError
[[nodiscard]] Override parse_override(const std::string& text);

/// The name nearest to @p path: by edit distance, a missing ending or a wrong table counting as one edit.
[[nodiscard]] std::string nearest_name(std::string_view path, const std::vector<std::string>& names);

/// @throws UserError that names the nearest of @p known.
[[noreturn]] void refuse_unknown(const std::string& file, const std::string& path,
                                 const std::vector<std::string>& known);

/// What the user named, and from where; needed to say what is wrong with it.
struct Origin {
  std::string file;
  std::set<std::string> given;       ///< paths of all keys set in the file or by --set
  std::set<std::string> overridden;  ///< paths, or whole tables, set by --set
  /// Whether --set gave @p path, or a table that holds it.
  [[nodiscard]] bool from_set(std::string_view path) const;
  /// Whether any key of @p table was set.
  [[nodiscard]] bool gives(const std::string& table) const;
  /// Throws the UserError `file:key: value: allowed`; the file reads "--set" for a key given there.
  [[noreturn]] void refuse(const std::string& path, const std::string& value, const std::string& allowed) const;
};

}  // namespace haloscope
