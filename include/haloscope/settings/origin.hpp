// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file origin.hpp
/// Where the user's settings came from, and how a mistake in them is told. No MPI.
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace haloscope {

/// @p text on one line of at most @p most bytes, cut between UTF-8 characters, control characters as spaces.
[[nodiscard]] std::string one_line(std::string text, std::size_t most = 80);

/// The bytes of a file. @p what is the kind of file that was asked for, "a case".
/// @throws UserError when it is none, a folder, unreadable or longer than 1 MiB
[[nodiscard]] std::string read_text(const std::string& path, const std::string& what);

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
