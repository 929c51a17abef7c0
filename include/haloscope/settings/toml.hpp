// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file toml.hpp
/// TOML as users write it, in a file or after --set, read into JSON: toml++ costs ten seconds of compiling, so that
/// only toml.cpp sees it.
///
/// What JSON lacks is kept: infinities and NaN are floats like others, dates and times are binaries that hold their
/// text. Tables are sorted by key, so the first mistake of a file is the same one whatever the order of its lines.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace haloscope {

using Json = nlohmann::ordered_json;

/// @throws UserError `file:line:column: what is wrong`
[[nodiscard]] Json parse_toml(const std::string& text, const std::string& file);

/// The two parts of `table.key=value`; the value is TOML, or a bare word, which is a string. @throws UserError
[[nodiscard]] std::pair<std::string, Json> parse_override(const std::string& text);
/// The first of them.
[[nodiscard]] std::string path_of_override(const std::string& text);

/// The entries of a table, sorted by key; it must outlive them.
[[nodiscard]] std::vector<std::pair<std::string, const Json*>> sorted(const Json& table);

/// A value as the user wrote it, or nearly so; one line.
[[nodiscard]] std::string shown(const Json& value);

/// @p value as TOML.
[[nodiscard]] std::string toml_of(const Json& value);
[[nodiscard]] std::string toml_of(const std::string& text);

/// @p value for readers of JSON: infinities, NaN, dates and times become strings.
[[nodiscard]] Json strict_json(const Json& value);

}  // namespace haloscope
